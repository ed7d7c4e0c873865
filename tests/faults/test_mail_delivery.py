"""Mail while its server fails, through the real SMTP client: the page is the same and quick, one password is valid, and none is
sent too late (SECURITY-CASES F23, F24, F25, PW01)."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from tests.flows.journeys import CHOSEN, HOUR, MINUTE, ask_for_new_details, go_to
from tests.support.dump import dump
from tests.support.foundations import by_real_servers
from tests.support.house import House, running_house
from tests.support.network import free_port
from tests.support.ports import ManualClock
from tests.support.smtp_server import Behaviour, SmtpServer

DANA = "dana@demo.example"
PATIENCE_SECONDS = 15
FAILING = [b for b in Behaviour if b not in (Behaviour.ACCEPT, Behaviour.DROP_AT_QUIT)]


@asynccontextmanager
async def house_with(
    tmp_path: Path, server: SmtpServer | None, *, clock: ManualClock | None = None, **mail: Any
) -> AsyncIterator[House]:
    """A house that mails through this server; None: nobody answers there."""
    table: Mapping[str, Any] = {"transport": "smtp", "host": "127.0.0.1", "port": free_port(), "tls": "none"}
    if server is not None:
        table = by_real_servers(smtp=server)["mail"]
    url = f"sqlite:///{tmp_path}/idp.db"
    async with running_house(url, tmp_path, clock=clock, mail={**table, **mail}) as house:
        yield house


def to_dana(smtp: SmtpServer) -> list[EmailMessage]:
    return [message for message in smtp.messages if message["To"] == DANA]


def password_in(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    [found] = re.findall(r"^Password: (\S+)\r?$", part.get_content(), re.MULTILINE)
    return str(found)


async def mails(house: House) -> list[dict[str, Any]]:
    """The rows of mails to dana, the oldest first."""
    rows = (await dump(house.runtime.store))["outbox"].values()
    found = [dict(row) for row in rows if row["recipient"] == DANA and row["template"].startswith("forgotten")]
    return sorted(found, key=lambda row: (row["created_at"], row["next_attempt_at"]))


async def asked(house: House) -> list[dict[str, Any]]:
    """Asks for new details, and waits for what that is going to do: the page does not."""
    before = len(await mails(house))
    started = time.monotonic()
    page = await ask_for_new_details(house.person(), "dana")
    assert page.h1 == "Check your e-mail"
    assert time.monotonic() - started < 5
    await house.runtime.outbox.finish(10)
    found = await mails(house)
    assert len(found) == before + 1
    return found


async def settled(house: House, state: str) -> dict[str, Any]:
    """The newest mail once it is in this state: the server's own worker may be at it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        await house.deliver()
        [*_, row] = await mails(house)
        if row["state"] == state and (row["last_error"] or state != "queued"):
            return row
        assert time.monotonic() < deadline, f"{row['state']}: {row['last_error']}"
        await asyncio.sleep(0.02)


async def can_change_password_with(house: House, password: str) -> bool:
    journey = await go_to(house.portal("inbound"), house.person())
    await journey.give_password("dana", password)
    return journey.page.h1 == "Choose a new password"


async def test_F23_the_answer_is_the_same_and_quick_whatever_the_mail_server_does(
    tmp_path: Path, smtp: SmtpServer
) -> None:
    async with house_with(tmp_path, smtp, timeout_seconds=1) as house:
        pages = []
        for behaviour in FAILING:
            smtp.behaviour = behaviour
            for typed in ("dana", "nobody"):
                page = await ask_for_new_details(house.person(), typed)
                pages.append((page.status, page.html))
            house.clock.advance(HOUR)
        assert len(set(pages)) == 1
        assert not to_dana(smtp)


async def test_F23_a_mail_waits_for_its_server_and_is_sent_once(tmp_path: Path, smtp: SmtpServer) -> None:
    async with house_with(tmp_path, smtp, timeout_seconds=1) as house:
        for behaviour in (Behaviour.TRY_LATER, Behaviour.DROP, Behaviour.HANG):
            smtp.behaviour = behaviour
            before = len(to_dana(smtp))
            await asked(house)
            await settled(house, "queued")
            assert len(to_dana(smtp)) == before, behaviour
            smtp.behaviour = Behaviour.ACCEPT
            house.clock.advance(MINUTE)
            await settled(house, "sent")
            assert len(to_dana(smtp)) == before + 1, behaviour
            assert await can_change_password_with(house, password_in(to_dana(smtp)[-1]))
            house.clock.advance(HOUR)


async def test_F23_a_queued_mail_survives_a_restart_and_is_the_one_that_counts(
    tmp_path: Path, smtp: SmtpServer
) -> None:
    clock = ManualClock()
    async with house_with(tmp_path, None, clock=clock) as house:
        await asked(house)
        await asked(house)
        await settled(house, "queued")
    clock.advance(20 * MINUTE)
    async with house_with(tmp_path, smtp, clock=clock) as house:
        await asyncio.to_thread(smtp.wait_for, 3)  # and the welcome of somebody else
        passwords = [password_in(message) for message in to_dana(smtp)]
        assert len(set(passwords)) == len(passwords) == 2
        usable = [password for password in passwords if await can_change_password_with(house, password)]
        assert len(usable) == 1  # the newer one voids the earlier (PW05)


async def test_F23_no_mail_with_an_expired_password_is_sent(tmp_path: Path, smtp: SmtpServer) -> None:
    async with house_with(tmp_path, smtp) as house:
        smtp.behaviour = Behaviour.TRY_LATER
        await asked(house)
        for _ in range(4):
            house.clock.advance(14 * MINUTE)
            await house.deliver()
        smtp.behaviour = Behaviour.ACCEPT
        house.clock.advance(4 * MINUTE)
        row = await settled(house, "abandoned")
        assert row["message_sealed"] is None
        assert not to_dana(smtp)


async def test_F25_a_mail_that_is_refused_for_good_is_there_for_operators_to_see_without_its_secret(
    tmp_path: Path, smtp: SmtpServer
) -> None:
    async with house_with(tmp_path, smtp) as house:
        for behaviour in (Behaviour.REFUSE, Behaviour.REFUSE_CONTENT):
            smtp.behaviour = behaviour
            await asked(house)
            row = await settled(house, "abandoned")
            assert row["message_sealed"] is None, behaviour
            assert row["last_error"]
            events = [dict(e) for e in (await dump(house.runtime.store))["audit_events"].values()]
            [event] = [e for e in events if e["event"] == "delivery.failed" and row["id"] in e["details"]]
            assert "forgotten_temporary_password" in event["details"]
            assert "assword:" not in event["details"]
        smtp.behaviour = Behaviour.ACCEPT
        house.clock.advance(HOUR)
        await house.deliver()
        assert not to_dana(smtp)


async def test_F24_a_line_cut_after_the_mail_was_taken_sends_no_second_one(tmp_path: Path, smtp: SmtpServer) -> None:
    async with house_with(tmp_path, smtp) as house:
        smtp.behaviour = Behaviour.DROP_AT_QUIT
        await asked(house)
        await settled(house, "sent")
        house.clock.advance(10 * MINUTE)
        await house.deliver()
        assert len(to_dana(smtp)) == 1
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password("dana", password_in(to_dana(smtp)[0]))
        await journey.press(new_password=CHOSEN)
        assert (await journey.arrived()).amr == ["pwd"]


async def test_F23_a_mail_server_that_hangs_holds_up_neither_pages_nor_the_next_mail_for_ever(
    tmp_path: Path, smtp: SmtpServer
) -> None:
    async with house_with(tmp_path, smtp, timeout_seconds=1) as house:
        smtp.behaviour = Behaviour.HANG
        await asked(house)
        started = time.monotonic()
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password("rita")
        await journey.arrived()
        assert time.monotonic() - started < 5
        await settled(house, "queued")
        smtp.behaviour = Behaviour.ACCEPT
        house.clock.advance(MINUTE)
        await settled(house, "sent")
        assert len(to_dana(smtp)) == 1
