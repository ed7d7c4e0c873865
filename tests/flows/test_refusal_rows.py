"""Who is refused after the right password, and told why; and who is asked for consent (DESIGN 3, AD08, PW22)."""

from __future__ import annotations

import pytest

from idp.domain.accounts import Kind
from idp.services.accounts import (
    AddAccount,
    ResumeAccount,
    SuspendAccount,
    add_account,
    resume_account,
    suspend_account,
)
from idp.services.people import AddMembership, add_membership
from idp.services.people_security import DisableUser, disable_user
from tests.flows.journeys import PASSWORD, Journey, app_code, go_to, past_events, sign_in
from tests.support.dump import untouched
from tests.support.house import House
from tests.support.relying_party import AuthorizationRefused, TokenRefused

SUPPORT = "500 Telecom support"


async def at_inbound(house: House, username: str, password: str = PASSWORD) -> Journey:
    journey = await go_to(house.portal("inbound"), house.person())
    await journey.give_password(username, password)
    return journey


async def deny(house: House, number: str, client_id: str) -> None:
    """What the *Portals* tab of the account will do."""
    async with house.runtime.store.write() as uow:
        account = await uow.accounts.by_number(number)
        assert account is not None
        await uow.accounts.set_portal(account.id, client_id, False)


async def assert_refused(journey: Journey, h1: str, contact: str) -> None:
    """The page says so, whom to ask, and gives a reference; the portal is told nothing but that access was denied."""
    page = journey.page
    assert (page.status, page.h1) == (403, h1)
    assert f"contact {contact}" in page.text
    reference = page.said("details")
    await journey.tab.reload()
    assert journey.page.said("details") == reference
    await journey.press("return-to-client")
    with pytest.raises(AuthorizationRefused, match="access_denied"):
        await journey.arrived()


class TestWhoIsRefused:
    async def test_a_disabled_person_is_told_after_the_right_password_only(self, house: House) -> None:
        await house.run(disable_user, DisableUser("dana"))
        wrong = await at_inbound(house, "dana", "a wrong password 12")
        assert wrong.page.errors == (await at_inbound(house, "nobody", "a wrong password 12")).page.errors
        await assert_refused(await at_inbound(house, "dana"), "Your sign-in is switched off", "Northern Voice")

    async def test_AD08_a_suspended_account_is_named(self, house: House) -> None:
        await house.run(suspend_account, SuspendAccount("EC-20017"))
        journey = await at_inbound(house, "dana")
        assert "Harbour Dental is suspended" in journey.page.text
        await assert_refused(journey, "Your account is suspended", "Northern Voice")

    async def test_AD08_a_suspended_reseller_stops_everybody_below_at_once(self, house: House) -> None:
        inbound, person = house.portal("inbound"), house.person()
        signed_in = await sign_in(inbound, person, "dana")
        waiting = await go_to(inbound, house.person())
        code = await go_to(inbound, person)
        await house.run(suspend_account, SuspendAccount("RS-10023"))
        for refused in (inbound.refresh(signed_in), inbound.userinfo(signed_in), code.arrived()):
            with pytest.raises(TokenRefused):
                await refused
        assert (await inbound.introspect(signed_in.access_token)) == {"active": False}
        silent = await go_to(inbound, person, prompt="none")
        with pytest.raises(AuthorizationRefused, match="login_required"):
            await silent.arrived()
        await waiting.give_password("dana")
        await assert_refused(waiting, "Your account is suspended", "Northern Voice")

        await house.run(resume_account, ResumeAccount("RS-10023"))
        with pytest.raises(TokenRefused):  # AD09: what ended stays ended
            await inbound.refresh(signed_in)
        assert (await sign_in(inbound, house.person(), "dana")).sub == signed_in.sub

    async def test_AD08_no_text_message_goes_to_a_suspended_account(self, house: House) -> None:
        await house.run(suspend_account, SuspendAccount("RS-10023"))
        journey = await go_to(house.portal("sip-trunk-plus"), house.person())
        await journey.give_password("sam")
        assert journey.page.h1 == "Your account is suspended"
        await house.deliver()
        assert not [message for message in await house.outbox() if message.channel == "sms"]

    async def test_an_account_that_may_not_use_the_portal_is_no_suspended_one(self, house: House) -> None:
        await deny(house, "EC-20017", "inbound")
        journey = await at_inbound(house, "dana")
        assert "suspended" not in journey.page.text
        await assert_refused(journey, "You cannot use Inbound", "Northern Voice")
        assert (await sign_in(house.portal("sip-trunk-plus"), house.person(), "dana")).amr == ["pwd"]

    async def test_of_two_accounts_the_one_that_may_is_taken_without_asking(self, house: House) -> None:
        await deny(house, "EC-20017", "inbound")
        signed_in = await sign_in(house.portal("inbound"), house.person(), "max")
        assert signed_in.claims["account"]["number"] == "EC-20018"
        await house.run(suspend_account, SuspendAccount("EC-20018"))
        journey = await at_inbound(house, "max")
        await assert_refused(journey, "You cannot use Inbound", "Northern Voice")
        await house.run(suspend_account, SuspendAccount("EC-20017"))
        journey = await at_inbound(house, "max")
        assert "your account is suspended" in journey.page.text
        await assert_refused(journey, "Your account is suspended", "Northern Voice")

    async def test_accounts_of_two_resellers_have_support_in_common(self, house: House) -> None:
        await house.run(add_account, AddAccount("EC-30001", "Kiln & Sons", Kind.END_CLIENT, "RS-10024"))
        await house.run(add_membership, AddMembership("dana", "EC-30001"))
        await deny(house, "EC-20017", "inbound")
        await deny(house, "EC-30001", "inbound")
        await assert_refused(await at_inbound(house, "dana"), "You cannot use Inbound", SUPPORT)

    async def test_a_reseller_turns_to_support(self, house: House) -> None:
        await deny(house, "RS-10023", "inbound")
        await assert_refused(await at_inbound(house, "rita"), "You cannot use Inbound", SUPPORT)

    async def test_a_refusal_leaves_one_record_however_often_it_is_looked_at(self, house: House) -> None:
        await deny(house, "EC-20017", "inbound")
        journey = await at_inbound(house, "dana")
        async with untouched(house, ignoring=frozenset()):
            await journey.tab.reload()
        assert (await past_events(house, "dana")).count("sign_in.refused") == 1


class TestConsent:
    async def test_an_app_that_is_not_ours_asks_once(self, house: House) -> None:
        tally, person = await house.client("tally", policy={"first_party": False}), house.person()
        journey = await go_to(tally, person)
        await journey.give_password("dana")
        assert journey.page.h1 == "Share your details with Test Client?"
        await journey.press("consent-approve")
        assert (await journey.arrived()).amr == ["pwd"]
        assert (await (await go_to(tally, person)).arrived()).amr == ["pwd"]
        more = await go_to(tally, person, scope=f"{tally.scope} address")
        assert "Your postal address" in more.page.text
        await more.press("cancel")
        with pytest.raises(AuthorizationRefused, match="access_denied"):
            await more.arrived()

    async def test_prompt_consent_asks_each_time(self, house: House) -> None:
        tally, person = await house.client("tally", policy={"first_party": False}), house.person()
        first = await go_to(tally, person)
        await first.give_password("dana")
        await first.press("consent-approve")
        for _ in range(2):
            journey = await go_to(tally, person, prompt="consent")
            assert journey.page.h1 == "Share your details with Test Client?"
            await journey.tab.reload()
            await journey.press("consent-approve")
            assert (await journey.arrived()).amr == ["pwd"]

    async def test_what_one_person_agreed_to_in_a_tab_is_not_the_next_ones(self, house: House) -> None:
        tally, person = (
            await house.client("tally", policy={"first_party": False, "second_factor": "totp"}),
            house.person(),
        )
        key = await house.support_key()
        journey = await go_to(tally, person, prompt="consent")
        await journey.give_password("support")
        await journey.press(code=app_code(key, house.clock.now()))
        assert "consent-approve" in journey.page.ids
        await journey.press("switch-user")
        await journey.give_password("dana")
        assert "consent-approve" in journey.page.ids

    async def test_our_own_portals_never_ask(self, house: House) -> None:
        journey = await go_to(house.portal("inbound"), house.person(), prompt="consent")
        await journey.give_password("dana")
        assert (await journey.arrived()).amr == ["pwd"]
