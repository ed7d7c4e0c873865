"""The support article of Inbound, told section by section."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from importlib import import_module
from inspect import getmembers
from typing import Any

import pytest
from starlette.routing import Route
from typer.main import get_command

from idp.cli.root import COMMANDS
from idp.services import accounts, people, people_security, session_control
from idp.web.app import ROUTE_TABLES
from tests.flows.journeys import CHOSEN, HOUR, PASSWORD, app_code, ask_for_new_details, enrol, go_to, sign_in
from tests.support.house import House
from tests.support.relying_party import AuthorizationRefused

IRIS = "iris@demo.example"
DANA = "dana@demo.example"


class TestFirstAccessToInbound:
    async def test_a_new_user_is_emailed_a_username_and_a_temporary_password(self, house: House) -> None:
        mail = await house.mail_to(IRIS)
        assert mail.username == "iris"
        assert re.fullmatch(r"[A-Za-z0-9]{16}", mail.password)
        assert "60 minutes" in " ".join(mail.text.split())
        assert mail.password in mail.html
        assert mail.password not in mail.subject
        assert [message.to for message in await house.outbox()] == [IRIS]  # one message, to nobody else

    async def test_within_60_minutes_the_temporary_password_is_changed_to_one_of_their_choosing(
        self, house: House
    ) -> None:
        mail = await house.mail_to(IRIS)
        inbound = house.portal("inbound")
        journey = await go_to(inbound, house.person())
        await journey.give_password(mail.username, mail.password)
        assert journey.page.h1 == "Choose a new password"
        await journey.press(new_password=CHOSEN)
        signed_in = await journey.arrived()
        assert signed_in.amr == ["pwd"]
        assert signed_in.claims["account"]["number"] == "EC-20017"
        assert "password" in (await house.mail_to(IRIS)).subject.lower()

        again = await sign_in(inbound, house.person(), "iris", CHOSEN)
        assert again.sub == signed_in.sub
        late = await go_to(inbound, house.person())
        await late.give_password("iris", mail.password)
        assert late.page.errors

    @pytest.mark.parametrize("seconds", [HOUR, HOUR + 1])
    async def test_after_60_minutes_a_new_one_is_asked_for_and_still_has_to_be_changed(
        self, house: House, seconds: int
    ) -> None:
        first = await house.mail_to(IRIS)
        house.clock.advance(seconds)
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password(first.username, first.password)
        assert journey.page.h1 == "Your temporary password has expired"

        page = await ask_for_new_details(journey.person, "iris", journey.tab)
        assert page.h1 == "Check your e-mail"
        second = await house.mail_to(IRIS)
        assert second.password != first.password

        await journey.press()  # back to sign-in, and to the portal that was asked for
        assert journey.page.h1 == "Sign in to Inbound"
        await journey.give_password(second.username, second.password)
        assert journey.page.h1 == "Choose a new password"
        await journey.press(new_password=CHOSEN)
        assert (await journey.arrived()).amr == ["pwd"]

    async def test_one_second_before_60_minutes_is_in_time(self, house: House) -> None:
        mail = await house.mail_to(IRIS)
        house.clock.advance(HOUR - 1)
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password(mail.username, mail.password)
        assert journey.page.h1 == "Choose a new password"

    async def test_the_new_password_may_be_chosen_after_the_60_minutes_by_who_signed_in_within_them(
        self, house: House
    ) -> None:
        mail = await house.mail_to(IRIS)
        house.clock.advance(HOUR - 1)
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password(mail.username, mail.password)
        house.clock.advance(5 * 60)  # it is judged at sign-in
        await journey.press(new_password=CHOSEN)
        assert (await journey.arrived()).amr == ["pwd"]

    async def test_nothing_opens_before_the_temporary_password_is_changed(self, house: House) -> None:
        mail = await house.mail_to(IRIS)
        person = house.person()
        journey = await go_to(house.portal("inbound"), person)
        await journey.give_password(mail.username, mail.password)
        elsewhere = await go_to(house.portal("sip-trunk-plus"), person)
        assert elsewhere.page.h1 == "Sign in to SIP Trunk Plus"  # nobody is signed in yet
        silent = await go_to(house.portal("inbound"), person, prompt="none")
        with pytest.raises(AuthorizationRefused, match="login_required"):
            await silent.arrived()


class TestAccessToInboundWithMfaEnabled:
    async def test_credentials_then_the_qr_code_then_the_code_completes_the_login(self, house: House) -> None:
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password("theo")
        assert journey.page.h1 == "Set up your authenticator app"
        assert journey.page.ids["totp-qr"].all("svg")
        key = journey.page.said("totp-secret")
        assert re.fullmatch(r"[A-Z2-7]{32}", key)
        [link] = [a["href"] for a in journey.page.document.all("a") if a["href"].startswith("otpauth:")]
        assert f"secret={key}" in link
        await enrol(journey, house.clock.now)
        signed_in = await journey.arrived()
        assert signed_in.amr == ["pwd", "otp", "mfa"]
        assert signed_in.claims["acr"] == f"{house.issuer}/acr/mfa"

    async def test_the_next_login_asks_for_the_code_only(self, house: House) -> None:
        first = await go_to(house.portal("inbound"), house.person())
        await first.give_password("theo")
        key = await enrol(first, house.clock.now)
        await first.arrived()

        house.clock.advance(30)
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password("theo")
        assert journey.page.h1 == "Enter the code from your authenticator app"
        assert "totp-secret" not in journey.page.ids
        assert "totp-qr" not in journey.page.ids
        await journey.press(code=app_code(key, house.clock.now()))
        assert (await journey.arrived()).amr == ["pwd", "otp", "mfa"]

    async def test_a_reload_shows_the_same_qr_code(self, house: House) -> None:
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password("theo")
        key = journey.page.said("totp-secret")
        await journey.tab.reload()
        assert journey.page.said("totp-secret") == key

    async def test_a_temporary_password_is_changed_before_the_app_is_set_up(self, house: House) -> None:
        await ask_for_new_details(house.person(), "theo")
        mail = await house.mail_to("theo@demo.example")
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password("theo", mail.password)
        assert journey.page.h1 == "Choose a new password"
        await journey.press(new_password=CHOSEN)
        assert journey.page.h1 == "Set up your authenticator app"
        await enrol(journey, house.clock.now)
        assert (await journey.arrived()).amr == ["pwd", "otp", "mfa"]


class TestForgottenPasswords:
    async def test_the_same_process_as_for_a_new_user(self, house: House) -> None:
        inbound = house.portal("inbound")
        person = house.person()
        journey = await go_to(inbound, person)
        await ask_for_new_details(person, "dana", journey.tab)
        mail = await house.mail_to(DANA)
        assert mail.username == "dana"

        await journey.press()
        await journey.give_password("dana", mail.password)
        assert journey.page.h1 == "Choose a new password"
        await journey.press(new_password=CHOSEN)
        await journey.arrived()
        await sign_in(inbound, house.person(), "dana", CHOSEN)
        with_old = await go_to(inbound, house.person())
        await with_old.give_password("dana", PASSWORD)
        assert with_old.page.errors

    async def test_by_email_address_as_well(self, house: House) -> None:
        await ask_for_new_details(house.person(), DANA.upper())
        assert (await house.mail_to(DANA)).username == "dana"

    async def test_who_remembers_after_all_uses_the_old_password(self, house: House) -> None:
        await ask_for_new_details(house.person(), "dana")
        await house.mail_to(DANA)
        assert (await sign_in(house.portal("inbound"), house.person(), "dana")).amr == ["pwd"]


class TestAdministratorsCannotResetOrChangeAUsersPassword:
    async def test_no_page_does(self, house: House) -> None:
        own = {"/account/password", "/.well-known/change-password"}  # of whoever is signed in
        paths = {route.path for table in ROUTE_TABLES for route in table(house.runtime) if isinstance(route, Route)}
        about = {path for path in paths if "password" in path}
        assert about - own == {"/sign-in/{login}/password", "/sign-in/{login}/change-password"}

    def test_no_command_does(self) -> None:
        words = {name: _words(get_command(import_module(f"idp.cli.{name}").app)) for name in COMMANDS}
        assert "set-phone" in words["user"]
        assert "--phone" in words["user"]
        about = {f"{name} {word}" for name, found in words.items() for word in found if "pass" in word}
        assert about == {"token --password"}  # what somebody signs in with, on the sign-in page itself

    def test_no_use_case_of_operators_does(self) -> None:
        commands = [
            c for module in OPERATORS for _, c in getmembers(module, is_dataclass) if c.__module__ == module.__name__
        ]
        assert people.CreateUser in commands
        for command in commands:
            assert not [field.name for field in fields(command) if "pass" in field.name], command


OPERATORS = (accounts, people, people_security, session_control)
"""The use cases behind the command line, which the console and the API will call as well."""


def _words(command: Any) -> set[str]:
    """The names of a command, of all below it, and of their options."""
    found = {command.name or ""} | {option for parameter in command.params for option in parameter.opts}
    for below in getattr(command, "commands", {}).values():
        found |= {below.name} | _words(below)
    return found
