"""The support article of SIP Trunk Plus on two-factor authentication, told section by section."""

from __future__ import annotations

import re

import pytest

from idp.domain.people import Role
from idp.domain.permissions import Permission
from idp.errors import InvalidInput
from idp.services.accounts import ChangePermissions, change_permissions
from idp.services.people import CreateUser, create_user
from idp.services.people_security import SetPhone, set_phone
from tests.flows.journeys import CHOSEN, Journey, app_code, enrol, go_to, past_events, sign_in, wrong
from tests.support.house import House
from tests.support.relying_party import AuthorizationRefused

USE_2FA = frozenset({Permission.USE_2FA})
DANAS_NUMBER = "+447700900117"
ROLFS_NUMBER = "+447700900124"
SAMS_NUMBER = "+447700900118"


async def at_sip_trunk_plus(house: House, username: str) -> Journey:
    journey = await go_to(house.portal("sip-trunk-plus"), house.person())
    await journey.give_password(username)
    return journey


class TestSettingUpDualFactorAuthenticationForYourResellerAccount:
    async def test_an_authentication_code_is_sent_by_sms_before_access_is_given(self, house: House) -> None:
        journey = await at_sip_trunk_plus(house, "rolf")
        assert journey.page.h1 == "Check your text messages"
        text = await house.text_to(ROLFS_NUMBER)
        await journey.press(code=text.code)
        signed_in = await journey.arrived()
        assert signed_in.amr == ["pwd", "sms", "mfa"]
        assert signed_in.claims["acr"] == f"{house.issuer}/acr/mfa"
        assert signed_in.claims["permissions"] == ["use_2fa"]

    async def test_the_text_names_the_portal_and_holds_no_link_and_no_name(self, house: House) -> None:
        await at_sip_trunk_plus(house, "rolf")
        text = (await house.text_to(ROLFS_NUMBER)).text
        assert re.fullmatch(
            r"(\d{6}) is your code for SIP Trunk Plus\. Do not share it with anyone\.\n\n@localhost #\1", text
        )
        assert len(text) <= 160

    async def test_the_code_is_sent_once_however_often_the_page_is_loaded(self, house: House) -> None:
        journey = await at_sip_trunk_plus(house, "rolf")
        code = (await house.text_to(ROLFS_NUMBER)).code
        await journey.tab.reload()
        await journey.tab.reload()
        assert len([message for message in await house.outbox() if message.channel == "sms"]) == 1
        await journey.press(code=code)
        assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]

    async def test_a_wrong_code_gives_no_access(self, house: House) -> None:
        journey = await at_sip_trunk_plus(house, "rolf")
        code = (await house.text_to(ROLFS_NUMBER)).code
        await journey.press(code=wrong(code))
        assert "not right" in journey.page.errors
        await journey.press(code=code)
        assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]

    async def test_the_page_shows_the_end_of_the_number_and_no_more(self, house: House) -> None:
        journey = await at_sip_trunk_plus(house, "rolf")
        assert "124" in journey.page.text
        assert "0900124" not in journey.page.text.replace(" ", "")
        assert "4477" not in journey.page.text.replace(" ", "")

    @pytest.mark.parametrize("typed", ["447700900125", "+447700900125", "07700900125", "+44 (0)7700 900125"])
    async def test_the_number_is_entered_in_international_format(self, house: House, typed: str) -> None:
        await house.run(set_phone, SetPhone("rolf", typed))
        journey = await at_sip_trunk_plus(house, "rolf")
        await journey.press(code=(await house.text_to("+447700900125")).code)
        assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]

    @pytest.mark.parametrize("typed", ["12345", "02079460000", "+33612345678", "7700 nine"])
    async def test_a_number_that_cannot_receive_the_code_is_refused_when_it_is_entered(
        self, house: House, typed: str
    ) -> None:
        with pytest.raises(InvalidInput):
            await house.run(set_phone, SetPhone("rolf", typed))

    async def test_a_reseller_without_2fa_gets_by_with_the_password(self, house: House) -> None:
        portal = house.portal("sip-trunk-plus")
        assert (await sign_in(portal, house.person(), "rita")).amr == ["pwd"]

    async def test_2fa_binds_the_account_and_not_those_below_it(self, house: House) -> None:
        await house.run(change_permissions, ChangePermissions("RS-10023", allocate=USE_2FA))
        await house.run(set_phone, SetPhone("rita", "447700900126"))
        journey = await at_sip_trunk_plus(house, "rita")
        assert journey.page.h1 == "Check your text messages"
        assert (await sign_in(house.portal("sip-trunk-plus"), house.person(), "dana")).amr == ["pwd"]


class TestSettingUpDualFactorAuthenticationForYourEndClientAccounts:
    async def test_number_then_use_2fa_then_every_sign_in_asks_for_the_code(self, house: House) -> None:
        portal = house.portal("sip-trunk-plus")
        assert (await sign_in(portal, house.person(), "dana")).amr == ["pwd"]
        await house.run(set_phone, SetPhone("dana", DANAS_NUMBER))
        assert (await sign_in(portal, house.person(), "dana")).amr == ["pwd"]  # the number alone asks for nothing
        await house.run(change_permissions, ChangePermissions("EC-20017", allocate=USE_2FA))
        journey = await at_sip_trunk_plus(house, "dana")
        await journey.press(code=(await house.text_to(DANAS_NUMBER)).code)
        assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]

        await house.run(change_permissions, ChangePermissions("EC-20017", withdraw=USE_2FA))
        assert (await sign_in(portal, house.person(), "dana")).amr == ["pwd"]

    async def test_it_is_for_sip_trunk_plus_and_not_for_inbound(self, house: House) -> None:
        assert (await sign_in(house.portal("inbound"), house.person(), "sam")).amr == ["pwd"]
        journey = await at_sip_trunk_plus(house, "sam")
        await journey.press(code=(await house.text_to(SAMS_NUMBER)).code)
        assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]

    async def test_a_new_user_changes_the_temporary_password_behind_the_code(self, house: House) -> None:
        user = CreateUser("quinn", "quinn@demo.example", "EC-20018", Role.USER, phone="447700900127")
        await house.run(create_user, user)
        mail = await house.mail_to("quinn@demo.example")
        journey = await go_to(house.portal("sip-trunk-plus"), house.person())
        await journey.give_password("quinn", mail.password)
        assert journey.page.h1 == "Check your text messages"
        await journey.press(code=(await house.text_to("+447700900127")).code)
        assert journey.page.h1 == "Choose a new password"
        await journey.press(new_password=CHOSEN)
        assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]

    async def test_an_authenticator_app_stands_in_for_the_text_message(self, house: House) -> None:
        """A stronger factor that is enrolled is always offered in place of SMS."""
        await house.run(change_permissions, ChangePermissions("EC-20017", allocate=USE_2FA))
        first = await go_to(house.portal("inbound"), house.person())
        await first.give_password("theo")
        key = await enrol(first, house.clock.now)
        await first.arrived()
        house.clock.advance(30)
        journey = await at_sip_trunk_plus(house, "theo")
        assert journey.page.h1 == "Enter the code from your authenticator app"
        await journey.press(code=app_code(key, house.clock.now()))
        assert (await journey.arrived()).amr == ["pwd", "otp", "mfa"]


class TestMovingFromInboundToSipTrunkPlus:
    async def test_the_missing_factor_is_asked_for_and_nothing_else(self, house: House) -> None:
        person = house.person()
        at_inbound = await sign_in(house.portal("inbound"), person, "sam")
        house.clock.advance(5 * 60)
        journey = await go_to(house.portal("sip-trunk-plus"), person)
        assert journey.page.h1 == "Check your text messages"
        assert "password" not in journey.page.ids
        await journey.press(code=(await house.text_to(SAMS_NUMBER)).code)
        at_sip = await journey.arrived()
        assert at_sip.amr == ["pwd", "sms", "mfa"]
        assert at_sip.sub == at_inbound.sub
        assert at_sip.claims["sid"] == at_inbound.claims["sid"]
        # A second factor does not make the sign-in younger.
        assert at_sip.claims["auth_time"] == at_inbound.claims["auth_time"]

    async def test_coming_back_nothing_is_asked_for(self, house: House) -> None:
        person = house.person()
        journey = await go_to(house.portal("sip-trunk-plus"), person)
        await journey.give_password("sam")
        await journey.press(code=(await house.text_to(SAMS_NUMBER)).code)
        await journey.arrived()
        for portal in ("inbound", "sip-trunk-plus"):
            again = await go_to(house.portal(portal), person)
            assert (await again.arrived()).amr == ["pwd", "sms", "mfa"]
        silent = await go_to(house.portal("sip-trunk-plus"), person, prompt="none")
        assert (await silent.arrived()).amr == ["pwd", "sms", "mfa"]

    async def test_silently_the_portal_learns_that_something_is_missing(self, house: House) -> None:
        person = house.person()
        await sign_in(house.portal("inbound"), person, "sam")
        journey = await go_to(house.portal("sip-trunk-plus"), person, prompt="none")
        with pytest.raises(AuthorizationRefused, match="interaction_required"):
            await journey.arrived()

    async def test_a_portal_may_ask_for_the_second_factor_itself(self, house: House) -> None:
        person = house.person()
        await sign_in(house.portal("sip-trunk-plus"), person, "rita")
        await house.run(set_phone, SetPhone("rita", "447700900126"))
        journey = await go_to(house.portal("sip-trunk-plus"), house.person(), acr_values=f"{house.issuer}/acr/mfa")
        await journey.give_password("rita")
        await journey.press(code=(await house.text_to("+447700900126")).code)
        assert (await journey.arrived()).claims["acr"] == f"{house.issuer}/acr/mfa"


class TestImportantNoteNoMobileNumberAllocated:
    async def test_access_is_prevented_and_the_page_says_what_to_send_to_whom(self, house: House) -> None:
        journey = await at_sip_trunk_plus(house, "nora")
        page = journey.page
        assert page.status == 403
        blocked = page.said("blocked")
        for datum in ("nora", "EC-20018", "Quayside Legal", "Nora Whitfield", "Northern Voice"):
            assert datum in blocked
        assert "mobile number in international format" in blocked
        reference = re.search(r"Reference: (\S+)", blocked)
        assert reference is not None
        async with house.runtime.store.read() as uow:
            [(_, event)] = await uow.audit.by_reference(reference[1])
        assert event.event == "sign_in.blocked_no_phone"
        assert await house.outbox() == [m for m in await house.outbox() if m.channel == "email"]

    async def test_the_reference_stays_when_the_page_is_loaded_again(self, house: House) -> None:
        journey = await at_sip_trunk_plus(house, "nora")
        shown = journey.page.said("details")
        await journey.tab.reload()
        assert journey.page.said("details") == shown
        assert (await past_events(house, "nora")).count("sign_in.blocked_no_phone") == 1

    async def test_back_at_the_portal_access_was_denied(self, house: House) -> None:
        journey = await at_sip_trunk_plus(house, "nora")
        await journey.press("return-to-client")
        with pytest.raises(AuthorizationRefused, match="access_denied"):
            await journey.arrived()

    async def test_without_a_reseller_above_support_is_to_be_contacted(self, house: House) -> None:
        await house.run(set_phone, SetPhone("rolf", None))
        journey = await at_sip_trunk_plus(house, "rolf")
        assert house.settings.support.name in journey.page.said("blocked")
        assert f"mailto:{house.settings.support.email}" in journey.page.html

    async def test_with_a_number_the_same_person_gets_in(self, house: House) -> None:
        await at_sip_trunk_plus(house, "nora")
        await house.run(set_phone, SetPhone("nora", "447700900128"))
        journey = await at_sip_trunk_plus(house, "nora")
        await journey.press(code=(await house.text_to("+447700900128")).code)
        assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]

    async def test_inbound_is_open_to_her_all_the_time(self, house: House) -> None:
        assert (await sign_in(house.portal("inbound"), house.person(), "nora")).amr == ["pwd"]
