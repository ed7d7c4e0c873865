"""SECURITY-CASES, rows PW, the forced change: each by the id of its row.

What is mailed here is a temporary password and no link, so the rows about reset links hold for that password.
"""

from __future__ import annotations

import asyncio

import argon2
import pytest

from tests.flows.journeys import (
    CHANGE,
    CHOSEN,
    FAILED,
    MINUTE,
    PASSWORD,
    app_code,
    at_change,
    enrol,
    go_to,
    new_details,
    past_events,
    sign_in,
    try_password,
)
from tests.flows.test_totp_rows import to_step
from tests.support.dump import untouched
from tests.support.house import House
from tests.support.page import Submission
from tests.support.person import login_of
from tests.support.relying_party import AuthorizationRefused, TokenRefused

DANA = "dana@demo.example"


class TestTheForcedChange:
    REASONS = (
        ("", "Enter a new password"),
        ("TEMPORARY", "temporary password"),
        (PASSWORD, "current password"),
        ("seven chars 9", "at least 15 characters"),
        ("we like our dana very much", "“dana”"),
        ("calls come inbound all day long", "“Inbound”"),
        ("the harbour dental practice 7", "“Harbour Dental”"),
        ("account ec-20017 is the best", "“EC-20017”"),
        ("y" * 257, "too long"),
        ("1234567890123456", ""),
        ("passwordpassword", ""),
        ("aaaaaaaaaaaaaaaaaaaa", ""),
    )

    async def test_PW09_a_poor_choice_is_refused_with_the_reason_and_stays_to_be_made(self, house: House) -> None:
        temporary = await new_details(house, "dana")
        journey = await at_change(house, "dana", temporary)
        for wanted, reason in self.REASONS:
            async with untouched(house, ignoring=frozenset()):
                await journey.press(new_password=temporary if wanted == "TEMPORARY" else wanted)
            assert journey.page.status == 400
            assert journey.page.h1 == CHANGE
            assert journey.page.errors
            assert reason in journey.page.errors, wanted
        await journey.press(new_password=CHOSEN)
        assert (await journey.arrived()).amr == ["pwd"]

    async def test_PW11_behind_an_authenticator_app(self, either_house: House) -> None:
        house = either_house
        first = await go_to(house.portal("inbound"), house.person())
        await first.give_password("theo")
        key = await enrol(first, house.clock.now)
        await first.arrived()
        house.clock.advance(30)
        temporary = await new_details(house, "theo")
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password("theo", temporary)
        assert journey.page.h1 == "Enter the code from your authenticator app"
        async with untouched(house):
            await journey.tab.send(to_step(journey.page, "change-password", ("new_password", CHOSEN)))
        assert journey.page.h1 == "Enter the code from your authenticator app"
        await journey.press(code=app_code(key, house.clock.now()))
        assert journey.page.h1 == CHANGE
        await journey.press(new_password=CHOSEN)
        assert (await journey.arrived()).amr == ["pwd", "otp", "mfa"]

    async def test_PW11_behind_a_text_message_even_where_the_portal_asks_for_none(self, either_house: House) -> None:
        house = either_house
        temporary = await new_details(house, "sam")
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password("sam", temporary)
        assert journey.page.h1 == "Check your text messages"
        async with untouched(house):
            await journey.tab.send(to_step(journey.page, "change-password", ("new_password", CHOSEN)))
        assert journey.page.h1 == "Check your text messages"
        await journey.press(code=(await house.text_to("+447700900118")).code)
        assert journey.page.h1 == CHANGE
        await journey.press(new_password=CHOSEN)
        assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]

    async def test_PW13_cannot_be_reached_by_leaving_a_step_out(self, house: House) -> None:
        await new_details(house, "dana")
        journey = await go_to(house.portal("inbound"), house.person(), login_hint="dana")
        person = journey.person
        for pairs in ([("new_password", CHOSEN)], [("new_password", CHOSEN), ("username", "dana")]):
            async with untouched(house):
                await journey.tab.send(to_step(journey.page, "change-password", *pairs))
            assert journey.page.h1 == "Sign in to Inbound"
        async with untouched(house):
            made_up = await person.send(
                Submission("POST", f"{house.issuer}/sign-in/{'a' * 43}/change-password", (("new_password", CHOSEN),))
            )
        assert made_up.status_code == 400
        # With a session, but with the chosen password: nothing is due, so there is nothing to change here.
        await sign_in(house.portal("inbound"), person, "dana")
        fresh = await go_to(house.portal("inbound"), person, prompt="login")
        async with untouched(house):
            await fresh.tab.send(to_step(fresh.page, "change-password", ("new_password", CHOSEN)))
        assert (await try_password(house, "dana", PASSWORD)).tab.has_arrived

    async def test_PW14_one_of_twenty_at_once_wins(self, either_house: House) -> None:
        """On two server processes: `test_races.py`."""
        await assert_one_winner(either_house)

    async def test_PW14_what_was_used_cut_or_changed_in_case_is_a_wrong_password(self, house: House) -> None:
        temporary = await new_details(house, "dana")
        journey = await at_change(house, "dana", temporary)
        for other in (temporary[:-1], temporary.lower(), temporary.upper(), temporary + "a", f" {temporary}"):
            assert FAILED in (await try_password(house, "dana", other)).page.errors, other
            house.clock.advance(5 * MINUTE)
        journey = await at_change(house, "dana", temporary)
        await journey.press(new_password=CHOSEN)
        await journey.arrived()
        assert FAILED in (await try_password(house, "dana", temporary)).page.errors

    async def test_PW15_no_secret_serves_another_purpose(self, house: House) -> None:
        inbound, person = house.portal("inbound"), house.person()
        temporary = (await house.mail_to("iris@demo.example")).password
        waiting = await go_to(inbound, person)
        login = login_of(waiting.page)
        code = (await try_password(house, "dana", PASSWORD)).attempt
        signed_in = await sign_in(inbound, person, "dana")
        assert signed_in.refresh_token is not None
        secrets = [
            temporary,
            login,
            person.cookies["idp-session"],
            person.cookies["idp-browser"],
            signed_in.refresh_token,
        ]
        assert FAILED in (await try_password(house, "dana", temporary)).page.errors  # somebody else's
        for secret in (login, person.cookies["idp-session"], signed_in.refresh_token):
            assert FAILED in (await try_password(house, "iris", secret)).page.errors
            house.clock.advance(5)
        for secret in secrets:
            if secret != login:
                tab = await person.open(f"/sign-in/{secret}")
                assert "error-page" in tab.page.ids
            with pytest.raises(TokenRefused, match="invalid_grant"):
                await code.redeem(secret)
            if secret != signed_in.refresh_token:
                form = {"grant_type": "refresh_token", "refresh_token": secret}
                with pytest.raises(TokenRefused, match="invalid_grant"):
                    await inbound.token(form)
            assert (await inbound.introspect(secret))["active"] is (secret == signed_in.refresh_token)

    async def test_PW17_the_pages_around_it_lead_nowhere_else(self, house: House) -> None:
        """What holds for every page (`tests/support/person.py`) is asserted with each of them; here, where links lead."""
        temporary = await new_details(house, "dana")
        journey = await at_change(house, "dana", temporary)
        forgotten = await house.person().open("/forgotten")
        for page in (journey.page, forgotten.page):
            assert page.headers["referrer-policy"] == "no-referrer"
            links = [link["href"] for link in page.document.all("a")]
            assert all(link.startswith(("/", "#", "mailto:", house.issuer)) for link in links), links
            for element in page.document.all("script", "img", "link"):
                assert (element["src"] or element["href"]).startswith("/static/")

    async def test_PW19_ends_everything_that_the_old_password_had_opened(self, either_house: House) -> None:
        house = either_house
        inbound, trunk = house.portal("inbound"), house.portal("sip-trunk-plus")
        phone, laptop = house.person(), house.person()
        old = [await sign_in(inbound, phone, "dana"), await sign_in(trunk, laptop, "dana")]
        unredeemed = await go_to(inbound, phone)
        temporary = await new_details(house, "dana")
        for portal, signed_in in zip((inbound, trunk), old, strict=True):
            assert (await portal.introspect(signed_in.access_token))["active"] is True  # asking changed nothing

        journey = await at_change(house, "dana", temporary)
        await journey.press(new_password=CHOSEN)
        fresh = await journey.arrived()

        for portal, signed_in in zip((inbound, trunk), old, strict=True):
            with pytest.raises(TokenRefused, match="invalid_grant"):
                await portal.refresh(signed_in)
            with pytest.raises(TokenRefused, match="invalid_token"):
                await portal.userinfo(signed_in)
            assert (await portal.introspect(signed_in.access_token))["active"] is False
        with pytest.raises(TokenRefused, match="invalid_grant"):
            await unredeemed.arrived()
        for person in (phone, laptop):
            silent = await go_to(inbound, person, prompt="none")
            with pytest.raises(AuthorizationRefused, match="login_required"):
                await silent.arrived()
        assert (await inbound.userinfo(fresh))["sub"] == fresh.sub
        assert "password" in (await house.mail_to(DANA)).subject.lower()

    async def test_PW19_no_browser_is_known_any_more(self, house: House) -> None:
        """A browser that an attacker made known must not keep tries of its own (LG08) beyond the change."""
        attackers = house.person()
        await sign_in(house.portal("inbound"), attackers, "dana")
        journey = await at_change(house, "dana", await new_details(house, "dana"))
        await journey.press(new_password=CHOSEN)
        await journey.arrived()
        for _ in range(5):
            assert FAILED in (await try_password(house, "dana", "a guess")).page.errors
        locked = await go_to(house.portal("inbound"), attackers)
        await locked.give_password("dana", CHOSEN)
        assert FAILED in locked.page.errors
        owners = await go_to(house.portal("inbound"), journey.person, prompt="login")
        await owners.give_password("dana", CHOSEN)
        assert (await owners.arrived()).amr == ["pwd"]


async def assert_one_winner(house: House) -> None:
    """Twenty parallel changes with one temporary password, from four browsers: one password comes of it."""
    temporary = await new_details(house, "dana")
    journeys = [await at_change(house, "dana", temporary) for _ in range(4)]
    wanted = [f"{CHOSEN} number {number}" for number in range(20)]
    answers = await asyncio.gather(
        *(
            journeys[number % 4].person.send(journeys[number % 4].tab.prepare("continue", new_password=password))
            for number, password in enumerate(wanted)
        )
    )
    # 503: more hashes at once than the house takes on. Nobody is ever told that a change failed which was made.
    assert {answer.status_code for answer in answers} <= {303, 503}
    assert (await past_events(house, "dana")).count("password.changed") == 1
    async with house.runtime.store.read() as uow:
        dana = await uow.people.by_username("dana")
        assert dana is not None
        stored = await uow.credentials.password(dana.id)
        assert await uow.credentials.temporary(dana.id) is None
    assert stored is not None
    assert len([password for password in wanted if _is(stored.password_hash, password)]) == 1
    assert not _is(stored.password_hash, PASSWORD)


def _is(phc: str, password: str) -> bool:
    try:
        return argon2.PasswordHasher().verify(phc, password)
    except argon2.exceptions.VerifyMismatchError:
        return False
