"""Time limits to the second, under a clock that the test moves: one before, at, and one after each of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flows.journeys import CHOSEN, DAY, HOUR, MINUTE, Journey, app_code, enrol, go_to, sign_in
from tests.support.house import House, running_house
from tests.support.person import Person, login_of
from tests.support.relying_party import AuthorizationRefused, TokenRefused


class TestATemporaryPasswordWorksFor60Minutes:
    @pytest.mark.parametrize(
        ("age", "heading"),
        [
            (HOUR - 1, "Choose a new password"),
            (HOUR, "Your temporary password has expired"),
            (HOUR + 1, "Your temporary password has expired"),
        ],
    )
    async def test_and_not_a_second_longer(self, either_house: House, age: int, heading: str) -> None:
        house = either_house
        mail = await house.mail_to("iris@demo.example")
        house.clock.advance(age)
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password("iris", mail.password)
        assert journey.page.h1 == heading

    async def test_as_long_as_the_operator_says(self, tmp_path: Path) -> None:
        async with running_house(
            f"sqlite:///{tmp_path}/idp.db", tmp_path, passwords={"temporary_minutes": 15}
        ) as house:
            tab = await house.person().open("/forgotten")
            assert "valid for 15 minutes" in tab.page.text
            await tab.press(username="dana", button="continue")
            mail = await house.mail_to("dana@demo.example")
            assert "15 minutes" in " ".join(mail.text.split())
            house.clock.advance(15 * MINUTE)
            journey = await go_to(house.portal("inbound"), house.person())
            await journey.give_password("dana", mail.password)
            assert "valid for 15 minutes" in journey.page.text


class TestAnAuthorizationCodeWorksFor60Seconds:
    async def code_of(self, house: House) -> Journey:
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password("dana")
        return journey

    async def test_in_its_last_second(self, either_house: House) -> None:
        journey = await self.code_of(either_house)
        either_house.clock.advance(MINUTE - 1)
        assert (await journey.arrived()).amr == ["pwd"]

    @pytest.mark.parametrize("age", [MINUTE, MINUTE + 1])
    async def test_not_after_it(self, either_house: House, age: int) -> None:
        journey = await self.code_of(either_house)
        either_house.clock.advance(age)
        with pytest.raises(TokenRefused, match="invalid_grant"):
            await journey.arrived()


class TestATextMessageCodeWorksFor5Minutes:
    async def code_of(self, house: House) -> tuple[Journey, str]:
        journey = await go_to(house.portal("sip-trunk-plus"), house.person())
        await journey.give_password("sam")
        return journey, (await house.text_to("+447700900118")).code

    async def test_in_its_last_second(self, either_house: House) -> None:
        journey, code = await self.code_of(either_house)
        either_house.clock.advance(5 * MINUTE - 1)
        await journey.press(code=code)
        assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]

    @pytest.mark.parametrize("age", [5 * MINUTE, 5 * MINUTE + 1])
    async def test_not_after_it_and_a_new_one_does(self, either_house: House, age: int) -> None:
        house = either_house
        journey, code = await self.code_of(house)
        house.clock.advance(age)
        await journey.press(code=code)
        assert "has expired" in journey.page.errors
        await journey.press("resend")
        fresh = (await house.text_to("+447700900118")).code
        await journey.press(code=fresh)
        assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]


class TestATimeStepOfTheAuthenticatorAppCountsOnce:
    async def enrolled(self, house: House) -> str:
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password("theo")
        return await enrol(journey, house.clock.now)

    async def at_code(self, house: House) -> Journey:
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password("theo")
        return journey

    async def test_replay_in_the_same_step(self, either_house: House) -> None:
        house = either_house
        key = await self.enrolled(house)
        house.clock.advance(30)
        code = app_code(key, house.clock.now())
        first, second = await self.at_code(house), await self.at_code(house)
        await first.press(code=code)
        assert (await first.arrived()).amr == ["pwd", "otp", "mfa"]
        await second.press(code=code)
        assert "has been used" in second.page.errors

    async def test_replay_in_the_next_step(self, either_house: House) -> None:
        house = either_house
        key = await self.enrolled(house)
        house.clock.advance(30)
        code = app_code(key, house.clock.now())
        first, second = await self.at_code(house), await self.at_code(house)
        await first.press(code=code)
        house.clock.advance(30)  # the code of the step before is still within the window
        await second.press(code=code)
        assert "has been used" in second.page.errors
        await second.press(code=app_code(key, house.clock.now()))
        assert (await second.arrived()).amr == ["pwd", "otp", "mfa"]

    async def test_an_older_step_after_a_newer_one(self, either_house: House) -> None:
        house = either_house
        key = await self.enrolled(house)
        house.clock.advance(60)
        first, second = await self.at_code(house), await self.at_code(house)
        await first.press(code=app_code(key, house.clock.now()))
        await first.arrived()
        await second.press(code=app_code(key, house.clock.now(), -1))
        assert "has been used" in second.page.errors


class TestASignInWaitsForHalfAnHour:
    async def test_in_its_last_second(self, house: House) -> None:
        journey = await go_to(house.portal("inbound"), house.person())
        house.clock.advance(30 * MINUTE - 1)
        await journey.give_password("dana")
        assert (await journey.arrived()).amr == ["pwd"]

    @pytest.mark.parametrize("age", [30 * MINUTE, 30 * MINUTE + 1, 3 * HOUR])
    async def test_after_it_one_press_starts_it_again(self, house: House, age: int) -> None:
        journey = await go_to(house.portal("inbound"), house.person())
        earlier = login_of(journey.page)
        house.clock.advance(age)
        await journey.give_password("dana")
        assert journey.page.h1 == "This sign-in has expired"
        await journey.press()
        assert journey.page.h1 == "Sign in to Inbound"
        assert login_of(journey.page) != earlier
        await journey.give_password("dana")
        assert (await journey.arrived()).amr == ["pwd"]  # with the state and nonce of the first request

    async def test_a_restart_carries_no_proof_over(self, house: House) -> None:
        journey = await go_to(house.portal("sip-trunk-plus"), house.person())
        await journey.give_password("sam")
        house.clock.advance(HOUR)
        await journey.tab.reload()
        assert journey.page.h1 == "This sign-in has expired"
        await journey.press()
        assert journey.page.h1 == "Sign in to SIP Trunk Plus"

    async def test_in_another_browser_nobody_restarts_it(self, house: House) -> None:
        journey = await go_to(house.portal("inbound"), house.person())
        house.clock.advance(HOUR)
        elsewhere = await house.person().open(journey.page.url)
        assert "error-page" in elsewhere.page.ids
        assert elsewhere.page.status == 400


class TestAfterThePasswordTheSecondStepWaitsForTenMinutes:
    async def test_in_its_last_second(self, house: House) -> None:
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password("theo")
        house.clock.advance(10 * MINUTE - 1)
        await enrol(journey, house.clock.now)
        assert (await journey.arrived()).amr == ["pwd", "otp", "mfa"]

    @pytest.mark.parametrize("age", [10 * MINUTE, 10 * MINUTE + 1])
    async def test_not_after_it(self, house: House, age: int) -> None:
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password("theo")
        house.clock.advance(age)
        await enrol(journey, house.clock.now)
        assert journey.page.h1 == "This sign-in has expired"


class TestASession:
    async def asked_silently(self, house: House, person: Person) -> str:
        """The error that a portal gets by `prompt=none`; empty while there is a session."""
        journey = await go_to(house.portal("inbound"), person, prompt="none")
        try:
            await journey.arrived()
        except AuthorizationRefused as refusal:
            return refusal.error
        return ""

    async def test_ends_after_an_hour_without_use(self, either_house: House) -> None:
        house, person = either_house, either_house.person()
        await sign_in(house.portal("inbound"), person, "dana")
        house.clock.advance(HOUR - 1)
        assert await self.asked_silently(house, person) == ""  # which is a use
        house.clock.advance(HOUR - 1)
        assert await self.asked_silently(house, person) == ""
        house.clock.advance(HOUR)
        assert await self.asked_silently(house, person) == "login_required"

    async def test_ends_after_twelve_hours_whatever_is_done_in_it(self, either_house: House) -> None:
        house, person = either_house, either_house.person()
        await sign_in(house.portal("inbound"), person, "dana")
        for _ in range(12):
            house.clock.advance(HOUR - 1)
            assert await self.asked_silently(house, person) == ""
        house.clock.advance(11)  # 12 hours but one second
        assert await self.asked_silently(house, person) == ""
        house.clock.advance(1)
        assert await self.asked_silently(house, person) == "login_required"

    async def test_a_page_asks_for_the_password_again_after_it(self, house: House) -> None:
        person = house.person()
        await sign_in(house.portal("inbound"), person, "dana")
        house.clock.advance(HOUR)
        journey = await go_to(house.portal("inbound"), person)
        assert journey.page.h1 == "Sign in to Inbound"

    async def test_max_age_asks_for_the_password_within_it(self, house: House) -> None:
        person, inbound = house.person(), house.portal("inbound")
        first = await sign_in(inbound, person, "dana")
        house.clock.advance(59)
        young = await go_to(inbound, person, max_age=60)
        assert (await young.arrived()).claims["auth_time"] == first.claims["auth_time"]
        house.clock.advance(2)
        old = await go_to(inbound, person, max_age=60)
        assert old.page.h1 == "Sign in to Inbound"
        await old.give_password("dana")
        assert (await old.arrived()).claims["auth_time"] == house.clock.now()


class TestThePasswordHasAMaximumAge:
    async def page_after(self, house: House, portal: str, seconds: int) -> str:
        """The heading of the page that dana meets, or where she arrives."""
        house.clock.advance(seconds)
        journey = await go_to(house.portal(portal), house.person())
        await journey.give_password("dana")
        return "arrived" if journey.tab.has_arrived else journey.page.h1

    @pytest.mark.parametrize("portal", ["inbound", "sip-trunk-plus"])
    async def test_for_both_portals_in_one_place(self, tmp_path: Path, portal: str) -> None:
        async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path, passwords={"max_age_days": 30}) as house:
            assert await self.page_after(house, portal, 30 * DAY - 1) == "arrived"
            assert await self.page_after(house, portal, 1) == "Choose a new password"

    async def test_off_unless_somebody_wants_it(self, house: House) -> None:
        assert await self.page_after(house, "inbound", 3650 * DAY) == "arrived"

    async def test_the_shortest_of_house_portal_and_account_wins(self, tmp_path: Path) -> None:
        async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path, passwords={"max_age_days": 90}) as house:
            strict = await house.client("strict", policy={"password_max_age_days": 60})
            async with house.runtime.store.write() as uow:
                account = await uow.accounts.by_number("EC-20017")
                assert account is not None
                await uow.accounts.set_password_max_age(account.id, 30)
            house.clock.advance(30 * DAY)
            danas = await go_to(house.portal("inbound"), house.person())
            await danas.give_password("dana")
            assert "older than 30 days" in danas.page.text
            assert (await sign_in(strict, house.person(), "rita")).amr == ["pwd"]
            house.clock.advance(30 * DAY)
            ritas = await go_to(strict, house.person())
            await ritas.give_password("rita")
            assert "older than 60 days" in ritas.page.text
            assert (await sign_in(house.portal("inbound"), house.person(), "rita")).amr == ["pwd"]

    async def test_changed_it_starts_anew_and_the_old_one_may_not_come_back(self, tmp_path: Path) -> None:
        async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path, passwords={"max_age_days": 30}) as house:
            inbound = house.portal("inbound")
            house.clock.advance(30 * DAY)
            journey = await go_to(inbound, house.person())
            await journey.give_password("dana")
            await journey.press(new_password="Correct-Horse-9")
            assert "current password" in journey.page.errors
            await journey.press(new_password=CHOSEN)
            assert (await journey.arrived()).amr == ["pwd"]
            house.clock.advance(30 * DAY - 1)
            assert (await sign_in(inbound, house.person(), "dana", CHOSEN)).amr == ["pwd"]

    async def test_reached_within_a_session_it_stops_the_next_portal(self, tmp_path: Path) -> None:
        async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path, passwords={"max_age_days": 30}) as house:
            person = house.person()
            house.clock.advance(30 * DAY - 10)
            await sign_in(house.portal("inbound"), person, "dana")
            house.clock.advance(10)
            journey = await go_to(house.portal("sip-trunk-plus"), person)
            assert journey.page.h1 == "Choose a new password"
            silent = await go_to(house.portal("sip-trunk-plus"), person, prompt="none")
            with pytest.raises(AuthorizationRefused, match="interaction_required"):
                await silent.arrived()
