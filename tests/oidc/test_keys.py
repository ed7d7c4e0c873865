"""Signing keys: made once, rotated without a gap, revoked for good, and tidy after a process died half-way."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from idp.adapters.key_files import KeyDirectory
from idp.adapters.sealing import SealingRing, new_key
from idp.domain.rules import DAY
from idp.errors import ConfigurationError, NotFound, WrongSealingKey
from idp.oidc.keys import KeyRing
from tests.support.ports import ManualClock, SeededEntropy

PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "k", "oth"}
ALGORITHMS = ("RS256", "ES256")


@pytest.fixture
def sealer() -> SealingRing:
    entropy = SeededEntropy(7)
    return SealingRing([new_key("a", entropy)], entropy)


async def open_ring(directory: Path, sealer: SealingRing, clock: ManualClock) -> KeyRing:
    return await KeyRing.open(KeyDirectory(directory), sealer, clock, rsa_bits=2048)


def files(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.jwk"))


def states(ring: KeyRing) -> list[tuple[str, str]]:
    return sorted((key.alg, key.state) for key in ring.list())


FRESH = [("ES256", "active"), ("ES256", "next"), ("RS256", "active"), ("RS256", "next")]


async def test_first_start_makes_an_active_and_a_next_key_of_each_algorithm(
    tmp_path: Path, sealer: SealingRing, clock: ManualClock
) -> None:
    ring = await open_ring(tmp_path / "keys", sealer, clock)
    again = await open_ring(tmp_path / "keys", sealer, clock)
    assert states(ring) == FRESH
    assert again.jwks() == ring.jwks()
    assert {alg: again.signing_key(alg).kid for alg in ALGORITHMS} == {
        alg: ring.signing_key(alg).kid for alg in ALGORITHMS
    }


async def test_DJ03_the_key_set_is_public_distinct_and_labelled(
    tmp_path: Path, sealer: SealingRing, clock: ManualClock
) -> None:
    ring = await open_ring(tmp_path, sealer, clock)
    await ring.rotate()
    keys = ring.jwks()["keys"]
    assert len({key["kid"] for key in keys}) == len(keys) == 6
    assert all(key["use"] == "sig" and key["alg"] in ALGORITHMS and key["kty"] in ("RSA", "EC") for key in keys)
    assert not any(PRIVATE_MEMBERS & key.keys() for key in keys)
    assert {"next", "active", "previous"} == {key.state for key in ring.list()}


async def test_private_parts_lie_sealed_and_only_for_their_owner(
    tmp_path: Path, sealer: SealingRing, clock: ManualClock
) -> None:
    await open_ring(tmp_path, sealer, clock)
    for file in files(tmp_path):
        assert file.stat().st_mode & 0o077 == 0
        assert not PRIVATE_MEMBERS & json.loads(file.read_text()).keys()
    entropy = SeededEntropy(8)
    with pytest.raises(WrongSealingKey):
        await open_ring(tmp_path, SealingRing([new_key("a", entropy)], entropy), clock)


async def test_rotation_moves_each_key_one_state_on_and_destroys_the_old_private_part(
    tmp_path: Path, sealer: SealingRing, clock: ManualClock
) -> None:
    ring = await open_ring(tmp_path, sealer, clock)
    was = {key.kid: key for key in ring.list()}
    clock.advance(60)
    assert await ring.rotate()
    now = {key.kid: key for key in ring.list()}
    moved = {"next": "active", "active": "previous"}
    assert {kid: now[kid].state for kid in was} == {kid: moved[key.state] for kid, key in was.items()}
    for alg in ALGORITHMS:
        assert was[ring.signing_key(alg).kid].state == "next"
    for key in now.values():
        content = json.loads((tmp_path / f"{key.kid}.{key.state}.jwk").read_text())
        assert ("sealed" in content) == (key.state != "previous")
        assert (key.retired_at == clock.now()) == (key.state == "previous")


async def test_a_running_ring_notices_a_rotation_by_another_process(
    tmp_path: Path, sealer: SealingRing, clock: ManualClock
) -> None:
    server = await open_ring(tmp_path, sealer, clock)
    command = await open_ring(tmp_path, sealer, clock)
    await server.refresh()
    await command.rotate()
    clock.advance(10)
    await server.refresh()
    assert server.jwks() == command.jwks()
    assert server.signing_key("ES256").kid == command.signing_key("ES256").kid


async def test_a_folder_that_cannot_be_read_for_a_while_stops_nobody(
    tmp_path: Path, sealer: SealingRing, clock: ManualClock
) -> None:
    ring = await open_ring(tmp_path / "keys", sealer, clock)
    before = ring.jwks()
    os.rename(tmp_path / "keys", tmp_path / "elsewhere")
    clock.advance(10)
    await ring.refresh()
    assert ring.signing_key("ES256").kid in {key["kid"] for key in before["keys"]}
    os.rename(tmp_path / "elsewhere", tmp_path / "keys")
    (tmp_path / "keys" / "stray.active.jwk").write_text("{")
    clock.advance(10)
    await ring.refresh()
    assert ring.jwks() == before


async def test_F32_replicas_that_rotate_together_rotate_once(
    tmp_path: Path, sealer: SealingRing, clock: ManualClock
) -> None:
    rings = [await open_ring(tmp_path, sealer, clock) for _ in range(4)]
    outcomes = await asyncio.gather(*(ring.rotate() for ring in rings))
    assert sorted(outcomes) == [False, False, False, True]
    assert len({ring.signing_key("RS256").kid for ring in rings}) == 1
    assert len(rings[0].list()) == 6


async def test_concurrent_first_starts_make_one_set_of_keys(
    tmp_path: Path, sealer: SealingRing, clock: ManualClock
) -> None:
    rings = await asyncio.gather(*(open_ring(tmp_path, sealer, clock) for _ in range(4)))
    assert len({json.dumps(ring.jwks()) for ring in rings}) == 1
    assert states(rings[0]) == FRESH


async def test_F33_a_revoked_key_is_gone_and_its_successor_signs(
    tmp_path: Path, sealer: SealingRing, clock: ManualClock
) -> None:
    ring = await open_ring(tmp_path, sealer, clock)
    bad, spare = ring.signing_key("ES256").kid, ring.signing_key("RS256").kid
    await ring.revoke(bad)
    assert bad not in json.dumps(ring.jwks())
    assert not [file for file in files(tmp_path) if file.name.startswith(bad)]
    assert ring.signing_key("ES256").kid != bad
    assert ring.signing_key("RS256").kid == spare
    assert states(ring) == FRESH
    with pytest.raises(NotFound):
        await ring.revoke(bad)


async def test_retired_keys_leave_after_a_month(tmp_path: Path, sealer: SealingRing, clock: ManualClock) -> None:
    ring = await open_ring(tmp_path, sealer, clock)
    await ring.rotate()
    old = {key.kid for key in ring.list() if key.state == "previous"}
    clock.advance(31 * DAY)
    await ring.rotate()
    assert not old & {key.kid for key in ring.list()}


@pytest.mark.parametrize(
    ("algorithms", "bits", "says"),
    [(("RS256", "HS256"), 2048, "HS256"), (("ES256",), 2048, "RS256"), (("RS256",), 1024, "2048")],
)
async def test_a_ring_of_weak_or_missing_algorithms_does_not_open(
    tmp_path: Path, sealer: SealingRing, clock: ManualClock, algorithms: tuple[str, ...], bits: int, says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says):
        await KeyRing.open(KeyDirectory(tmp_path), sealer, clock, algorithms=algorithms, rsa_bits=bits)


async def test_a_foreign_file_stops_the_start_and_is_named(
    tmp_path: Path, sealer: SealingRing, clock: ManualClock
) -> None:
    (tmp_path / "notes.active.jwk").write_text("{}")
    with pytest.raises(ConfigurationError, match=r"notes\.active\.jwk"):
        await open_ring(tmp_path, sealer, clock)


class DyingDirectory(KeyDirectory):
    """A folder whose process is killed at the n-th write or removal."""

    def __init__(self, directory: Path, lives: int) -> None:
        super().__init__(directory)
        self._lives = lives

    def write(self, name: str, content: bytes) -> None:
        self._spend()
        super().write(name, content)

    def remove(self, name: str) -> None:
        self._spend()
        super().remove(name)

    def _spend(self) -> None:
        self._lives -= 1
        if self._lives == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def rotate_and_die(directory: Path, sealer: SealingRing, lives: int) -> None:
    async def main() -> None:
        ring = await KeyRing.open(DyingDirectory(directory, lives), sealer, ManualClock(), rsa_bits=2048)
        await ring.rotate()

    asyncio.run(main())


async def test_F06_a_rotation_killed_at_any_point_leaves_one_active_key_and_loses_none_that_signed(
    tmp_path: Path, sealer: SealingRing, clock: ManualClock
) -> None:
    before = await open_ring(tmp_path, sealer, clock)
    signed = {before.signing_key(alg).kid for alg in ALGORITHMS}
    for lives in range(1, 40):
        process = multiprocessing.get_context("fork").Process(target=rotate_and_die, args=(tmp_path, sealer, lives))
        process.start()
        await asyncio.to_thread(process.join)
        after = await open_ring(tmp_path, sealer, clock)
        active = {alg: [k for k in after.list() if k.alg == alg and k.state == "active"] for alg in ALGORITHMS}
        assert all(len(keys) == 1 for keys in active.values())
        assert all(after.signing_key(alg).kid == keys[0].kid for alg, keys in active.items())
        assert all(sum(k.alg == alg and k.state == "next" for k in after.list()) == 1 for alg in ALGORITHMS)
        assert signed <= {key["kid"] for key in after.jwks()["keys"]}
        signed |= {keys[0].kid for keys in active.values()}
        if process.exitcode == 0:
            break
    else:
        pytest.fail("the rotation never finished")
    assert lives > 6
