"""The support article of Inbound, the sections about what users do for themselves, told sentence by sentence."""

from __future__ import annotations

import pytest

from tests.flows.journeys import CHOSEN, PASSWORD, app_code, go_to, past_events, sign_in
from tests.flows.own_account import box, demand_mfa, from_portal, has_app, home_of, signed_in_at_home, stored, with_app
from tests.support.house import House
from tests.support.relying_party import TokenRefused

DANA = "dana@demo.example"
THEO = "theo@demo.example"


class TestChangingYourPassword:
    """A user can change their password at any time once logged into the Inbound portal (top right of the screen).
    Administrators cannot reset or change a user's password."""

    async def test_at_any_time_once_logged_into_the_portal(self, house: House) -> None:
        inbound, person = house.portal("inbound"), house.person()
        await sign_in(inbound, person, "dana")
        tab = await from_portal(person, inbound, "/account/password")
        assert tab.page.h1 == "Change your password"
        assert "Only you can choose your password: no administrator can see or set it." in tab.page.text
        await tab.press("continue", password=PASSWORD, new_password=CHOSEN)
        assert "Your password is changed." in tab.page.text
        assert (await house.mail_to(DANA)).subject == "Your password was changed"
        await tab.press("back-to-portal")
        assert tab.arrival == home_of(inbound)

        await sign_in(inbound, house.person(), "dana", CHOSEN)
        with_old = await go_to(inbound, house.person())
        await with_old.give_password("dana", PASSWORD)
        assert with_old.page.errors

    async def test_the_current_password_is_asked_for_also_hours_later(self, house: House) -> None:
        tab = await signed_in_at_home(house, "dana", "/account/password")
        house.clock.advance(50 * 60)
        await tab.reload()
        await tab.press("continue", new_password=CHOSEN)
        assert tab.page.status == 400
        assert "Enter your password." in tab.page.errors
        await tab.press("continue", password=PASSWORD, new_password=CHOSEN)
        assert "Your password is changed." in tab.page.text

    async def test_the_new_one_has_to_be_good_enough_and_the_page_says_why(self, house: House) -> None:
        tab = await signed_in_at_home(house, "dana", "/account/password")
        for wanted, reason in (
            ("", "Enter a new password."),
            ("short", "too short"),
            (PASSWORD, "That is your current password."),
            ("dana dana dana dana", "easy to guess"),
            ("x" * 300, "too long"),
        ):
            await tab.press("continue", password=PASSWORD, new_password=wanted)
            assert tab.page.status == 400
            assert reason in tab.page.errors, wanted
        await tab.press("continue", password="Wrong-Horse-9", new_password=CHOSEN)
        assert "That is not your current password." in tab.page.errors
        assert (await sign_in(house.portal("inbound"), house.person(), "dana")).amr == ["pwd"]


class TestEnableMfa:
    """Log in to Inbound using your credentials. Provided you have the relevant credentials, select My MFA at the top right
    of the screen. Check the box for Enable Multi-Factor Authentication (MFA). Click Save to finish the action."""

    async def test_check_the_box_and_save(self, house: House) -> None:
        inbound, person = house.portal("inbound"), house.person()
        await sign_in(inbound, person, "dana")
        tab = await from_portal(person, inbound, "/account/mfa")
        assert tab.page.h1 == "My MFA"
        assert "Enable Multi-Factor Authentication (MFA)" in tab.page.text
        assert not box(tab.page)["ticked"]
        await tab.press("save", enable_mfa=True)
        assert "MFA is on." in tab.page.text
        assert box(tab.page)["ticked"]
        assert (await house.mail_to(DANA)).subject == "MFA was turned on"
        assert "mfa.enabled" in await past_events(house, "dana")

        journey = await go_to(inbound, house.person())
        await journey.give_password("dana")
        assert journey.page.h1 == "Set up your authenticator app"
        await journey.press(code=app_code(journey.page.said("totp-secret"), house.clock.now()))
        assert (await journey.arrived()).amr == ["pwd", "otp", "mfa"]

    async def test_or_set_it_up_at_once_and_come_back_to_the_portal(self, house: House) -> None:
        inbound, person = house.portal("inbound"), house.person()
        await sign_in(inbound, person, "dana")
        tab = await from_portal(person, inbound, "/account/mfa")
        await tab.press("save", enable_mfa=True)
        await tab.press("set-up-now")
        assert tab.page.h1 == "Set up your authenticator app"
        await tab.press("continue", code=app_code(tab.page.said("totp-secret"), house.clock.now()))
        assert tab.page.h1 == "My MFA"
        assert "reset-mfa" in tab.page.ids
        assert "set-up-now" not in tab.page.ids
        await tab.press("back-to-portal")
        assert tab.arrival == home_of(inbound)
        journey = await go_to(inbound, person)
        assert (await journey.arrived()).amr == ["pwd", "otp", "mfa"]  # proved in this session already

    async def test_saving_what_is_so_already_changes_nothing(self, house: House) -> None:
        tab = await signed_in_at_home(house, "dana", "/account/mfa")
        before = await past_events(house, "dana")
        await tab.press("save")
        assert not box(tab.page)["ticked"]
        await tab.press("save", enable_mfa=True)
        await tab.press("save", enable_mfa=True)
        assert (await past_events(house, "dana"))[: -len(before)] == ["mfa.enabled"]


class TestResetMfa:
    """Select My MFA. From here select Reset MFA. This will mean that you have to reregister and activate your MFA
    credentials. Click Save to finish the action."""

    async def test_reset_save_and_register_again(self, either_house: House) -> None:
        house = either_house
        inbound = house.portal("inbound")
        person, signed_in, old_key = await with_app(house)
        elsewhere = await go_to(inbound, house.person())
        await elsewhere.give_password("theo")
        await elsewhere.press(code=app_code(old_key, house.clock.now()))
        there = await elsewhere.arrived()

        tab = await from_portal(person, inbound, "/account/mfa")
        await tab.press("reset-mfa")
        assert tab.page.h1 == "Reset MFA"
        assert await has_app(house, "theo")  # nothing has happened yet
        await tab.press("save")
        assert tab.page.h1 == "My MFA"
        assert "Your authenticator app is forgotten." in tab.page.text
        assert not await has_app(house, "theo")
        assert (await stored(house, "theo")).mfa_enabled
        assert (await house.mail_to(THEO)).subject == "MFA was reset"
        assert "mfa.reset" in await past_events(house, "theo")

        for tokens in (signed_in, there):
            with pytest.raises(TokenRefused, match="invalid_grant"):
                await inbound.refresh(tokens)
        again = await go_to(inbound, elsewhere.person)
        assert again.page.h1 == "Sign in to Inbound"  # the other browser is signed out
        await again.give_password("theo")
        assert again.page.h1 == "Set up your authenticator app"
        new_key = again.page.said("totp-secret")
        assert new_key != old_key
        await again.press(code=app_code(old_key, house.clock.now()))
        assert again.page.errors
        await again.press(code=app_code(new_key, house.clock.now()))
        assert (await again.arrived()).amr == ["pwd", "otp", "mfa"]

    async def test_the_own_session_goes_on_and_the_next_portal_asks_to_register(self, house: House) -> None:
        person, _, _ = await with_app(house)
        tab = await person.open("/account/mfa")
        await tab.press("reset-mfa")
        await tab.press("save")
        await tab.open("/account")
        assert tab.page.status == 200
        assert "Set up your authenticator app now" in tab.page.text
        journey = await go_to(house.portal("inbound"), person)
        assert journey.page.h1 == "Set up your authenticator app"

    async def test_cancel_changes_nothing(self, house: House) -> None:
        person, _, _ = await with_app(house)
        tab = await person.open("/account/mfa")
        await tab.press("reset-mfa")
        await tab.press("cancel")
        assert tab.page.h1 == "My MFA"
        assert await has_app(house, "theo")


class TestDisableMfa:
    """Select My MFA. Uncheck the box for Enable Multi-Factor Authentication (MFA) in order to disable MFA for yourself. Click
    Save to finish the action."""

    async def test_uncheck_the_box_and_save(self, either_house: House) -> None:
        house = either_house
        inbound = house.portal("inbound")
        person, signed_in, _ = await with_app(house)
        tab = await from_portal(person, inbound, "/account/mfa")
        assert box(tab.page)["ticked"]
        await tab.press("save", enable_mfa=False)
        assert "MFA is off." in tab.page.text
        assert not box(tab.page)["ticked"]
        assert "reset-mfa" not in tab.page.ids
        assert not await has_app(house, "theo")
        assert (await house.mail_to(THEO)).subject == "MFA was turned off"
        assert "mfa.disabled" in await past_events(house, "theo")
        with pytest.raises(TokenRefused, match="invalid_grant"):
            await inbound.refresh(signed_in)
        assert (await sign_in(inbound, house.person(), "theo")).amr == ["pwd"]

    async def test_not_while_the_account_requires_it_and_the_page_says_whom_to_ask(self, house: House) -> None:
        person, _, _ = await with_app(house)
        tab = await person.open("/account/mfa")
        await demand_mfa(house, "EC-20017")
        await tab.press("save", enable_mfa=False)
        assert tab.page.status == 400
        reason = (
            "Harbour Dental requires MFA, so it cannot be turned off here. Ask Northern Voice if that should change."
        )
        assert reason in tab.page.errors
        assert await has_app(house, "theo")
        assert (await stored(house, "theo")).mfa_enabled
        await tab.open("/account/mfa")
        assert tab.page.said("locked") == reason
        assert box(tab.page) == {"ticked": True, "disabled": True}
        await tab.press("reset-mfa")  # a new phone may still be registered
        assert tab.page.h1 == "Reset MFA"
