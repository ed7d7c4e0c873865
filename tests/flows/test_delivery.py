"""The articles' messages by real transports: a mail server and a Twilio-shaped one, working and not (F21 to F23, F46)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from idp.services.people import CreateUser, create_user
from idp.services.people_security import SetPhone, set_phone
from tests.flows.journeys import CHANGE, CHOSEN, app_code, ask_for_new_details, go_to, past_events, try_password
from tests.support import smtp_server, twilio_server
from tests.support.foundations import by_real_servers
from tests.support.house import House, running_house
from tests.support.smtp_server import SmtpServer
from tests.support.twilio_server import TwilioServer

UNSENT = "We could not send your text message"


async def test_the_temporary_password_comes_by_mail_and_the_code_by_twilio(tmp_path: Path) -> None:
    with SmtpServer() as mail_server, TwilioServer() as twilio:
        tables = by_real_servers(mail_server, twilio)
        async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path, **tables) as house:
            user = CreateUser("quinn", "quinn@demo.example", "EC-20018", phone="447700900127")
            await house.run(create_user, user)
            await house.deliver()
            [mail] = [message for message in mail_server.messages if message["To"] == "quinn@demo.example"]
            text = mail.get_body(("plain",))
            assert text is not None
            found = re.search(r"^Password: (\w+)\r?$", text.get_content(), re.MULTILINE)
            assert found is not None

            journey = await go_to(house.portal("sip-trunk-plus"), house.person())
            await journey.give_password("quinn", found[1])
            [sent] = twilio.texts
            assert sent.to == "+447700900127"
            await journey.press(code=sent.body[:6])
            assert journey.page.h1 == CHANGE
            await journey.press(new_password=CHOSEN)
            assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]
            assert (await try_password(house, "quinn", CHOSEN)).tab.has_arrived


@asynccontextmanager
async def house_with(tmp_path: Path, twilio: TwilioServer) -> AsyncIterator[House]:
    tables = by_real_servers(twilio=twilio)
    tables["sms"]["timeout_seconds"] = 1
    async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path, **tables) as house:
        yield house


FAULTS = [behaviour for behaviour in twilio_server.Behaviour if behaviour is not twilio_server.Behaviour.OK]


@pytest.mark.parametrize("fault", FAULTS)
async def test_F21_a_provider_that_fails_is_told_about_and_nothing_counts_as_verified(
    tmp_path: Path, fault: twilio_server.Behaviour
) -> None:
    with TwilioServer() as twilio:
        async with house_with(tmp_path, twilio) as house:
            twilio.behaviour = fault
            journey = await go_to(house.portal("sip-trunk-plus"), house.person())
            await journey.give_password("sam")
            assert (journey.page.h1, journey.page.status) == (UNSENT, 503)
            assert int(journey.page.headers["retry-after"]) > 0
            assert twilio.texts == []
            await journey.tab.reload()
            assert journey.page.h1 == UNSENT
            twilio.behaviour = twilio_server.Behaviour.OK
            house.clock.advance(30)
            await journey.press("resend")
            assert journey.page.h1 == "Check your text messages"
            await journey.press(code=twilio.texts[-1].body[:6])
            assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]
            assert (await past_events(house, "sam")).count("second_factor.succeeded") == 1


async def test_F21_another_factor_is_offered_instead(tmp_path: Path) -> None:
    with TwilioServer() as twilio:
        async with house_with(tmp_path, twilio) as house:
            twilio.behaviour = twilio_server.Behaviour.SERVER_ERROR
            await house.run(set_phone, SetPhone("support", "447700900110"))
            journey = await go_to(house.portal("sip-trunk-plus"), house.person(), acr_values=f"{house.issuer}/acr/mfa")
            await journey.give_password("support")
            if journey.page.h1 != UNSENT:  # the app is shown first
                await journey.press("use-another-method")
            assert journey.page.h1 == UNSENT
            await journey.press("use-another-method")
            assert journey.page.h1 == "Enter the code from your authenticator app"
            await journey.press(code=app_code(await house.support_key(), house.clock.now()))
            assert (await journey.arrived()).amr == ["pwd", "otp", "mfa"]


@pytest.mark.parametrize("fault", [smtp_server.Behaviour.TRY_LATER, smtp_server.Behaviour.DROP])
async def test_F23_a_mail_that_could_not_be_sent_is_sent_later_and_only_once(
    tmp_path: Path, fault: smtp_server.Behaviour
) -> None:
    with SmtpServer() as mail_server:
        tables = by_real_servers(mail_server)
        async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path, **tables) as house:
            await house.deliver()
            before = len(mail_server.messages)  # the one that waits for iris
            mail_server.behaviour = fault
            page = await ask_for_new_details(house.person(), "dana")
            assert page.h1 == "Check your e-mail"
            await sent(house, "dana")
            assert len(mail_server.messages) == before
            mail_server.behaviour = smtp_server.Behaviour.ACCEPT
            house.clock.advance(60)
            await house.deliver()
            assert [message["To"] for message in mail_server.messages[before:]] == ["dana@demo.example"]
            house.clock.advance(3600)
            await house.deliver()
            assert len(mail_server.messages) == before + 1


async def test_F23_no_mail_is_sent_with_a_password_that_has_expired(tmp_path: Path) -> None:
    with SmtpServer() as mail_server:
        tables = by_real_servers(mail_server)
        async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path, **tables) as house:
            await house.deliver()
            before = len(mail_server.messages)
            mail_server.behaviour = smtp_server.Behaviour.TRY_LATER
            await ask_for_new_details(house.person(), "dana")
            await sent(house, "dana")
            house.clock.advance(3600)
            mail_server.behaviour = smtp_server.Behaviour.ACCEPT
            await house.deliver()
            assert len(mail_server.messages) == before


async def sent(house: House, username: str) -> None:
    """Waits until the request for new details has put its mail into the outbox, and a first try at sending it was made."""
    async with asyncio.timeout(15):
        # One is of the seed; the other is the work of a task that tells nobody when it is done.
        while (await past_events(house, username)).count("temporary_password.sent") < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await house.deliver()
