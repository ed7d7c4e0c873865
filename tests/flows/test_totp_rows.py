"""SECURITY-CASES 1.7, TOTP, by their ids: each against a running server, each bad input without a trace."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import unquote

import pytest

from idp.services.accounts import ChangePermissions, change_permissions
from idp.services.people_security import SetPhone, set_phone
from tests.flows.journeys import CHOSEN, MINUTE, PASSWORD, Journey, app_code, ask_for_new_details, enrol, go_to, wrong
from tests.flows.test_sip_trunk_plus_article import USE_2FA
from tests.support.dump import dump, untouched
from tests.support.foundations import BEHIND_PROXY
from tests.support.house import House, running_house
from tests.support.page import Page, Submission
from tests.support.person import Person, login_of
from tests.support.relying_party import AuthorizationRefused, TokenRefused

STEP = 30
VERIFY = "Enter the code from your authenticator app"
ENROL = "Set up your authenticator app"


async def at_verify(house: House, person: Person | None = None, username: str = "support", **request: str) -> Journey:
    """At Inbound with the right password, where the code is asked for. `support` has an app (CONTRACT, Demo world)."""
    journey = await go_to(house.portal("inbound"), person or house.person(), **request)
    await journey.give_password(username)
    assert journey.page.h1 == VERIFY
    return journey


async def at_enrolment(house: House, person: Person | None = None) -> Journey:
    journey = await go_to(house.portal("inbound"), person or house.person())
    await journey.give_password("theo")
    assert journey.page.h1 == ENROL
    return journey


async def theo_enrolled(house: House) -> str:
    journey = await at_enrolment(house)
    key = await enrol(journey, house.clock.now)
    await journey.arrived()
    house.clock.advance(STEP)
    return key


def to_step(page: Page, step: str, *pairs: tuple[str, str]) -> Submission:
    """A form that nobody was shown, posted to a step of the login that this page is of."""
    return Submission("POST", f"{page.url.partition('/sign-in/')[0]}/sign-in/{login_of(page)}/{step}", pairs)


class TestOneCodeCountsOnce:
    async def test_TO01_a_code_is_used_once_whichever_browser_enters_it(self, either_house: House) -> None:
        house = either_house
        code = app_code(await house.support_key(), house.clock.now())
        first = await at_verify(house)
        await first.press(code=code)
        assert (await first.arrived()).amr == ["pwd", "otp", "mfa"]
        for person in (first.person, house.person()):
            again = await at_verify(house, person, prompt="login")
            async with untouched(house, "logins.tries"):
                await again.press(code=code)
            assert "has been used" in again.page.errors
            assert again.page.status == 400

    async def test_TO02_a_code_of_an_earlier_step_is_refused_after_a_later_one(self, house: House) -> None:
        key, start = await house.support_key(), house.clock.now()
        for _ in range(2):
            journey = await at_verify(house)
            await journey.press(code=app_code(key, house.clock.now()))
            await journey.arrived()
            house.clock.advance(STEP)
        # Two steps on, the second code is still inside the window, and used; the first one is outside and older.
        for moment in (start + STEP, start):
            journey = await at_verify(house)
            await journey.press(code=app_code(key, moment))
            assert journey.page.errors

    async def test_TO02_the_step_before_the_last_accepted_one_is_refused_inside_the_window(self, house: House) -> None:
        key = await house.support_key()
        journey = await at_verify(house)
        await journey.press(code=app_code(key, house.clock.now()))
        await journey.arrived()
        journey = await at_verify(house)
        await journey.press(code=app_code(key, house.clock.now(), -1))
        assert "has been used" in journey.page.errors

    async def test_TO03_the_code_that_confirmed_the_enrolment_does_not_sign_in(self, house: House) -> None:
        journey = await at_enrolment(house)
        key = await enrol(journey, house.clock.now)
        await journey.arrived()
        again = await at_verify(house, username="theo")
        await again.press(code=app_code(key, house.clock.now()))
        assert "has been used" in again.page.errors
        house.clock.advance(STEP)
        await again.press(code=app_code(key, house.clock.now()))
        assert (await again.arrived()).amr == ["pwd", "otp", "mfa"]

    async def test_TO04_this_step_and_the_one_before_count_and_no_other(self, house: House) -> None:
        key = await house.support_key()
        for steps, words in ((-11, "not right"), (-2, "clock"), (1, "clock"), (2, "clock"), (10, "clock")):
            journey = await at_verify(house)
            await journey.press(code=app_code(key, house.clock.now(), steps))
            assert words in journey.page.errors, steps
            house.clock.advance(5 * MINUTE)
        for steps in (-1, 0):
            journey = await at_verify(house)
            await journey.press(code=app_code(key, house.clock.now(), steps))
            assert (await journey.arrived()).amr == ["pwd", "otp", "mfa"]

    async def test_TO04_nothing_is_said_about_the_clock_before_the_password(self, house: House) -> None:
        key = await house.support_key()
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.tab.send(to_step(journey.page, "verify", ("code", app_code(key, house.clock.now(), 2))))
        assert journey.page.h1 == "Sign in to Inbound"
        assert not journey.page.errors


class TestGuessing:
    async def test_TO05_five_wrong_codes_end_the_sign_in_and_the_person_waits(self, tmp_path: Path) -> None:
        async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path, server=BEHIND_PROXY["server"]) as house:
            key = await house.support_key()
            right = app_code(key, house.clock.now())
            journey = await at_verify(house, house.person(address="203.0.113.1"))
            for _ in range(4):
                await journey.press(code=wrong(right))
                assert journey.page.h1 == VERIFY
            await journey.press(code=wrong(right))
            assert journey.page.h1 == "This sign-in has ended"
            assert "Too many wrong codes" in journey.page.errors
            for n in range(2, 8):  # other browsers at other addresses are the same person's five tries
                journey = await at_verify(house, house.person(address=f"203.0.113.{n}"))
                async with untouched(house):
                    await journey.press(code=right)
                assert journey.page.status == 429
                assert 0 < int(journey.page.headers["retry-after"]) <= 5 * MINUTE
                assert "Too many attempts" in journey.page.errors
            house.clock.advance(5 * MINUTE)
            journey = await at_verify(house, house.person(address="203.0.113.99"))
            await journey.press(code=app_code(key, house.clock.now()))
            assert (await journey.arrived()).amr == ["pwd", "otp", "mfa"]

    async def test_TO05_one_address_has_ten_tries_for_everybody(self, house: House) -> None:
        key, theos = await house.support_key(), await theo_enrolled(house)
        for username, its_key in (("support", key), ("theo", theos)):
            journey = await at_verify(house, username=username)
            for _ in range(5):
                await journey.press(code=wrong(app_code(its_key, house.clock.now())))
        await house.run(change_permissions, ChangePermissions("EC-20017", allocate=USE_2FA))
        journey = await go_to(house.portal("sip-trunk-plus"), house.person())
        await journey.give_password("rolf")
        text = await house.text_to("+447700900124")
        await journey.press(code=text.code)
        assert journey.page.status == 429

    async def test_TO06_wrong_codes_do_not_close_the_password_form_nor_wrong_passwords_the_code_form(
        self, house: House
    ) -> None:
        key = await house.support_key()
        waiting = await at_verify(house)
        attacker = await go_to(house.portal("inbound"), house.person())
        for _ in range(6):
            await attacker.give_password("support", "a wrong password 12")
        await waiting.press(code=app_code(key, house.clock.now()))
        assert (await waiting.arrived()).amr == ["pwd", "otp", "mfa"]

        house.clock.advance(24 * 60 * MINUTE)
        journey = await at_verify(house)
        for _ in range(5):
            await journey.press(code=wrong(app_code(key, house.clock.now())))
        await at_verify(house)

    async def test_TO07_the_right_password_does_not_give_new_tries(self, house: House) -> None:
        right = app_code(await house.support_key(), house.clock.now())
        for _ in range(5):
            journey = await at_verify(house)
            await journey.press(code=wrong(right))
            assert journey.page.status == 400
        journey = await at_verify(house)
        await journey.press(code=right)
        assert journey.page.status == 429

    async def test_TO20_what_is_no_code_is_refused_in_words(self, house: House) -> None:
        for typed in ("１２３４５６", "0000123456", "1234567", "12345", "", "12345a", "٤٥٦٧٨٩", "1" * 8000):
            journey = await at_verify(house)
            async with untouched(house, "logins.tries"):
                await journey.press(code=typed)
            assert journey.page.status == 400, typed
            assert journey.page.h1 == VERIFY
            assert journey.page.errors
            house.clock.advance(5 * MINUTE)

    async def test_TO20_blanks_and_hyphens_do_not_matter_and_full_width_digits_do(self, house: House) -> None:
        code = app_code(await house.support_key(), house.clock.now())
        journey = await at_verify(house)
        await journey.press(code="".join(chr(ord(digit) + 0xFEE0) for digit in code))
        assert journey.page.errors
        await journey.press(code=f" {code[:3]} {code[3:]}-")
        assert (await journey.arrived()).amr == ["pwd", "otp", "mfa"]

    async def test_TO20_a_form_that_no_browser_sends_is_refused(self, house: House) -> None:
        journey = await at_verify(house)
        code = app_code(await house.support_key(), house.clock.now())
        forms = ((("code[]", code),), (("code", code), ("code", code)), (("code", code + "1" * 10_000),))
        for form in (*forms, (("code", code + "\x00"),), ()):
            async with untouched(house):
                await journey.tab.send(to_step(journey.page, "verify", *form))
            assert journey.page.status == 400, form
            await journey.tab.open(f"/sign-in/{login_of(journey.page)}")


class TestOutOfTurn:
    async def test_TO09_a_code_without_the_password_is_not_looked_at(self, house: House) -> None:
        code = app_code(await house.support_key(), house.clock.now())
        journey = await go_to(house.portal("inbound"), house.person())
        async with untouched(house, ignoring=frozenset()):
            await journey.tab.send(to_step(journey.page, "verify", ("code", code)))
        assert journey.page.h1 == "Sign in to Inbound"

    async def test_TO09_a_code_in_another_browser_is_not_looked_at(self, house: House) -> None:
        code = app_code(await house.support_key(), house.clock.now())
        journey = await at_verify(house)
        stranger = await house.person().open("/forgotten")
        async with untouched(house, ignoring=frozenset()):
            await stranger.send(to_step(journey.page, "verify", ("code", code)))
        assert "error-page" in stranger.page.ids
        assert stranger.page.status == 400
        await journey.press(code=code)
        assert (await journey.arrived()).amr == ["pwd", "otp", "mfa"]

    async def test_TO12_who_has_an_app_cannot_enrol_another_at_sign_in(self, house: House) -> None:
        code = app_code(await house.support_key(), house.clock.now())
        journey = await at_verify(house)
        assert "totp-secret" not in journey.page.html
        async with untouched(house, ignoring=frozenset()):
            await journey.tab.send(to_step(journey.page, "enrol", ("code", code)))
        assert journey.page.h1 == VERIFY

    async def test_TO12_whose_number_guards_the_account_shows_that_factor_first(self, house: House) -> None:
        """An app is demanded, and none enrolled: the password alone must not be enough to put one there."""
        journey = await go_to(house.portal("inbound"), house.person(), acr_values=f"{house.issuer}/acr/mfa")
        await journey.give_password("sam")
        assert journey.page.h1 == "Check your text messages"
        await journey.press(code=(await house.text_to("+447700900118")).code)
        assert journey.page.h1 == ENROL


class TestEnrolment:
    async def test_TO11_an_old_session_does_not_enrol_without_the_password(self, house: House) -> None:
        person = house.person()
        first = await go_to(house.portal("inbound"), person)
        await first.give_password("dana")
        await first.arrived()
        house.clock.advance(11 * MINUTE)
        journey = await go_to(house.portal("inbound"), person, acr_values=f"{house.issuer}/acr/mfa")
        assert journey.page.h1 == "Sign in to Inbound"
        async with untouched(house, ignoring=frozenset()):
            await journey.tab.send(to_step(journey.page, "enrol", ("code", "123456")))
        await journey.give_password("dana")
        assert journey.page.h1 == ENROL

    async def test_TO13_a_temporary_password_is_changed_then_the_app_enrolled_and_told_about(
        self, house: House
    ) -> None:
        await ask_for_new_details(house.person(), "theo")
        mail = await house.mail_to("theo@demo.example")
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password("theo", mail.password)
        async with untouched(house, ignoring=frozenset()):
            await journey.tab.send(to_step(journey.page, "enrol", ("code", "123456")))
        assert journey.page.h1 == "Choose a new password"
        await journey.press(new_password=CHOSEN)
        await enrol(journey, house.clock.now)
        assert (await journey.arrived()).amr == ["pwd", "otp", "mfa"]
        await house.deliver()
        subjects = [message.subject for message in await house.outbox() if message.to == "theo@demo.example"]
        assert any("password" in subject.lower() for subject in subjects)
        assert any("Multi-Factor" in subject or "MFA" in subject for subject in subjects)

    async def test_TO14_the_key_is_shown_to_its_own_sign_in_and_until_it_is_confirmed(self, house: House) -> None:
        journey = await at_enrolment(house)
        key, address = journey.page.said("totp-secret"), journey.page.url
        assert key not in address
        assert journey.page.headers["cache-control"] == "no-store"
        stranger = await house.person().open(address)
        assert key not in stranger.page.html
        assert "error-page" in stranger.page.ids
        await enrol(journey, house.clock.now)
        await journey.arrived()
        for path in ("", "/enrol"):
            again = await journey.person.open(address + path)
            assert key not in again.page.html
        assert key not in (await at_verify(house, username="theo")).page.html

    async def test_TO15_the_pending_key_is_in_no_cookie(self, house: House) -> None:
        journey = await at_enrolment(house)
        key = journey.page.said("totp-secret")
        for value in journey.person.cookies.values():
            assert key not in unquote(value)
            assert key.encode() not in base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
            assert base64.b32decode(key) not in base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))

    async def test_TO16_of_two_tabs_the_newest_key_counts(self, house: House) -> None:
        person = house.person()
        older = await at_enrolment(house, person)
        newer = await at_enrolment(house, person)
        old_key, key = older.page.said("totp-secret"), newer.page.said("totp-secret")
        assert old_key != key
        await newer.press(code=wrong(app_code(key, house.clock.now())))
        assert newer.page.said("totp-secret") == key
        await newer.press(code=app_code(old_key, house.clock.now()))
        assert newer.page.errors
        await newer.press(code=app_code(key, house.clock.now()))
        assert (await newer.arrived()).amr == ["pwd", "otp", "mfa"]
        before = await dump(house.runtime.store)
        await older.press(code=app_code(old_key, house.clock.now()))
        assert older.tab.has_arrived or older.page.h1 == VERIFY  # by the session that the newer tab began
        after = await dump(house.runtime.store)
        assert after["totp_credentials"] == before["totp_credentials"]

    async def test_TO16_a_key_that_another_browser_replaced_confirms_nothing(self, house: House) -> None:
        older = await at_enrolment(house)
        old_key = older.page.said("totp-secret")
        await at_enrolment(house)
        await older.press(code=app_code(old_key, house.clock.now()))
        assert "expired" in older.page.errors
        assert older.page.said("totp-secret") != old_key
        assert not (await dump(house.runtime.store))["totp_credentials"].keys() - {await _id_of(house, "support")}

    async def test_TO18_an_enrolment_that_was_left_does_not_count(self, house: House) -> None:
        journey = await at_enrolment(house)
        key = journey.page.said("totp-secret")
        await journey.press("cancel")
        with pytest.raises(AuthorizationRefused, match="access_denied"):
            await journey.arrived()
        again = await at_enrolment(house)
        assert again.page.said("totp-secret") != key
        await again.press(code=app_code(key, house.clock.now()))
        assert again.page.h1 == ENROL

    async def test_TO18_a_pending_key_lives_ten_minutes(self, tmp_path: Path) -> None:
        mfa = {"finish_minutes": 30}
        async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path, mfa=mfa) as house:
            journey = await at_enrolment(house)
            key = journey.page.said("totp-secret")
            house.clock.advance(10 * MINUTE)
            await journey.press(code=app_code(key, house.clock.now()))
            assert "expired" in journey.page.errors
            fresh = journey.page.said("totp-secret")
            assert fresh != key
            await journey.press(code=app_code(fresh, house.clock.now()))
            assert (await journey.arrived()).amr == ["pwd", "otp", "mfa"]


class TestDemands:
    async def test_TO24_a_demand_that_comes_later_binds_who_is_signed_in(self, house: House) -> None:
        await house.run(set_phone, SetPhone("dana", "+447700900117"))
        trunk, person = house.portal("sip-trunk-plus"), house.person()
        journey = await go_to(trunk, person)
        await journey.give_password("dana")
        signed_in = await journey.arrived()
        await house.run(change_permissions, ChangePermissions("EC-20017", allocate=USE_2FA))
        with pytest.raises(TokenRefused, match="invalid_grant"):
            await trunk.refresh(signed_in)
        silent = await go_to(trunk, person, prompt="none")
        with pytest.raises(AuthorizationRefused, match="interaction_required"):
            await silent.arrived()
        journey = await go_to(trunk, person)
        await journey.press(code=(await house.text_to("+447700900117")).code)
        assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]

    async def test_TO25_without_the_demanded_factor_there_is_enrolment_and_nothing_else(self, house: House) -> None:
        journey = await at_enrolment(house)
        for step in ("verify", "consent", "change-password", "account", "password"):
            form = (("code", "123456"), ("new_password", CHOSEN), ("username", "theo"), ("password", PASSWORD))
            async with untouched(house):
                await journey.tab.send(to_step(journey.page, step, *form))
            assert journey.page.h1 == ENROL, step
        silent = await go_to(house.portal("inbound"), journey.person, prompt="none")
        with pytest.raises(AuthorizationRefused, match="login_required"):
            await silent.arrived()

    async def test_TO25_without_a_number_there_is_the_page_that_says_whom_to_ask(self, house: House) -> None:
        journey = await go_to(house.portal("sip-trunk-plus"), house.person())
        await journey.give_password("nora")
        assert journey.page.status == 403
        assert "blocked" in journey.page.ids
        for step in ("verify", "resend", "method", "enrol", "consent"):
            async with untouched(house):
                await journey.tab.send(to_step(journey.page, step, ("code", "123456"), ("method", "totp")))
            assert "blocked" in journey.page.ids, step


async def _id_of(house: House, username: str) -> tuple[str]:
    async with house.runtime.store.read() as uow:
        person = await uow.people.by_username(username)
    assert person is not None
    return (person.id,)
