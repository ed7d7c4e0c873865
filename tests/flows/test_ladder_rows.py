"""SECURITY-CASES 1.1, what people and attackers do to a sign-in under way: tabs, links, jumps, the Back button (AZ33 to AZ41)."""

from __future__ import annotations

import pytest

from idp.domain.steps import Step
from idp.services.accounts import ChangePermissions, change_permissions
from tests.flows.journeys import CHOSEN, HOUR, MINUTE, PASSWORD, Journey, app_code, go_to, sign_in
from tests.flows.test_sip_trunk_plus_article import USE_2FA
from tests.flows.test_totp_rows import to_step
from tests.support.dump import changes, dump, untouched
from tests.support.house import House
from tests.support.page import Submission
from tests.support.person import login_of
from tests.support.relying_party import AuthorizationRefused, read_answer

EVERY_STEP = ("password", "account", "verify", "change-password", "enrol", "consent", "method", "resend")
EVERY_FIELD = (
    ("username", "sam"), ("password", PASSWORD), ("account", "EC-20018"), ("code", "123456"), ("new_password", CHOSEN),
    ("method", "totp"), ("phone_number", "+447700900555"),
)  # fmt: skip
NOTHING = frozenset[str]()


class TestTabs:
    async def test_AZ33_two_tabs_for_two_portals_end_each_at_its_own(self, house: House) -> None:
        person = house.person()
        inbound, trunk = house.portal("inbound"), house.portal("sip-trunk-plus")
        one, other = await go_to(inbound, person), await go_to(trunk, person)
        await other.give_password("sam")
        await one.give_password("sam")
        await other.press(code=(await house.text_to("+447700900118")).code)
        first, second = await one.arrived(), await other.arrived()
        assert (first.claims["aud"], second.claims["aud"]) == ("inbound", "sip-trunk-plus")
        assert (first.amr, second.amr) == (["pwd"], ["pwd", "sms", "mfa"])
        assert first.claims["sid"] == second.claims["sid"]

    async def test_AZ33_two_tabs_of_one_portal_keep_their_states(self, house: House) -> None:
        person, inbound = house.person(), house.portal("inbound")
        one, other = await go_to(inbound, person), await go_to(inbound, person)
        assert one.attempt.state != other.attempt.state
        await one.give_password("dana")
        await other.tab.reload()
        for journey in (one, other):
            assert (await journey.arrived()).sub

    async def test_AZ33_whoever_types_another_name_does_not_go_on_as_who_is_signed_in(self, house: House) -> None:
        person, inbound = house.person(), house.portal("inbound")
        one, other = await go_to(inbound, person), await go_to(inbound, person)
        await one.give_password("dana")
        danas = await one.arrived()
        async with untouched(house, ignoring=NOTHING):
            await other.give_password("rita")
        assert other.page.h1 == "You're already signed in"
        assert "dana - Harbour Dental" in other.page.text
        await other.press("switch-user")
        await other.give_password("rita")
        ritas = await other.arrived()
        assert ritas.claims["account"]["number"] == "RS-10023"
        assert danas.claims["sid"] != ritas.claims["sid"]
        silent = await go_to(inbound, person, prompt="none")
        assert (await silent.arrived()).sub == ritas.sub

    async def test_AZ33_or_does_when_they_say_so(self, house: House) -> None:
        person, inbound = house.person(), house.portal("inbound")
        one, other = await go_to(inbound, person), await go_to(inbound, person)
        await one.give_password("dana")
        await other.give_password("rita")
        await other.press("continue")
        assert (await other.arrived()).sub == (await one.arrived()).sub

    async def test_AZ33_the_same_name_goes_on(self, house: House) -> None:
        person, inbound = house.person(), house.portal("inbound")
        one, other = await go_to(inbound, person), await go_to(inbound, person)
        await one.give_password("dana")
        await other.give_password(" DANA ")
        assert (await other.arrived()).sub == (await one.arrived()).sub


class TestLinks:
    async def test_AZ34_a_sign_in_link_is_worth_nothing_in_another_browser(self, house: House) -> None:
        """An attacker starts a sign-in and sends the link to a victim who is signed in."""
        attacker = await go_to(house.portal("inbound"), house.person())
        victim = house.person()
        await sign_in(house.portal("inbound"), victim, "dana")
        async with untouched(house, ignoring=NOTHING):
            tab = await victim.open(attacker.page.url)
        assert tab.page.status == 400
        assert "error-page" in tab.page.ids
        for step in (*EVERY_STEP, "cancel", "switch", "restart"):
            async with untouched(house, ignoring=NOTHING):
                await tab.send(to_step(attacker.page, step, *EVERY_FIELD))
            assert "error-page" in tab.page.ids, step
        await attacker.tab.reload()
        assert attacker.page.h1 == "Sign in to Inbound"

    async def test_AZ34_nor_with_the_cookie_of_the_browser_planted(self, house: House) -> None:
        """The session is bound to its browser, too: a planted browser cookie brings no session along (SE02)."""
        attacker = await go_to(house.portal("inbound"), house.person())
        victim = house.person()
        await sign_in(house.portal("inbound"), victim, "dana")
        name, planted = next(pair for pair in attacker.person.cookies.items() if "browser" in pair[0])
        victim.http.cookies.delete(name)
        victim.http.cookies.set(name, planted, domain="localhost.local", path="/")
        tab = await victim.open(attacker.page.url)
        assert tab.page.h1 == "Sign in to Inbound"  # nobody is signed in here

    async def test_AZ34_a_made_up_link_is_a_page_that_says_so(self, house: House) -> None:
        for token in ("x", "0" * 43, "..%2f..%2f", "%00", "A" * 5000, "é"):
            async with untouched(house, ignoring=NOTHING):
                tab = await house.person().open(f"/sign-in/{token}")
            assert tab.page.status in (400, 404), token
            assert "error-page" in tab.page.ids


class TestTheBackButton:
    async def test_AZ35_a_finished_sign_in_gives_no_second_code(self, house: House) -> None:
        journey = await go_to(house.portal("inbound"), house.person())
        page = journey.page
        again = journey.tab.prepare("continue", username="dana", password=PASSWORD)
        await journey.tab.send(again)
        await journey.arrived()
        back = await journey.person.open("/forgotten")
        async with untouched(house, ignoring=NOTHING):
            await back.send(again)
        assert back.page.status == 200
        assert back.page.h1 == "You're already signed in"
        for step in (*EVERY_STEP, "cancel"):
            async with untouched(house, ignoring=NOTHING):
                await back.send(to_step(page, step, *EVERY_FIELD))
            assert back.page.h1 == "You're already signed in", step
        await back.press("continue")
        assert journey.attempt.code(back.arrival)

    async def test_AZ35_a_cancelled_sign_in_stays_cancelled(self, house: House) -> None:
        journey = await go_to(house.portal("inbound"), house.person())
        again = journey.tab.prepare("continue", username="dana", password=PASSWORD)
        await journey.press("cancel")
        with pytest.raises(AuthorizationRefused, match="access_denied"):
            await journey.arrived()
        async with untouched(house, ignoring=NOTHING):
            await journey.tab.send(again)
        assert journey.page.h1 == "This sign-in has expired"
        await journey.press()
        await journey.give_password("dana")
        assert (await journey.arrived()).amr == ["pwd"]


class TestJumps:
    async def test_AZ37_before_the_password_no_step_can_be_entered(self, house: House) -> None:
        journey = await go_to(house.portal("sip-trunk-plus"), house.person())
        await self._assert_stuck(house, journey, "Sign in to SIP Trunk Plus", but=("password",))
        assert not [message for message in await house.outbox() if message.channel == "sms"]

    async def test_AZ37_before_the_account_is_chosen_no_later_step(self, house: House) -> None:
        journey = await go_to(house.portal("sip-trunk-plus"), house.person())
        await journey.give_password("max")
        await self._assert_stuck(house, journey, "Choose an account", but=("account",))

    async def test_AZ37_before_the_code_no_later_step(self, house: House) -> None:
        journey = await go_to(house.portal("sip-trunk-plus"), house.person())
        await journey.give_password("sam")
        await house.text_to("+447700900118")
        await self._assert_stuck(house, journey, "Check your text messages", but=("verify", "resend", "method"))

    async def test_AZ37_before_the_password_is_changed_no_later_step(self, house: House) -> None:
        mail = await house.mail_to("iris@demo.example")
        journey = await go_to(house.portal("inbound"), house.person(), acr_values=f"{house.issuer}/acr/mfa")
        await journey.give_password("iris", mail.password)
        await self._assert_stuck(house, journey, "Choose a new password", but=("change-password",))

    async def test_AZ37_before_consent_no_code(self, house: House) -> None:
        journey = await go_to(await house.client(policy={"first_party": False}), house.person())
        await journey.give_password("dana")
        await self._assert_stuck(house, journey, "Share your details with Test Client?", but=("consent",))

    @staticmethod
    async def _assert_stuck(house: House, journey: Journey, h1: str, but: tuple[str, ...]) -> None:
        """Every step that is not the current one leads back to it and changes nothing, not even a counter."""
        assert journey.page.h1 == h1
        page = journey.page
        for step in (step for step in EVERY_STEP if step not in but):
            async with untouched(house, ignoring=NOTHING):
                await journey.tab.send(to_step(page, step, *EVERY_FIELD))
            assert journey.page.h1 == h1, step
        for step in (*EVERY_STEP, "done", "refused", "no-phone", "unmet", "finish"):
            await journey.tab.open(f"/sign-in/{login_of(page)}/{step}")
            assert journey.page.h1 == h1, step


class TestRestart:
    async def test_AZ38_a_restarted_sign_in_meets_the_policy_of_now(self, house: House) -> None:
        """The reseller switches Use 2FA on while a sign-in waits in a tab."""
        journey = await go_to(house.portal("sip-trunk-plus"), house.person())
        await house.run(change_permissions, ChangePermissions("EC-20017", allocate=USE_2FA))
        house.clock.advance(31 * MINUTE)
        await journey.tab.reload()
        assert journey.page.h1 == "This sign-in has expired"
        await journey.press()
        await journey.give_password("dana")
        assert journey.page.h1 == "We need a mobile number for you"

    async def test_AZ38_nothing_proved_before_counts_after_a_restart(self, house: House) -> None:
        key = await house.support_key()
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password("support")
        await journey.tab.send(to_step(journey.page, "restart"))
        assert journey.page.h1 == "Sign in to Inbound"
        await journey.give_password("support")
        await journey.press(code=app_code(key, house.clock.now()))
        assert (await journey.arrived()).amr == ["pwd", "otp", "mfa"]

    async def test_AZ38_not_you_asks_for_the_password_whatever_the_session(self, house: House) -> None:
        person = house.person()
        await sign_in(house.portal("inbound"), person, "sam")
        journey = await go_to(house.portal("sip-trunk-plus"), person)
        assert journey.page.h1 == "Check your text messages"
        await journey.press("switch-user")
        assert journey.page.h1 == "Sign in to SIP Trunk Plus"
        await journey.give_password("rita")
        assert (await journey.arrived()).claims["account"]["number"] == "RS-10023"

    async def test_AZ38_max_age_counts_from_the_restart(self, house: House) -> None:
        """A tab waits for hours behind a session that was young enough when the sign-in began."""
        person, trunk = house.person(), house.portal("sip-trunk-plus")
        await sign_in(house.portal("inbound"), person, "sam")
        journey = await go_to(trunk, person, max_age=HOUR)
        assert journey.page.h1 == "Check your text messages"
        for _ in range(2):
            house.clock.advance(50 * MINUTE)
            await (await go_to(house.portal("inbound"), person, prompt="none")).arrived()
        await journey.tab.reload()
        await journey.press()
        assert journey.page.h1 == "Sign in to SIP Trunk Plus"
        await journey.give_password("sam")
        await journey.press(code=(await house.text_to("+447700900118")).code)
        await journey.arrived()


class TestAnswers:
    async def test_AZ21_prompt_login_is_the_servers_to_remember(self, house: House) -> None:
        person, inbound = house.person(), house.portal("inbound")
        await sign_in(inbound, person, "dana")
        journey = await go_to(inbound, person, prompt="login")
        for query in ("", "?prompt=none", "?prompt=", "?max_age=99999"):
            await journey.tab.open(f"/sign-in/{login_of(journey.page)}{query}")
            assert journey.page.h1 == "Sign in to Inbound"
        house.clock.advance(5)
        await journey.give_password("dana")
        assert (await journey.arrived()).claims["auth_time"] == house.clock.now()

    async def test_AZ39_code_and_error_both_name_the_issuer(self, house: House) -> None:
        inbound = house.portal("inbound")
        assert (await inbound.discover())["authorization_response_iss_parameter_supported"] is True
        journey = await go_to(inbound, house.person())
        await journey.give_password("dana")
        refused = await go_to(inbound, house.person(), prompt="none")
        for arrival in (journey.tab.arrival, refused.tab.arrival):
            assert read_answer(arrival, inbound.redirect_uri)["iss"] == house.issuer

    async def test_AZ40_scripts_of_other_origins_get_no_permission_here(self, house: House) -> None:
        attempt = await house.portal("inbound").begin()
        person = house.person()
        for wanted in (Submission("GET", attempt.url), Submission("OPTIONS", attempt.url)):
            answer = await person.send(wanted, "cross-site", origin="https://evil.example")
            assert not [name for name in answer.headers if name.startswith("access-control-")]
            assert answer.status_code < 500

    async def test_AZ41_a_form_is_answered_by_see_other_and_never_sends_itself_on(self, house: House) -> None:
        journey = await go_to(house.portal("inbound"), house.person())
        filled = journey.tab.prepare("continue", username="dana", password=PASSWORD)
        answer = await journey.person.send(filled)
        assert answer.status_code == 303
        last = await journey.person.send(Submission("GET", f"{house.issuer}{answer.headers['location']}"))
        assert last.status_code == 303
        assert last.headers["location"].startswith(journey.attempt.party.redirect_uri)

    async def test_AZ24_a_hint_of_another_person_ends_the_sign_in(self, house: House) -> None:
        inbound, danas, ritas = house.portal("inbound"), house.person(), house.person()
        hint = (await sign_in(inbound, danas, "dana")).id_token
        await sign_in(inbound, ritas, "rita")
        for request in ({}, {"prompt": "none"}):
            before = await dump(house.runtime.store)
            journey = await go_to(inbound, ritas, id_token_hint=hint, **request)
            with pytest.raises(AuthorizationRefused, match="login_required"):
                await journey.arrived()
            assert changes(before, await dump(house.runtime.store)) == {"+logins"}
        nobody = await go_to(inbound, house.person(), id_token_hint=hint)
        await nobody.give_password("rita")
        with pytest.raises(AuthorizationRefused, match="login_required"):
            await nobody.arrived()
        assert (await (await go_to(inbound, danas, id_token_hint=hint)).arrived()).claims

    async def test_AZ24_a_hint_of_another_person_is_told_before_what_they_lack(self, house: House) -> None:
        trunk, person = house.portal("sip-trunk-plus"), house.person()
        await sign_in(house.portal("inbound"), person, "sam")
        hint = (await sign_in(trunk, house.person(), "rita")).id_token
        silent = await go_to(trunk, person, id_token_hint=hint, prompt="none")
        with pytest.raises(AuthorizationRefused, match="login_required"):
            await silent.arrived()
        assert not [message for message in await house.outbox() if message.channel == "sms"]


def test_every_step_of_the_ladder_is_tried() -> None:
    """A new rung belongs into the lists above."""
    assert {step.value for step in Step} - {*EVERY_STEP} == {"done", "refused", "no-phone", "unmet"}
