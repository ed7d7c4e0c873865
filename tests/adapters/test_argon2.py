"""Password hashes: what they hold, what they cost, and what happens when too many are asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from idp.adapters.argon2 import ArgonHasher, check_settings
from idp.errors import Busy, ConfigurationError
from idp.ports import PasswordHasher
from tests.support.ports import SeededEntropy

WEAKEST = {"time_cost": 3, "memory_kib": 12 * 1024, "parallelism": 1}


@pytest.fixture(scope="module")
def hasher() -> Iterator[PasswordHasher]:
    hasher = ArgonHasher(SeededEntropy(), **WEAKEST)
    yield hasher
    hasher.close()


async def test_a_hash_opens_for_its_password_only(hasher: PasswordHasher) -> None:
    phc = await hasher.hash("Correct-Horse-9")
    assert phc.startswith("$argon2id$v=19$m=12288,t=3,p=1$")
    assert await hasher.verify(phc, "Correct-Horse-9")
    assert not await hasher.verify(phc, "correct-horse-9")
    assert await hasher.hash("Correct-Horse-9") != phc


@pytest.mark.parametrize("phc", ["", "plain", "$argon2id$v=19$broken", "$2b$12$abcdefghijklmnopqrstuv"])
async def test_no_password_matches_what_is_no_argon2_hash(hasher: PasswordHasher, phc: str) -> None:
    assert not await hasher.verify(phc, "plain")


async def test_lg01_nobody_costs_a_full_hash_and_never_matches() -> None:
    """An unknown user must not answer faster. The cost is seen in the queue, not by a stopwatch: nobody takes up a thread too."""
    hasher = ArgonHasher(SeededEntropy(), **WEAKEST, threads=1, queue=0)
    try:
        nobody = asyncio.ensure_future(hasher.verify(None, ""))
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await hasher.hash("Correct-Horse-9")
        assert await nobody is False
    finally:
        hasher.close()


async def test_f16_beyond_the_queue_there_is_an_answer_at_once_and_room_again_afterwards() -> None:
    hasher = ArgonHasher(SeededEntropy(), **WEAKEST, threads=1, queue=2)
    try:
        asked = [asyncio.ensure_future(hasher.hash(f"password {number}")) for number in range(6)]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        assert [isinstance(outcome, Busy) for outcome in outcomes] == [False, False, False, True, True, True]
        assert await hasher.verify(await hasher.hash("again"), "again")
    finally:
        hasher.close()


async def test_whoever_stops_waiting_gives_the_place_back() -> None:
    hasher = ArgonHasher(SeededEntropy(), **WEAKEST, threads=1, queue=1)
    try:
        for _ in range(5):
            running, waiting = (asyncio.ensure_future(hasher.hash("password")) for _ in range(2))
            await asyncio.sleep(0)
            waiting.cancel()
            await running
        assert await hasher.hash("password")
    finally:
        hasher.close()


async def test_other_parameters_are_outdated(hasher: PasswordHasher) -> None:
    assert not hasher.is_outdated(await hasher.hash("password"))
    stronger = ArgonHasher(SeededEntropy(), time_cost=3, memory_kib=13 * 1024, parallelism=1)
    assert stronger.is_outdated(await hasher.hash("password"))
    assert stronger.is_outdated("$2b$12$abcdefghijklmnopqrstuv")
    stronger.close()


@pytest.mark.parametrize(
    ("time_cost", "mib", "is_enough"),
    [
        (1, 46, True),
        (1, 45, False),
        (2, 19, True),
        (2, 18, False),
        (3, 12, True),
        (3, 11, False),
        (4, 12, True),
        (9, 11, False),
    ],
)
def test_weak_settings_are_refused_with_the_key_and_the_mend(time_cost: int, mib: int, is_enough: bool) -> None:
    if is_enough:
        check_settings(time_cost, mib * 1024, 1)
        return
    with pytest.raises(ConfigurationError, match=r"passwords\.argon2_memory_kib .* Set it to \d+ or more"):
        ArgonHasher(SeededEntropy(), time_cost=time_cost, memory_kib=mib * 1024, parallelism=1)


@pytest.mark.parametrize(("time_cost", "parallelism"), [(0, 1), (3, 0), (3, 65)])
def test_impossible_settings_are_refused(time_cost: int, parallelism: int) -> None:
    with pytest.raises(ConfigurationError, match=r"passwords\.argon2_"):
        check_settings(time_cost, 64 * 1024, parallelism)
