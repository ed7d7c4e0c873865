"""Text messages while the provider fails, through the real Twilio client: a clear page, another way, no code that counts by
itself, and nothing lost (SECURITY-CASES F21, F22, F46, SM04, SM23)."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.flows.journeys import Journey, app_code, enrol, go_to, past_events, sign_in
from tests.flows.test_totp_rows import to_step
from tests.support.dump import changes, dump
from tests.support.foundations import by_real_servers
from tests.support.house import House, running_house
from tests.support.twilio_server import VERIFY_SERVICE_SID, Behaviour, TwilioServer

UNAVAILABLE = "We could not send your text message"
SMS_PAGE = "Check your text messages"
SAMS = "+447700900118"
PLENTY = {"per_ten_minutes": 100, "per_day": 100, "prefix_per_hour": 100}
"""Budgets that these tests do not meet; `test_sms_rows` does."""
PERMANENT = {
    Behaviour.INVALID_NUMBER, Behaviour.OPTED_OUT, Behaviour.NOT_MOBILE, Behaviour.FRAUD_GUARD, Behaviour.INVALID_PARAMETER,
}  # fmt: skip


@asynccontextmanager
async def house_with(tmp_path: Path, server: TwilioServer, **sms: Any) -> AsyncIterator[House]:
    table = by_real_servers(twilio=server)["sms"] | PLENTY | sms
    async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path, sms=table) as house:
        yield house


async def at_code(house: House, username: str = "sam") -> Journey:
    journey = await go_to(house.portal("sip-trunk-plus"), house.person())
    await journey.give_password(username)
    return journey


def code_of(twilio: TwilioServer) -> str:
    found = re.match(r"\d{6}", twilio.texts[-1].body)
    assert found is not None
    return found[0]


async def state_of_texts(house: House) -> list[tuple[str, bool]]:
    """Of every text message: its state, and whether its body is still kept."""
    rows = (await dump(house.runtime.store))["outbox"].values()
    return [(row["state"], row["message_sealed"] is not None) for row in rows if row["channel"] == "sms"]


async def assert_no_way_past(house: House, journey: Journey) -> None:
    before = await dump(house.runtime.store)
    for step in ("verify", "enrol", "change-password", "consent"):
        await journey.tab.send(to_step(journey.page, step, ("code", "000000"), ("new_password", "x" * 20)))
        assert not journey.tab.has_arrived, step
    came = changes(before, await dump(house.runtime.store))
    assert came <= {"logins.tries", "text_codes.tries"}


async def test_the_code_goes_to_the_stored_number_from_the_configured_sender(
    tmp_path: Path, twilio: TwilioServer
) -> None:
    async with house_with(tmp_path, twilio) as house:
        journey = await at_code(house)
        assert [(text.to, text.sender) for text in twilio.texts] == [(SAMS, "+447700900999")]
        await journey.press(code=code_of(twilio))
        assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]
        assert await state_of_texts(house) == [("sent", False)]


async def test_F21_F46_whatever_the_provider_answers_the_page_says_so_and_a_later_text_opens(
    tmp_path: Path, twilio: TwilioServer
) -> None:
    failing = [b for b in Behaviour if b not in (Behaviour.OK, Behaviour.SLOW)]
    async with house_with(tmp_path, twilio) as house:
        for behaviour in failing:
            twilio.behaviour, twilio.texts[:] = behaviour, []
            journey = await at_code(house)
            page = journey.page
            assert (page.status, page.h1) == (503, UNAVAILABLE), behaviour
            assert 0 < int(page.headers["retry-after"]) <= 30
            assert "Twilio" not in page.html
            await assert_no_way_past(house, journey)
            await journey.press("resend")  # the wait is kept: the budget was charged
            assert journey.page.status == 429, behaviour
            twilio.behaviour = Behaviour.OK
            house.clock.advance(30)
            await journey.press("resend")
            assert journey.page.h1 == SMS_PAGE, behaviour
            for text in reversed(twilio.texts):  # the worker may have carried on the first one meanwhile
                if not journey.tab.has_arrived:
                    await journey.press(code=text.body[:6])
            assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]
            assert set(await state_of_texts(house)) <= {("abandoned", False), ("sent", False)}
            house.clock.advance(300)  # the wrong codes of `assert_no_way_past` count
        failed = (await past_events(house, "sam")).count("sms.requested")
        assert failed == 2 * len(failing)
        events = [row["event"] for row in (await dump(house.runtime.store))["audit_events"].values()]
        assert events.count("sms.failed") >= len(PERMANENT)


async def test_F21_a_provider_that_is_not_there_leaves_the_other_factor(tmp_path: Path, twilio: TwilioServer) -> None:
    async with house_with(tmp_path, twilio) as house:
        first = await go_to(house.portal("inbound"), house.person(), acr_values=f"{house.issuer}/acr/mfa")
        await first.give_password("sam")
        await first.press(code=code_of(twilio))
        key = await enrol(first, house.clock.now)
        await first.arrived()
    with TwilioServer() as gone:
        pass
    async with house_with(tmp_path, gone) as house:
        house.clock.advance(60)
        journey = await at_code(house)
        assert (journey.page.status, journey.page.h1) == (503, UNAVAILABLE)
        await journey.press("use-another-method")
        await journey.press(code=app_code(key, house.clock.now()))
        assert (await journey.arrived()).amr == ["pwd", "otp", "mfa"]


async def test_F21_a_text_that_could_not_be_handed_over_is_tried_again_while_its_code_lives(
    tmp_path: Path, twilio: TwilioServer
) -> None:
    async with house_with(tmp_path, twilio) as house:
        twilio.behaviour = Behaviour.SERVER_ERROR
        journey = await at_code(house)
        twilio.behaviour = Behaviour.OK
        house.clock.advance(10)
        await house.deliver()
        assert len(twilio.texts) == 1
        await journey.tab.reload()
        assert journey.page.h1 == SMS_PAGE
        await journey.press(code=code_of(twilio))
        assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]

        twilio.behaviour, twilio.texts[:] = Behaviour.SERVER_ERROR, []
        await at_code(house)
        twilio.behaviour = Behaviour.OK
        house.clock.advance(300)  # nobody is sent a code that would not work any more
        await house.deliver()
        assert not twilio.texts
        assert sorted(await state_of_texts(house)) == [("abandoned", False), ("sent", False)]


async def test_F22_a_slow_provider_holds_up_its_own_page_for_seconds_and_nobody_else(
    tmp_path: Path, twilio: TwilioServer
) -> None:
    async with house_with(tmp_path, twilio, timeout_seconds=2) as house:
        twilio.behaviour = Behaviour.SLOW
        started = time.monotonic()
        waiting = [asyncio.create_task(at_code(house, name)) for name in ("sam", "rolf")]
        assert await asyncio.to_thread(twilio.wait_for_requests, 2)
        asked = time.monotonic()
        assert (await sign_in(house.portal("inbound"), house.person(), "dana")).amr == ["pwd"]
        assert not any(task.done() for task in waiting) or time.monotonic() - asked > 1.5
        for journey in await asyncio.gather(*waiting):
            assert (journey.page.status, journey.page.h1) == (503, UNAVAILABLE)
        assert time.monotonic() - started < 15


@pytest.mark.slow
async def test_F22_a_provider_slower_than_people_wait_is_left_to_the_worker(
    tmp_path: Path, twilio: TwilioServer
) -> None:
    async with house_with(tmp_path, twilio, timeout_seconds=6) as house:
        twilio.behaviour = Behaviour.SLOW
        started = time.monotonic()
        journey = await at_code(house)
        assert time.monotonic() - started < 4.5 + 5
        assert journey.page.h1 == SMS_PAGE  # it may well arrive, and another one can be asked for
        await assert_no_way_past(house, journey)
        assert await state_of_texts(house) == [("queued", True)]


async def test_SM23_codes_are_sent_as_texts_and_never_spoken(tmp_path: Path, twilio: TwilioServer) -> None:
    verify = {"provider": "twilio_verify", "verify_service_sid": VERIFY_SERVICE_SID}
    async with house_with(tmp_path, twilio, **verify) as house:
        journey = await at_code(house)
        assert [form["Channel"] for form in twilio.forms] == ["sms"]
        await journey.press(code=twilio.texts[-1].code)
        assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]
