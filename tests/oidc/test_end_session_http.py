"""Signing out over real HTTP: what a portal may ask for, what the person is asked, and what is over afterwards (LO01-LO08)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.flows.journeys import go_to, sign_in
from tests.support.house import House
from tests.support.page import Page, Submission
from tests.support.person import Person, Tab
from tests.support.relying_party import AuthorizationRefused, RelyingParty, SignedIn, TokenRefused
from tests.support.tokens import jwt_claims, jwt_header, unsigned

END = "/end_session"


async def is_signed_in(portal: RelyingParty, person: Person) -> bool:
    """Asks without a page (`prompt=none`)."""
    journey = await go_to(portal, person, prompt="none")
    try:
        await journey.arrived()
    except AuthorizationRefused as refusal:
        if refusal.error != "login_required":
            raise
        return False
    return True


async def at(house: House) -> tuple[RelyingParty, Person, SignedIn]:
    portal, person = house.portal("inbound"), house.person()
    return portal, person, await sign_in(portal, person, "dana")


def is_page_of(tab: Tab, container: str) -> Page:
    assert not tab.has_arrived
    assert container in tab.page.ids, tab.page
    return tab.page


async def test_with_a_hint_the_person_is_sent_back_at_once_and_is_signed_out_everywhere(served: House) -> None:
    portal, person, signed_in = await at(served)
    other = await (await go_to(served.portal("sip-trunk-plus"), person)).arrived()
    tab = await person.open(await portal.logout_url(signed_in, state="a b&c=ü"))
    assert tab.arrival == f"{portal.post_logout_redirect_uri}?state=a%20b%26c%3D%C3%BC"
    assert not await is_signed_in(portal, person)
    for party, tokens in ((portal, signed_in), (served.portal("sip-trunk-plus"), other)):
        with pytest.raises(TokenRefused, match="invalid_grant"):
            await party.refresh(tokens)
        with pytest.raises(TokenRefused, match="401"):
            await party.userinfo(tokens)


async def test_an_expired_hint_serves_as_well(served: House) -> None:
    portal, person, signed_in = await at(served)
    served.clock.advance(3000)
    tab = await person.open(await portal.logout_url(signed_in))
    assert tab.arrival == portal.post_logout_redirect_uri


async def test_a_form_of_the_portal_does_the_same(served: House) -> None:
    portal, person, signed_in = await at(served)
    query = parse_qs(urlsplit(await portal.logout_url(signed_in, state="s")).query)
    pairs = tuple((name, values[0]) for name, values in query.items())
    answer = await person.send(Submission("POST", served.issuer + END, pairs), "cross-site")
    assert answer.status_code == 303
    assert "eyJ" not in answer.headers["location"], "a posted hint must not come to stand in an address"
    tab = await person.open(answer.headers["location"])
    assert tab.arrival == f"{portal.post_logout_redirect_uri}?state=s"
    assert not await is_signed_in(portal, person)


def forged(signed_in: SignedIn) -> list[str]:
    header, claims = jwt_header(signed_in.id_token), jwt_claims(signed_in.id_token)
    head, _, signature = signed_in.id_token.split(".")
    return [
        unsigned({"alg": "none"}, claims),
        unsigned(header | {"alg": "none"}, claims),
        unsigned(header, claims),
        f"{head}.{unsigned({}, claims | {'sub': 'usr_x'}).split('.')[1]}.{signature}",
        signed_in.access_token,
        "x",
    ]


@pytest.mark.parametrize("number", range(6))
async def test_LO01_a_hint_that_we_did_not_sign_ends_nothing(served: House, number: int) -> None:
    portal, person, signed_in = await at(served)
    query = {"id_token_hint": forged(signed_in)[number], "post_logout_redirect_uri": portal.post_logout_redirect_uri}
    tab = await person.open(f"{END}?{urlencode(query)}")
    assert is_page_of(tab, "error-page").status == 400
    assert await is_signed_in(portal, person)


async def test_LO03_no_other_site_signs_anybody_out(served: House) -> None:
    """An image, a link or a form on any page of the web leads to a question at most."""
    portal, person, _ = await at(served)
    for query in ("", "?state=s", f"?client_id=inbound&{urlencode({'post_logout_redirect_uri': 'http://localhost/'})}"):
        image = await person.send(Submission("GET", f"{served.issuer}{END}{query}"), "cross-site")
        assert "location" not in image.headers
    forced = await person.send(Submission("POST", f"{served.issuer}{END}/confirm"), "cross-site")
    assert forced.status_code == 403
    assert await is_signed_in(portal, person)


async def test_LO03_the_person_confirms_and_can_stay(served: House) -> None:
    portal, person, _ = await at(served)
    tab = await person.open(f"{END}?client_id=inbound")
    page = is_page_of(tab, "logout-confirm")
    assert page.h1 == "Sign out?"
    assert await is_signed_in(portal, person)
    await tab.press("logout-confirm")
    is_page_of(tab, "logged-out")
    assert not await is_signed_in(portal, person)


@pytest.mark.parametrize("query", [{}, {"state": "s"}, {"logout_hint": "dana"}])
async def test_without_a_hint_there_is_a_page_and_no_redirect(served: House, query: dict[str, str]) -> None:
    _, person, _ = await at(served)
    tab = await person.open(f"{END}?{urlencode(query)}")
    is_page_of(tab, "logout-confirm")
    await tab.press("logout-confirm")
    is_page_of(tab, "logged-out")


async def test_LO05_a_hint_about_somebody_else_is_confirmed_first(served: House) -> None:
    portal, _, danas = await at(served)
    rita = served.person()
    await sign_in(portal, rita, "rita")
    tab = await rita.open(await portal.logout_url(danas))
    is_page_of(tab, "logout-confirm")
    assert await is_signed_in(portal, rita)
    await tab.press("logout-confirm")
    assert tab.arrival == portal.post_logout_redirect_uri
    assert not await is_signed_in(portal, rita)
    await portal.refresh(danas)  # hers is another browser


async def test_LO06_twice_is_as_once(served: House) -> None:
    portal, person, signed_in = await at(served)
    url = await portal.logout_url(signed_in)
    for _ in range(3):
        assert (await person.open(url)).arrival == portal.post_logout_redirect_uri
    asked, other = await person.open(END), await person.open(END)
    assert "logged-out" in asked.page.ids
    assert "logged-out" in other.page.ids


async def test_LO07_what_the_browser_kept_opens_nothing_any_more(served: House) -> None:
    portal, person, signed_in = await at(served)
    step_up = await go_to(portal, person, acr_values=f"{served.issuer}/acr/mfa")
    assert step_up.page.h1 == "Set up your authenticator app"
    waiting = step_up.page.url
    cookies = person.http.cookies.jar
    kept = [cookie for cookie in cookies if cookie.name.endswith("session")]
    await person.open(await portal.logout_url(signed_in))
    for cookie in kept:
        person.http.cookies.jar.set_cookie(cookie)
    assert not await is_signed_in(portal, person)
    tab = await person.open(waiting)
    assert tab.page.h1 == "Sign in to Inbound"
    assert tab.page.headers["cache-control"] == "no-store"


async def test_LO08_the_next_person_at_this_browser_has_nothing_of_the_first(served: House) -> None:
    portal, person, danas = await at(served)
    before = person.cookies
    await person.open(await portal.logout_url(danas))
    ritas = await sign_in(portal, person, "rita")
    assert ritas.sub != danas.sub
    assert ritas.claims["sid"] != danas.claims["sid"]
    assert person.cookies["idp-session"] != before["idp-session"]
    assert (await portal.userinfo(ritas))["preferred_username"] == "rita"
    with pytest.raises(TokenRefused):
        await portal.refresh(danas)
    await person.open(await portal.logout_url(danas))  # the first one's hint asks, and signs nobody out by itself
    assert await is_signed_in(portal, person)
