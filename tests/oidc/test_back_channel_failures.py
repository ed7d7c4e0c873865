"""Back-channel logout when the portal does not answer: nobody waits, and it is told again for a while (SECURITY-CASES LO09)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from idp.domain.audit import Actor
from idp.domain.delivery import Channel
from idp.services import outbox as worker
from idp.services.session_control import RevokeSessions, revoke_sessions
from idp.services.sessions import end_sessions
from idp.storage.tables import outbox
from tests.flows.journeys import sign_in
from tests.oidc.visits import Visit
from tests.support.certificates import loopback_certificate
from tests.support.house import House
from tests.support.http_server import Answer
from tests.support.logouts import PATIENCE_SECONDS, LogoutListener


@pytest.fixture(autouse=True)
def distinct_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause between attempts is as long as a lease, so that a row tells which of the two it waits for."""
    monkeypatch.setattr(worker, "LEASE_SECONDS", 77)


async def until(house: House, holds: Callable[[Any], bool]) -> Any:
    """The one logout message in the outbox, once this is true of it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        await house.deliver()
        async with house.runtime.store.reader() as connection:
            rows = (await connection.execute(select(outbox).where(outbox.c.channel == Channel.LOGOUT.value))).all()
        assert len(rows) == 1
        if holds(rows[0]):
            return rows[0]
        assert time.monotonic() < deadline, f"still {rows[0].state} after {rows[0].attempts} attempts"
        await asyncio.sleep(0.02)


async def failure(house: House, attempt: int, pause: int) -> str:
    """Why this attempt failed, once it has and the next one is set for `pause` seconds later."""
    later = house.clock.now() + pause
    row = await until(house, lambda row: row.attempts == attempt and row.next_attempt_at == later)
    assert row.state == "queued"
    return str(row.last_error)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(500), "http 500"),
        (Answer(400), "http 400"),
        (Answer(302, location="/elsewhere"), "http 302"),
        (None, "broke off"),
    ],
)
async def test_LO09_a_failure_is_tried_again_for_a_while_and_then_reported(
    visit: Visit, answer: Answer | None, error: str
) -> None:
    house, listener = visit.house, visit.listener
    listener.answer = lambda: answer
    await visit.signs_out()
    for attempt, pause in enumerate((5, 15, 60, 300, 900, 900), 1):
        assert error in await failure(house, attempt, pause)
        assert len(listener.calls) == attempt
        house.clock.advance(pause)
    house.clock.advance(2 * 3600)
    await until(house, lambda row: row.state == "abandoned")
    async with house.runtime.store.read() as uow:
        [(_, event)] = await uow.audit.list(client_id="listening", limit=1)
    assert event.event.value == "logout.failed"
    assert "outbox.retry" in house.log
    assert "outbox.abandoned" in house.log


async def test_LO09_a_portal_that_comes_back_is_told_late(visit: Visit) -> None:
    answers: list[Answer | None] = [Answer(503), None]
    visit.listener.answer = lambda: answers.pop(0) if answers else Answer(204)
    await visit.signs_out()
    for attempt, pause in ((1, 5), (2, 15)):
        assert await failure(visit.house, attempt, pause)
        visit.house.clock.advance(pause)
    await visit.listener.wait_for(visit.house, 3)
    await until(visit.house, lambda row: row.state == "sent")
    assert len(visit.listener.calls) == 3


async def test_LO09_a_certificate_that_nobody_vouches_for_gets_no_token(served: House, tmp_path: Path) -> None:
    with LogoutListener(loopback_certificate(tmp_path)) as listener:
        portal, person = await served.client("listening", backchannel_logout_uri=listener.uri), served.person()
        signed_in = await sign_in(portal, person, "dana")
        await person.open(await portal.logout_url(signed_in))
        assert "no connection" in await failure(served, 1, 5)
        assert not listener.calls


async def test_LO09_one_silent_portal_holds_up_neither_mail_nor_another_portal(visit: Visit) -> None:
    """Its own lane, and after one failure it is left alone for a moment."""
    house = visit.house
    with LogoutListener() as other:
        portal, person = await house.client("other", backchannel_logout_uri=other.uri), house.person()
        signed_in = await sign_in(portal, person, "dana")
        visit.listener.answer = lambda: None
        await visit.signs_out()
        await visit.listener.wait_for(house, 1)
        await sign_in(visit.portal, visit.person, "dana")
        await house.run(revoke_sessions, RevokeSessions("dana"))
        assert (await other.hear(house, portal))["sid"] == signed_in.claims["sid"]
        assert len(visit.listener.calls) == 1  # not asked again so soon


async def test_a_private_address_is_not_called_and_nobody_waits_for_it(served: House) -> None:
    portal = await served.client("listening", backchannel_logout_uri="https://10.255.255.1/logout")
    person = served.person()
    signed_in = await sign_in(portal, person, "dana")
    await person.open(await portal.logout_url(signed_in))
    row = await until(served, lambda row: row.state == "abandoned")
    assert "outbound.allow_hosts" in row.last_error


class TurnedOut(Exception):
    pass


async def _ends_and_fails(house: House, user_id: str) -> None:
    async with house.runtime.store.write() as uow:
        await end_sessions(uow, house.runtime.ports, user_id, Actor())
        raise TurnedOut


async def test_what_is_rolled_back_is_told_to_nobody(visit: Visit) -> None:
    with pytest.raises(TurnedOut):
        await _ends_and_fails(visit.house, visit.signed_in.sub)
    assert await visit.listener.heard_nothing(visit.house)
    assert (await visit.portal.refresh(visit.signed_in)).sub == visit.signed_in.sub


async def test_no_token_stands_in_a_log(visit: Visit) -> None:
    visit.listener.answer = lambda: Answer(500)
    await visit.signs_out()
    await visit.is_told()
    assert "eyJ" not in visit.house.log
