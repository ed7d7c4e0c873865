"""SECURITY-CASES on one's own sessions and on every form of the account pages, by their ids: SE04, SE07."""

from __future__ import annotations

import pytest

from idp.services.people_security import DisableUser, disable_user
from idp.web.sign_in.errands import OwnPage
from tests.flows.journeys import (
    CHOSEN,
    PASSWORD,
    go_to,
    sign_in,
)
from tests.flows.own_account import (
    OFFLINE,
    is_sign_in,
    post,
    session_buttons,
    signed_in_at_home,
)
from tests.support.dump import untouched
from tests.support.house import House
from tests.support.person import Tab
from tests.support.relying_party import TokenRefused


class TestSessions:
    async def test_SE04_one_is_ended_and_dead_at_once_with_its_tokens(self, either_house: House) -> None:
        house = either_house
        long_lived, elsewhere = await house.client("long-lived", scope=OFFLINE), house.person()
        journey = await go_to(long_lived, elsewhere)
        await journey.give_password("dana")
        there = await journey.arrived()
        tab = await signed_in_at_home(house, "dana", "/account/sessions")
        here, other = session_buttons(tab.page)
        assert "Chrome on Linux This browser" in tab.page.text
        await tab.press(other)
        assert session_buttons(tab.page) == [here]
        with pytest.raises(TokenRefused, match="invalid_grant"):
            await long_lived.refresh(there)
        with pytest.raises(TokenRefused):
            await long_lived.userinfo(there)
        assert is_sign_in((await elsewhere.open("/account")).page)

    async def test_SE04_all_others_at_once(self, either_house: House) -> None:
        house = either_house
        inbound, person = house.portal("inbound"), house.person()
        mine = await sign_in(inbound, person, "dana")
        others = [house.person() for _ in range(3)]
        theirs = [await sign_in(inbound, other, "dana") for other in others]
        tab = await person.open("/account/sessions")
        assert len(session_buttons(tab.page)) == 4
        await tab.press("end-others")
        assert len(session_buttons(tab.page)) == 1
        assert "You are signed out everywhere else." in tab.page.text
        for other, tokens in zip(others, theirs, strict=True):
            assert is_sign_in((await other.open("/account")).page)
            with pytest.raises(TokenRefused, match="invalid_grant"):
                await inbound.refresh(tokens)
        await inbound.refresh(mine)

    async def test_SE04_a_session_of_somebody_else_is_not_there(self, house: House) -> None:
        sam = await signed_in_at_home(house, "sam", "/account/sessions")
        [of_sam] = session_buttons(sam.page)
        dana = await signed_in_at_home(house, "dana", "/account/sessions")
        async with untouched(house):
            await dana.send(post(dana.page, "/account/sessions", ("session", of_sam.removeprefix("end-"))))
        assert dana.page.status == 404
        await sam.reload()
        assert sam.page.status == 200

    async def test_ending_this_one_signs_out(self, house: House) -> None:
        person = house.person()
        tab = await signed_in_at_home(house, "dana", "/account/sessions", person=person)
        [own] = session_buttons(tab.page)
        await tab.press(own)
        assert "logged-out" in tab.page.ids
        assert "idp-session" not in person.cookies
        await tab.open("/account")
        assert is_sign_in(tab.page)

    async def test_a_disabled_person_is_out_with_the_next_request(self, house: House) -> None:
        tab = await signed_in_at_home(house, "dana")
        await house.run(disable_user, DisableUser("dana"))
        await tab.open("/account")
        assert is_sign_in(tab.page)


FORMS = [
    (OwnPage.MFA, "/account/mfa", ("enable_mfa", "on")),
    (OwnPage.MFA, "/account/mfa/set-up", ("x", "y")),
    (OwnPage.MFA, "/account/mfa/reset", ("x", "y")),
    (OwnPage.MFA, "/account/mfa/reset/confirm", ("x", "y")),
    (OwnPage.PASSWORD, "/account/password", ("new_password", CHOSEN)),
    (OwnPage.PHONE, "/account/phone", ("phone_number", "07700900222")),
    (OwnPage.PHONE, "/account/phone/code", ("code", "123456")),
    (OwnPage.PHONE, "/account/phone/resend", ("x", "y")),
    (OwnPage.SESSIONS, "/account/sessions", ("session", "ses_x")),
    (OwnPage.SESSIONS, "/account/sessions/others", ("x", "y")),
]


class TestForgedForms:
    @pytest.mark.parametrize(("page", "path", "field"), FORMS)
    async def test_SE07_a_form_that_does_not_come_from_here_changes_nothing(
        self, house: House, page: OwnPage, path: str, field: tuple[str, str]
    ) -> None:
        person = house.person()
        await signed_in_at_home(house, "dana", page, person=person)
        cases: list[tuple[dict[str, str], dict[str, str]]] = [
            ({"sec-fetch-site": "cross-site"}, {}),
            ({"sec-fetch-site": "same-site"}, {}),
            ({"origin": "https://evil.example"}, {}),
            ({}, {}),
            ({}, {"form_token": await _token_of(await signed_in_at_home(house, "sam"))}),
        ]
        for headers, token in cases:
            async with untouched(house):
                answer = await person.http.post(house.issuer + path, data=dict([field]) | token, headers=headers)
            assert answer.status_code == 403

    async def test_SE07_a_token_of_the_session_before_is_worth_nothing(self, house: House) -> None:
        person = house.person(fetch_metadata=False)
        tab = await person.open("/account/sessions")
        await tab.press("continue", username="dana", password=PASSWORD)
        kept = tab.prepare("sign-out")
        await tab.press("sign-out")
        assert "logged-out" in tab.page.ids
        await tab.send(kept)
        assert tab.page.status == 403

    async def test_every_form_works_in_a_browser_that_says_nothing_of_where_it_comes_from(self, house: House) -> None:
        person = house.person(fetch_metadata=False)
        tab = await person.open("/account/password")
        await tab.press("continue", username="dana", password=PASSWORD)
        await tab.press("continue", password=PASSWORD, new_password=CHOSEN)
        assert tab.page.h1.startswith("Hello")
        await tab.open("/account/mfa")
        await tab.press("save", enable_mfa=True)
        assert "MFA is on." in tab.page.text


async def _token_of(tab: Tab) -> str:
    return tab.page.fields()["form_token"]
