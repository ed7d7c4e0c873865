"""SECURITY-CASES on changing one's own password, by their ids: PW19, PW21, LG05."""

from __future__ import annotations

from inspect import getmembers, iscoroutinefunction, signature

import pytest
from starlette.routing import Route

from idp.domain.assurance import Method
from idp.services.self_service import mfa, password, phone, sessions
from idp.web.account.routes import routes
from tests.flows.journeys import (
    CHOSEN,
    PASSWORD,
    ask_for_new_details,
    go_to,
    sign_in,
)
from tests.flows.own_account import (
    OFFLINE,
    is_sign_in,
    signed_in_at_home,
    stored,
)
from tests.support.house import House
from tests.support.relying_party import TokenRefused


class TestAfterAPasswordChange:
    async def test_PW19_other_sessions_and_all_tokens_end_and_the_own_session_goes_on(
        self, either_house: House
    ) -> None:
        house = either_house
        inbound, here, elsewhere = house.portal("inbound"), house.person(), house.person()
        long_lived = await house.client("long-lived", scope=OFFLINE)
        journey = await go_to(long_lived, elsewhere)
        await journey.give_password("dana")
        offline = await journey.arrived()
        mine = await sign_in(inbound, here, "dana")
        tab = await here.open("/account/password")
        old_cookie = here.cookies["idp-session"]
        await tab.press("continue", password=PASSWORD, new_password=CHOSEN)
        assert tab.page.h1.startswith("Hello")
        assert here.cookies["idp-session"] != old_cookie

        for portal, tokens in ((inbound, mine), (long_lived, offline)):
            with pytest.raises(TokenRefused, match="invalid_grant"):
                await portal.refresh(tokens)
            with pytest.raises(TokenRefused):
                await portal.userinfo(tokens)
        assert (await go_to(inbound, elsewhere)).page.h1 == "Sign in to Inbound"
        assert (await (await go_to(inbound, here)).arrived()).amr == ["pwd"]
        mail = await house.mail_to("dana@demo.example")
        assert mail.subject == "Your password was changed"
        assert "Chrome" in mail.text  # from which browser
        assert "127.0.0.1" in mail.text

        stolen = house.person()
        stolen.http.cookies = here.http.cookies
        stolen.http.cookies.set("idp-session", old_cookie, domain="localhost.local", path="/")
        assert is_sign_in((await stolen.open("/account")).page)

    async def test_PW19_a_temporary_password_in_the_mailbox_is_void(self, house: House) -> None:
        await ask_for_new_details(house.person(), "dana")
        temporary = (await house.mail_to("dana@demo.example")).password
        tab = await signed_in_at_home(house, "dana", "/account/password")
        await tab.press("continue", password=PASSWORD, new_password=CHOSEN)
        assert tab.page.h1.startswith("Hello")
        late = await signed_in_at_home(house, "dana", password=temporary)
        assert late.page.errors

    async def test_a_passkey_of_the_last_minutes_does_for_the_current_password(self, house: House) -> None:
        tab = await signed_in_at_home(house, "dana", "/account/password")
        await _prove(house, "dana", Method.PASSKEY)
        await tab.press("continue", new_password=CHOSEN)
        assert tab.page.h1.startswith("Hello")

    async def test_LG05_guesses_of_the_current_password_count_with_those_at_the_sign_in(self, house: House) -> None:
        tab = await signed_in_at_home(house, "dana", "/account/password")
        for _ in range(5):
            await tab.press("continue", password="Wrong-Horse-9", new_password=CHOSEN)
            assert tab.page.status == 400
        await tab.press("continue", password=PASSWORD, new_password=CHOSEN)
        assert tab.page.status == 429
        assert "Too many attempts" in tab.page.errors
        await tab.press("sign-out")
        await tab.open("/account")
        await tab.press("continue", username="dana", password=PASSWORD)
        assert tab.page.errors  # the same browser, the same counter
        house.clock.advance(3)
        await tab.press("continue", username="dana", password=PASSWORD)
        assert tab.page.h1.startswith("Hello")

    def test_PW21_no_use_case_here_names_another_person(self) -> None:
        """Whoever calls is the owner of a session: no parameter could name somebody else."""
        use_cases = [
            use_case
            for module in (mfa, password, phone, sessions)
            for _, use_case in getmembers(module, iscoroutinefunction)
            if use_case.__module__ == module.__name__
        ]
        assert password.change_my_password in use_cases
        for use_case in use_cases:
            assert not {"username", "user_id", "person"} & set(signature(use_case).parameters), use_case

    async def test_PW21_no_address_here_names_another_person(self, house: House) -> None:
        paths = [route.path for route in routes(house.runtime) if isinstance(route, Route)]
        assert not [path for path in paths if "{" in path]


async def _prove(house: House, username: str, method: Method) -> None:
    """Puts a proof into the one session of this person, as a sign-in by that method would."""
    person, now = await stored(house, username), house.clock.now()
    async with house.runtime.store.write() as uow:
        [session] = await uow.sessions.of_user(person.id, now)
        evidence = session.evidence.having(method, now)
        await uow.sessions.rotate(session.id, session.token_hash, evidence, session.user_epoch, now, session.expires_at)
