"""SECURITY-CASES on changing one's own mobile number, by their ids: SM02, SM07, SM09, SM11, SM14, SM19."""

from __future__ import annotations

import re

import pytest

from idp.services.people_security import SetPhone, set_phone
from tests.flows.journeys import (
    HOUR,
    MINUTE,
    go_to,
    wrong,
)
from tests.flows.own_account import (
    SAM_NUMBER,
    VERIFY_TEXT,
    is_sign_in,
    post,
    signed_in_at_home,
    stored,
)
from tests.support.house import House
from tests.support.relying_party import TokenRefused

SAM, SAM_NEW = "sam@demo.example", "+447700900222"


class TestMobileNumber:
    async def test_SM14_code_to_the_new_number_notice_to_the_old_one_and_the_mailbox(self, either_house: House) -> None:
        house = either_house
        trunk, elsewhere = house.portal("sip-trunk-plus"), house.person()
        journey = await go_to(trunk, elsewhere)
        await journey.give_password("sam")
        await journey.press(code=(await house.text_to(SAM_NUMBER)).code)
        there = await journey.arrived()

        person = house.person()
        tab = await signed_in_at_home(house, "sam", "/account/phone", person=person)
        assert tab.page.h1 == VERIFY_TEXT  # the present number first: it guards the account
        await tab.press("continue", code=(await house.text_to(SAM_NUMBER)).code)
        assert tab.page.h1 == "Your mobile number"
        assert "•••• ••• 118" in tab.page.text
        await tab.press("continue", phone_number="07700 900222")
        assert "+44 7700 900222" in tab.page.text
        assert (await stored(house, "sam")).phone_number == SAM_NUMBER  # nothing counts before the code
        code = (await house.text_to(SAM_NEW)).code
        await tab.press("continue", code=wrong(code))
        assert tab.page.errors
        await tab.press("continue", code=code)
        assert "Your mobile number is changed." in tab.page.text

        sam = await stored(house, "sam")
        assert (sam.phone_number, sam.phone_number_verified) == (SAM_NEW, True)
        old = await house.text_to(SAM_NUMBER)
        assert "another number" in old.text
        assert "222" not in old.text
        mail = await house.mail_to(SAM)
        assert "222" in mail.text
        assert SAM_NEW not in mail.text
        with pytest.raises(TokenRefused, match="invalid_grant"):
            await trunk.refresh(there)
        assert (await go_to(trunk, elsewhere)).page.h1 == "Sign in to SIP Trunk Plus"
        mine = await go_to(trunk, person)
        assert mine.page.h1 == VERIFY_TEXT  # the old number proves nothing any more
        await mine.press(code=(await house.text_to(SAM_NEW)).code)
        assert (await mine.arrived()).amr == ["pwd", "sms", "mfa"]

    async def test_SM14_a_plain_session_of_an_hour_ago_changes_nothing(self, house: House) -> None:
        tab = await signed_in_at_home(house, "dana")
        house.clock.advance(HOUR - 60)
        await tab.open("/account/phone")
        assert is_sign_in(tab.page)

    @pytest.mark.parametrize(
        ("typed", "reason"),
        [
            ("", "Enter your new mobile number."),
            ("hello", "international format"),
            ("020 7946 0000", "not a mobile number"),
            ("+1 212 555 0100", "that country"),
            ("07700900222;ext=5", "no extension"),
        ],
    )
    async def test_SM07_a_number_that_will_not_do_is_refused_with_the_reason(
        self, house: House, typed: str, reason: str
    ) -> None:
        tab = await signed_in_at_home(house, "dana", "/account/phone")
        await tab.press("continue", phone_number=typed)
        assert tab.page.status == 400
        assert reason in tab.page.errors
        assert tab.page.fields()["phone_number"] == typed
        assert not [message for message in await house.outbox() if message.channel == "sms"]

    async def test_SM02_texts_to_new_numbers_are_limited_like_all_others(self, house: House) -> None:
        tab = await signed_in_at_home(house, "dana", "/account/phone")
        await tab.press("continue", phone_number="07700900222")
        await tab.press("resend")
        assert tab.page.status == 429
        assert "You can ask for another in" in tab.page.errors
        await tab.open("/account/phone")
        await tab.press("continue", phone_number="07700900333")  # another number is no way round the pause
        assert tab.page.status == 429
        house.clock.advance(30)
        await tab.press("continue", phone_number="07700900333")
        assert "+44 7700 900333" in tab.page.text

    async def test_SM11_five_wrong_codes_and_the_right_one_is_worth_nothing(self, house: House) -> None:
        tab = await signed_in_at_home(house, "dana", "/account/phone")
        await tab.press("continue", phone_number="07700900222")
        code = (await house.text_to("+447700900222")).code
        for _ in range(5):
            await tab.press("continue", code=wrong(code))
            assert tab.page.errors
        await tab.press("continue", code=code)
        assert tab.page.status in (400, 429)
        assert (await stored(house, "dana")).phone_number is None

    async def test_SM09_a_code_that_is_too_old_is_worth_nothing(self, house: House) -> None:
        tab = await signed_in_at_home(house, "dana", "/account/phone")
        await tab.press("continue", phone_number="07700900222")
        code = (await house.text_to("+447700900222")).code
        house.clock.advance(5 * MINUTE)
        await tab.press("continue", code=code)
        assert "expired" in tab.page.errors
        assert (await stored(house, "dana")).phone_number is None

    async def test_the_code_of_one_session_is_worth_nothing_in_another(self, house: House) -> None:
        tab = await signed_in_at_home(house, "dana", "/account/phone")
        await tab.press("continue", phone_number="07700900222")
        code = (await house.text_to("+447700900222")).code
        other = await signed_in_at_home(house, "dana", "/account/phone")
        await other.send(post(other.page, "/account/phone/code", ("code", code)))
        assert other.page.h1 == "Your mobile number"
        assert (await stored(house, "dana")).phone_number is None

    async def test_SM19_the_number_is_masked_everywhere_but_where_it_was_just_typed(self, house: House) -> None:
        await house.run(set_phone, SetPhone("dana", SAM_NEW))
        tab = await signed_in_at_home(house, "dana")
        for path in ("/account", "/account/phone", "/account/mfa", "/account/sessions"):
            await tab.open(path)
            assert not re.search(r"7700 ?900", tab.page.html.replace("447700900123", "")), path
        await tab.open("/account/phone")
        assert "•••• ••• 222" in tab.page.text
