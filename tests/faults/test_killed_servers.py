"""`kill -9` in the middle of things, then a restart: what was answered lasts, what was not is all there or not at all
(SECURITY-CASES I1 to I7, F01, F02, F03, F04, F05, F24)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.faults.mortal import Mortal, mortal_house
from tests.flows.journeys import CHOSEN, Journey, app_code, ask_for_new_details, go_to, wrong
from tests.support.dump import Dump, dump
from tests.support.foundations import by_real_servers
from tests.support.postgres import PostgresCluster
from tests.support.relying_party import RelyingParty, SignedIn, TokenRefused
from tests.support.smtp_server import SmtpServer

pytestmark = pytest.mark.slow
LEASE_SECONDS = 60
AT_ONCE = 8


@pytest.fixture(params=["sqlite", "postgresql"])
async def mortal(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Mortal]:
    if request.param == "sqlite":
        async with mortal_house(f"sqlite:///{tmp_path}/idp.db", tmp_path) as found:
            yield found
        return
    cluster: PostgresCluster = request.getfixturevalue("postgres")
    url = cluster.create_database()
    async with mortal_house(url, tmp_path) as found:
        yield found
    cluster.drop_database(url)


async def dana_at_inbound(mortal: Mortal) -> Journey:
    journey = await go_to(mortal.house.portal("inbound"), mortal.house.person())
    await journey.give_password("dana")
    return journey


def redemption(journey: Journey) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": journey.attempt.code(journey.tab.arrival),
        "redirect_uri": journey.attempt.party.redirect_uri,
        "code_verifier": journey.attempt.verifier,
    }


async def killed_at_the_first_answer(mortal: Mortal, sent: list[asyncio.Task[Any]]) -> None:
    """Kills the server as soon as it has answered one of these; the others are anywhere between socket and commit."""
    await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
    await mortal.kill()
    await asyncio.gather(*sent, return_exceptions=True)


def outcome(task: asyncio.Task[Any]) -> Any:
    """What came back; None when the server died before it answered."""
    error = task.exception()
    if error is None:
        return task.result()
    assert isinstance(error, httpx2.TransportError), repr(error)
    return None


def grants(found: Dump) -> list[dict[str, Any]]:
    return [dict(row) for row in found["grants"].values()]


async def test_F01_F02_during_redemption_a_code_is_used_with_its_tokens_or_not_at_all(mortal: Mortal) -> None:
    house = mortal.house
    journeys = [await dana_at_inbound(mortal) for _ in range(AT_ONCE)]
    forms = [redemption(journey) for journey in journeys]
    for journey in journeys:
        await journey.attempt.party.discover()
    pairs = list(zip(journeys, forms, strict=True))
    sent = [asyncio.create_task(j.attempt.party.token(form)) for j, form in pairs]
    await killed_at_the_first_answer(mortal, sent)
    assert all(
        (row["code_used_at"] is None) == (row["generation"] == 0) for row in grants(await dump(house.runtime.store))
    )
    await mortal.restart()

    for (journey, form), task in zip(pairs, sent, strict=True):
        portal, answer = journey.attempt.party, outcome(task)
        if answer is not None:  # I3: what was answered lasts
            assert await portal.userinfo(await portal.read_tokens(answer))
            continue
        try:
            signed_in = await portal.read_tokens(await portal.token(form))
        except TokenRefused as refused:
            again: Exception | None = refused
        else:
            again = None
            assert await portal.userinfo(signed_in)
        assert again is None or "invalid_grant" in str(again)
    # I2: a code that was used without an answer was replayed just now, so nothing of it is live.
    answered = sum(outcome(task) is not None for task in sent)
    live = [row for row in grants(await dump(house.runtime.store)) if row["revoked_at"] is None]
    assert answered <= len(live) <= AT_ONCE
    assert (await (await go_to(house.portal("inbound"), journeys[0].person)).arrived()).sub  # I6


async def test_F02_a_refresh_without_an_answer_is_asked_again_and_stays_one_family(mortal: Mortal) -> None:
    portals: list[RelyingParty] = []
    before: list[SignedIn] = []
    for _ in range(AT_ONCE):
        journey = await dana_at_inbound(mortal)
        portals.append(journey.attempt.party)
        before.append(await journey.arrived())
    revoked = before.pop()
    await portals.pop().revoke(str(revoked.refresh_token))
    pairs = list(zip(portals, before, strict=True))
    sent = [asyncio.create_task(portal.refresh(signed_in)) for portal, signed_in in pairs]
    await killed_at_the_first_answer(mortal, sent)
    await mortal.restart()
    for (portal, signed_in), task in zip(pairs, sent, strict=True):
        answer = outcome(task)
        if answer is not None:
            assert (await portal.refresh(answer)).sub == signed_in.sub
            continue
        try:
            assert (await portal.refresh(signed_in)).sub == signed_in.sub
        except TokenRefused as refused:  # rotated before the kill, and asked for again after the grace
            late = refused
            assert late.error == "invalid_grant"
    with pytest.raises(TokenRefused, match="invalid_grant"):  # I4
        await portals[0].refresh(revoked)


async def test_F03_F05_a_change_of_proof_is_whole_or_has_not_happened(mortal: Mortal) -> None:
    house = mortal.house
    theo = await go_to(house.portal("inbound"), house.person())
    await theo.give_password("theo")
    key = theo.page.said("totp-secret")
    confirm = theo.tab.prepare("continue", code=app_code(key, house.clock.now()))
    mail = await house.mail_to("iris@demo.example")
    iris = await go_to(house.portal("inbound"), house.person())
    await iris.give_password("iris", mail.password)
    change = iris.tab.prepare("continue", new_password=CHOSEN)
    sent = [asyncio.create_task(theo.person.send(confirm)), asyncio.create_task(iris.person.send(change))]
    await killed_at_the_first_answer(mortal, sent)

    found = await dump(house.runtime.store)
    ids = {row["username"]: row["id"] for row in found["users"].values()}
    enrolled = ids["theo"] in {row["user_id"] for row in found["totp_credentials"].values()}
    pending = ids["theo"] in {row["user_id"] for row in found["totp_enrolments"].values()}
    assert enrolled != pending
    changed = ids["iris"] in {row["user_id"] for row in found["passwords"].values()}
    temporary = ids["iris"] in {row["user_id"] for row in found["temporary_passwords"].values()}
    assert changed != temporary
    for task, done in zip(sent, (enrolled, changed), strict=True):
        answer = outcome(task)
        assert done or answer is None or answer.status_code != 303  # I3
    await mortal.restart()

    house.clock.advance(30)
    again = await go_to(house.portal("inbound"), house.person())
    await again.give_password("theo")
    now_key = key if enrolled else again.page.said("totp-secret")
    await again.press(code=app_code(now_key, house.clock.now()))
    assert (await again.arrived()).amr == ["pwd", "otp", "mfa"]
    other = await go_to(house.portal("inbound"), house.person())
    await other.give_password("iris", CHOSEN if changed else mail.password)
    if not changed:
        await other.press(new_password=CHOSEN)
    assert (await other.arrived()).amr == ["pwd"]


async def test_F04_I5_counters_and_codes_are_what_they_were(mortal: Mortal) -> None:
    house = mortal.house
    right = app_code(await house.support_key(), house.clock.now())
    journey = await go_to(house.portal("inbound"), house.person())
    await journey.give_password("support")
    for _ in range(5):
        await journey.press(code=wrong(right))
    sam = await go_to(house.portal("sip-trunk-plus"), house.person())
    await sam.give_password("sam")
    code = (await house.text_to("+447700900118")).code
    before = (await dump(house.runtime.store))["throttles"]
    await mortal.kill()
    await mortal.restart()

    after = (await dump(house.runtime.store))["throttles"]
    assert {key: row["state"] for key, row in before.items()}.items() <= {
        k: r["state"] for k, r in after.items()
    }.items()
    again = await go_to(house.portal("inbound"), house.person())
    await again.give_password("support")
    await again.press(code=right)
    assert again.page.status == 429
    await sam.tab.reload()
    await house.deliver()
    texts = [message for message in await house.outbox() if message.to == "+447700900118"]
    assert len(texts) == 1  # the restarted server does not send the code again
    await sam.press(code=code)
    assert (await sam.arrived()).amr == ["pwd", "sms", "mfa"]


class TakesAndHolds(SmtpServer):
    """Takes dana's mail, and keeps its answer to itself: the worker is caught between *sent* and *marked as sent*."""

    def __init__(self) -> None:
        super().__init__()
        self.holding = True

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        said = await super().handle_DATA(server, session, envelope)
        while self.holding and envelope.rcpt_tos == ["dana@demo.example"]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        return said


def password_in(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    [found] = re.findall(r"^Password: (\S+)\r?$", part.get_content(), re.MULTILINE)
    return str(found)


async def test_F24_a_worker_killed_after_sending_sends_the_same_password_again(tmp_path: Path) -> None:
    with TakesAndHolds() as smtp:
        tables = by_real_servers(smtp=smtp)
        async with mortal_house(f"sqlite:///{tmp_path}/idp.db", tmp_path, **tables) as mortal:
            house = mortal.house
            await ask_for_new_details(house.person(), "dana")

            def to_dana() -> list[EmailMessage]:
                return [message for message in smtp.messages if message["To"] == "dana@demo.example"]

            await _until(lambda: len(to_dana()) == 1)
            await mortal.kill()
            smtp.holding = False
            await mortal.restart()
            house.clock.advance(LEASE_SECONDS)
            await _until(lambda: len(to_dana()) == 2)
            first, second = to_dana()
            assert password_in(first) == password_in(second)
            assert first["Message-ID"] == second["Message-ID"]
            temporary = (await dump(house.runtime.store))["temporary_passwords"].values()
            ids = {row["username"]: row["id"] for row in (await dump(house.runtime.store))["users"].values()}
            assert len([row for row in temporary if row["user_id"] == ids["dana"]]) == 1
            journey = await go_to(house.portal("inbound"), house.person())
            await journey.give_password("dana", password_in(second))
            assert journey.page.h1 == "Choose a new password"


async def _until(holds: Any, seconds: float = 20) -> None:
    """A real process has to get there; a bound, not a wait."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
