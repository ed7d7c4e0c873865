"""SQLite that is locked or full: writes get a quick 503, reads go on, nothing is half-written, and it mends itself
(SECURITY-CASES F11, F12, F14)."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.faults.mortal import mortal_house
from tests.flows.journeys import sign_in
from tests.support.dump import changes, dump
from tests.support.house import House, running_house
from tests.support.page import Submission
from tests.support.relying_party import RelyingParty, SignedIn, TokenRefused

LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""


@asynccontextmanager
async def locked(database: Path) -> AsyncIterator[None]:
    """Another process writes to the database, for as long as the block lasts."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LOCK, str(database), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"locked\n"
    try:
        yield
    finally:
        await process.communicate(b"")  # which closes its input; without a value Python 3.11 would not


async def authorize(house: House, portal: RelyingParty) -> httpx2.Response:
    return await house.person().send(Submission("GET", (await portal.begin()).url), "none")


async def assert_reads_go_on(house: House, portal: RelyingParty, signed_in: SignedIn) -> None:
    assert await portal.userinfo(signed_in)
    assert (await portal.introspect(signed_in.access_token))["active"] is True
    jwks = (await portal.discover())["jwks_uri"]
    assert (await portal.http.get(jwks)).status_code == 200


async def assert_writes_are_refused(house: House, portal: RelyingParty, signed_in: SignedIn) -> None:
    """Pages and machines at once: 503 with the time to come back, in seconds and not in minutes."""
    started = time.monotonic()
    page, refused = await asyncio.gather(authorize(house, portal), portal.refresh(signed_in), return_exceptions=True)
    assert isinstance(page, httpx2.Response)
    assert page.status_code == 503
    assert int(page.headers["retry-after"]) > 0
    assert 'id="error-page"' in page.text
    assert isinstance(refused, TokenRefused)
    assert refused.status == 503
    assert "retry-after" in refused.headers
    assert time.monotonic() - started < 15


@pytest.mark.slow
async def test_F11_F12_a_lock_of_another_process_is_a_quick_503_and_reads_go_on(tmp_path: Path) -> None:
    async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path) as house:
        portal, person = house.portal("inbound"), house.person()
        signed_in = await sign_in(portal, person, "dana")
        before = await dump(house.runtime.store)
        async with locked(tmp_path / "idp.db"):
            await assert_reads_go_on(house, portal, signed_in)
            await assert_writes_are_refused(house, portal, signed_in)
            assert changes(before, await dump(house.runtime.store)) <= {
                "outbox.state", "outbox.done_at", "outbox.message_sealed", "outbox.attempts", "outbox.next_attempt_at",
            }  # fmt: skip
        assert (await portal.refresh(signed_in)).sub == signed_in.sub
        assert (await sign_in(portal, house.person(), "dana")).sub == signed_in.sub


@contextmanager
def no_more_space(pid: int) -> Iterator[None]:
    """No file of this process may grow: what a full disk is to it, without the rights to make one."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.slow
async def test_F14_a_full_disk_refuses_writes_and_mends_itself(tmp_path: Path) -> None:
    async with mortal_house(f"sqlite:///{tmp_path}/idp.db", tmp_path) as mortal:
        house = mortal.house
        portal = house.portal("inbound")
        signed_in = await sign_in(portal, house.person(), "dana")
        with no_more_space(mortal.pid):
            await assert_reads_go_on(house, portal, signed_in)
            await assert_writes_are_refused(house, portal, signed_in)
        assert (await portal.refresh(signed_in)).sub == signed_in.sub
        assert (await sign_in(portal, house.person(), "dana")).sub == signed_in.sub
        await mortal.kill()
        with sqlite3.connect(tmp_path / "idp.db") as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
