"""The authorization endpoint over real HTTP: both methods, both response modes, and who is sent where with which error."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from sqlalchemy import select

from idp.storage.tables import posted_requests
from tests.flows.journeys import Journey, go_to, sign_in
from tests.support.house import CALLBACK, House
from tests.support.page import Submission
from tests.support.person import Person, Tab, directives_of
from tests.support.relying_party import Attempt, AuthorizationRefused, RelyingParty, read_answer

AUTHORIZE = "/authorize"


def pairs_of(attempt: Attempt) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(urlsplit(attempt.url).query, strict_parsing=True))


async def posted(house: House, pairs: tuple[tuple[str, str], ...]) -> httpx2.Response:
    """A form on a page of the portal, as browsers send it: without any cookie of ours."""
    return await house.person().send(Submission("POST", house.issuer + AUTHORIZE, pairs), "cross-site")


async def go_by_form(house: House, portal: RelyingParty, person: Person, **request: str) -> Journey:
    attempt = await portal.begin(**request)
    answer = await posted(house, pairs_of(attempt))
    assert answer.status_code == 303
    return Journey(person, await person.open(answer.headers["location"]), attempt)


def answer_of(tab: Tab, redirect_uri: str = CALLBACK) -> dict[str, str]:
    """The parameters with which a portal was answered, by query or by form."""
    if not tab.arrived_with:
        return read_answer(tab.arrival, redirect_uri)
    assert tab.arrival == redirect_uri
    return dict(tab.arrived_with)


class TestPost:
    async def test_a_posted_request_signs_in_like_any_other(self, served: House) -> None:
        portal = served.portal("inbound")
        journey = await go_by_form(served, portal, served.person())
        assert journey.page.h1 == "Sign in to Inbound"
        await journey.give_password("dana")
        assert (await journey.arrived()).amr == ["pwd"]

    async def test_the_session_is_known_although_the_form_came_without_cookies(self, served: House) -> None:
        portal, person = served.portal("inbound"), served.person()
        first = await sign_in(portal, person, "dana")
        silent = await go_by_form(served, portal, person, prompt="none")
        assert (await silent.arrived()).claims["sid"] == first.claims["sid"]

    async def test_a_long_request_needs_no_long_address(self, served: House) -> None:
        portal, person = served.portal("inbound"), served.person()
        claims = '{"userinfo":{' + ",".join(f'"claim_{n}":null' for n in range(90)) + ',"name":{"essential":true}}}'
        filler = {f"unknown_{n}": "x" * 4000 for n in range(10)}
        journey = await go_by_form(served, portal, person, claims=claims, state="s" * 2000, nonce="n" * 2000, **filler)
        await journey.give_password("dana")
        given = read_answer(journey.tab.arrival, portal.redirect_uri)
        assert given["state"] == "s" * 2000

    async def test_no_token_of_the_request_is_stored_or_stands_in_an_address(self, served: House) -> None:
        portal, person = served.portal("inbound"), served.person()
        signed_in = await sign_in(portal, person, "dana")
        attempt = await portal.begin(id_token_hint=signed_in.id_token, prompt="none")
        answer = await posted(served, pairs_of(attempt))
        assert len(answer.headers["location"]) < 100
        async with served.runtime.store.reader() as connection:
            [stored] = (await connection.execute(select(posted_requests.c.request))).scalars()
        assert "eyJ" not in stored
        tab = await person.open(answer.headers["location"])
        assert (await attempt.finish(tab.arrival)).sub == signed_in.sub

    async def test_what_is_kept_is_for_minutes_and_for_this_endpoint(self, served: House) -> None:
        portal, person = served.portal("inbound"), served.person()
        location = (await posted(served, pairs_of(await portal.begin()))).headers["location"]
        for _ in range(2):  # a reload is no attack
            assert (await person.open(location)).page.h1 == "Sign in to Inbound"
        elsewhere = await person.open(location.replace("/authorize", "/end_session"))
        assert "logged-out" in elsewhere.page.ids
        served.clock.advance(300)
        late = await person.open(location)
        assert late.page.status == 400
        assert "error-page" in late.page.ids

    async def test_a_posted_request_that_cannot_be_answered_is_a_page_at_once(self, served: House) -> None:
        portal = served.portal("inbound")
        for wrong in ({"redirect_uri": "https://evil.example/"}, {"client_id": "nobody"}):
            answer = await posted(served, pairs_of(await portal.begin(**wrong)))
            assert answer.status_code == 400
            assert "location" not in answer.headers
            assert 'id="error-page"' in answer.text

    async def test_a_posted_mistake_goes_back_at_once(self, served: House) -> None:
        portal = served.portal("inbound")
        attempt = await portal.begin(claims="{")
        answer = await posted(served, pairs_of(attempt))
        assert answer.status_code == 303
        with pytest.raises(AuthorizationRefused, match="invalid_request"):
            attempt.code(answer.headers["location"])


class TestFormPost:
    """OAuth 2.0 Form Post Response Mode: codes and errors alike."""

    async def test_a_code_comes_in_a_form_with_state_and_issuer(self, served: House) -> None:
        portal = served.portal("inbound")
        journey = await go_to(portal, served.person(), response_mode="form_post")
        await journey.give_password("dana")
        page = journey.page
        policy = directives_of(page.headers["content-security-policy"])
        assert urlsplit(portal.redirect_uri).netloc in " ".join(policy["form-action"])
        assert any(source.startswith("'nonce-") for source in policy["script-src"])
        await journey.press()
        given = answer_of(journey.tab, portal.redirect_uri)
        assert given.keys() == {"code", "state", "iss"}
        assert (given["state"], given["iss"]) == (journey.attempt.state, served.issuer)
        assert (await journey.attempt.redeem(given["code"])).amr == ["pwd"]

    @pytest.mark.parametrize(
        ("wrong", "error"),
        [
            ({"response_type": None}, "invalid_request"),
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"prompt": "none"}, "login_required"),
            ({"prompt": "none login"}, "invalid_request"),
            ({"code_challenge": None}, "invalid_request"),
            ({"request": "e30.e30."}, "request_not_supported"),
        ],
    )
    async def test_an_error_comes_in_a_form_too(
        self, served: House, wrong: Mapping[str, str | None], error: str
    ) -> None:
        portal = served.portal("inbound")
        journey = await go_to(portal, served.person(), response_mode="form_post", **wrong)
        await journey.press()
        given = answer_of(journey.tab, portal.redirect_uri)
        assert given.keys() == {"error", "error_description", "state", "iss"}
        assert (given["error"], given["state"], given["iss"]) == (error, journey.attempt.state, served.issuer)

    async def test_cancelling_is_told_in_a_form(self, served: House) -> None:
        portal = served.portal("inbound")
        journey = await go_to(portal, served.person(), response_mode="form_post")
        await journey.press("cancel")
        await journey.press()
        assert answer_of(journey.tab, portal.redirect_uri)["error"] == "access_denied"


class TestThirdParties:
    """Apps that are not the house's own."""

    @staticmethod
    async def app(house: House, **more: object) -> RelyingParty:
        return await house.client("tally", policy={"first_party": False}, **more)  # type: ignore[arg-type]

    @pytest.mark.parametrize("prompt", [None, "none"])
    async def test_AZ42_a_mistake_is_shown_before_anybody_is_sent_there(
        self, served: House, prompt: str | None
    ) -> None:
        app = await self.app(served)
        journey = await go_to(app, served.person(), claims="{", prompt=prompt)
        assert journey.page.status == 400
        assert {"error-page", "return-to-client"} <= set(journey.page.ids)
        assert "localhost" in journey.page.text
        assert served.issuer not in journey.page.ids["return-to-client"]["href"].split("?")[0]
        with pytest.raises(AuthorizationRefused, match="invalid_request"):
            journey.attempt.code(journey.page.ids["return-to-client"]["href"])

    async def test_AZ42_in_the_mode_that_was_asked_for(self, served: House) -> None:
        app = await self.app(served)
        journey = await go_to(app, served.person(), claims="{", response_mode="form_post")
        await journey.press("return-to-client")
        given = answer_of(journey.tab)
        assert (given["error"], given["state"]) == ("invalid_request", journey.attempt.state)

    async def test_consent_is_asked_once_and_again_for_more(self, served: House) -> None:
        app, person = await self.app(served), served.person()
        journey = await go_to(app, person, scope="openid email")
        await journey.give_password("dana")
        assert "consent-approve" in journey.page.ids
        assert "Your e-mail address" in journey.page.text
        await journey.press("consent-approve")
        assert set(await app.userinfo(await journey.arrived())) == {"sub", "email", "email_verified"}
        assert (await go_to(app, person, scope="openid email")).tab.has_arrived
        assert (await go_to(app, person, scope="openid", prompt="none")).tab.has_arrived
        more = await go_to(app, person, scope="openid email phone", prompt="none")
        with pytest.raises(AuthorizationRefused, match="consent_required"):
            await more.arrived()
        assert "consent-approve" in (await go_to(app, person, scope="openid email phone")).page.ids

    async def test_a_refused_consent_is_access_denied_and_gives_nothing(self, served: House) -> None:
        app, person = await self.app(served), served.person()
        journey = await go_to(app, person)
        await journey.give_password("dana")
        await journey.press("cancel")
        with pytest.raises(AuthorizationRefused, match="access_denied"):
            await journey.arrived()

    async def test_offline_access_needs_to_be_agreed_to(self, served: House) -> None:
        app, person = await self.app(served), served.person()
        journey = await go_to(app, person, scope="openid offline_access", prompt="consent")
        await journey.give_password("dana")
        assert "Access while you are away" in journey.page.text
        await journey.press("consent-approve")
        assert "offline_access" in (await journey.arrived()).scope
        silently = await go_to(app, person, scope="openid offline_access")
        assert "offline_access" not in (await silently.arrived()).scope

    async def test_prompt_consent_asks_every_time_and_ends(self, served: House) -> None:
        app, person = await self.app(served), served.person()
        for number in range(2):
            journey = await go_to(app, person, prompt="login consent" if number else "consent")
            if "username" in journey.page.ids:
                await journey.give_password("dana")
            await journey.press("consent-approve")
            assert (await journey.arrived()).amr == ["pwd"]


class TestTheRequestItself:
    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
    async def test_other_methods_are_not_taken(self, served: House, method: str) -> None:
        answer = await served.person().http.request(method, f"{served.issuer}{AUTHORIZE}?client_id=inbound")
        assert answer.status_code == 405
        assert "location" not in answer.headers

    async def test_a_resource_that_is_not_ours_is_an_invalid_target(self, served: House) -> None:
        portal = served.portal("inbound")
        wrong = await go_to(portal, served.person(), resource="https://api.example/")
        with pytest.raises(AuthorizationRefused, match="invalid_target"):
            await wrong.arrived()
        right = await go_to(portal, served.person(), resource=served.issuer)
        await right.give_password("dana")
        assert (await right.arrived()).amr == ["pwd"]

    async def test_AZ29_what_has_to_be_pushed_is_not_looked_up_elsewhere(self, served: House) -> None:
        """There is no PAR yet: a `request_uri` of any kind is refused, and nothing is fetched."""
        journey = await go_to(served.portal("inbound"), served.person(), request_uri="https://evil.example/request")
        with pytest.raises(AuthorizationRefused, match="request_uri_not_supported"):
            await journey.arrived()

    async def test_a_hint_is_known_although_another_process_rotated_the_keys(self, served: House) -> None:
        from idp.bootstrap import build

        portal, person = served.portal("inbound"), served.person()
        await sign_in(portal, person, "dana")
        command = await build(served.settings, clock=served.clock)  # as `idp keys rotate` does
        try:
            for _ in range(2):
                await command.keys.rotate()
            served.clock.advance(60)
            signed_in = await (await go_to(portal, person)).arrived()
        finally:
            await command.close()
        served.clock.advance(60)
        tab = await person.open(
            f"{AUTHORIZE}?{urlencode(pairs_of(await portal.begin(prompt='none', id_token_hint=signed_in.id_token)))}"
        )
        assert "code" in read_answer(tab.arrival, portal.redirect_uri)
