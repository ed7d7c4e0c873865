"""Front-Channel Logout 1.0: the signed-out page loads each portal once, and then goes on."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from tests.flows.journeys import go_to, sign_in
from tests.support.house import House
from tests.support.page import Page
from tests.support.person import directives_of, origin_of
from tests.support.relying_party import RelyingParty, SignedIn

FRAME = "http://localhost:9/frame?tenant=1"
OTHER_FRAME = "http://localhost:8/frame"


async def framed(house: House, client_id: str = "framed", uri: str = FRAME) -> RelyingParty:
    callback = f"{origin_of(uri)}/callback"
    return await house.client(
        client_id,
        redirect_uris=[callback],
        frontchannel_logout_uri=uri,
        frontchannel_logout_session_required=True,
    )


def frames(page: Page) -> list[str]:
    return [element["src"] for element in page.document.all("iframe")]


def assert_told(address: str, uri: str, house: House, signed_in: SignedIn) -> None:
    """The registered address with its own query first, then issuer and session (checklist 44)."""
    assert address.startswith(uri)
    pairs = parse_qsl(urlsplit(address).query, strict_parsing=True)
    kept = parse_qsl(urlsplit(uri).query)
    assert pairs == [*kept, ("iss", house.issuer), ("sid", str(signed_in.claims["sid"]))]


async def test_a_portal_is_loaded_in_a_frame_and_then_the_person_goes_back(served: House) -> None:
    portal, person = await framed(served), served.person()
    signed_in = await sign_in(portal, person, "dana")
    tab = await person.open(await portal.logout_url(signed_in, state="s-1"))
    page = tab.page
    assert "logged-out" in page.ids
    [address] = frames(page)
    assert_told(address, FRAME, served, signed_in)
    onward = f"{portal.post_logout_redirect_uri}?state=s-1"
    assert page.ids["continue"]["href"] == onward
    [refresh] = [meta for meta in page.document.all("meta") if meta["http-equiv"] == "refresh"]
    assert refresh["content"] == f"4;url={onward}"
    assert directives_of(page.headers["content-security-policy"])["frame-src"] == ["http://localhost:9"]


async def test_without_a_way_back_the_person_stays_on_the_page(served: House) -> None:
    portal, person = await framed(served), served.person()
    signed_in = await sign_in(portal, person, "dana")
    tab = await person.open("/end_session")
    await tab.press("logout-confirm")
    assert_told(frames(tab.page)[0], FRAME, served, signed_in)
    assert not [meta for meta in tab.page.document.all("meta") if meta["http-equiv"]]
    assert "continue" not in tab.page.ids


async def test_every_portal_of_the_session_has_its_frame_and_no_other(served: House) -> None:
    first, second = await framed(served), await framed(served, "second", OTHER_FRAME)
    await framed(served, "stranger")
    plain, person = served.portal("inbound"), served.person()
    signed_in = await sign_in(plain, person, "dana")
    await (await go_to(first, person)).arrived()
    await (await go_to(second, person)).arrived()
    tab = await person.open(await plain.logout_url(signed_in))
    addresses = frames(tab.page)
    assert len(addresses) == 2
    for address, uri in zip(sorted(addresses, reverse=True), (FRAME, OTHER_FRAME), strict=True):
        assert_told(address, uri, served, signed_in)
    sources = directives_of(tab.page.headers["content-security-policy"])["frame-src"]
    assert sorted(sources) == ["http://localhost:8", "http://localhost:9"]


async def test_nobody_is_framed_without_a_session_and_no_other_page_frames_anything(served: House) -> None:
    portal, person = await framed(served), served.person()
    signed_in = await sign_in(portal, person, "dana")
    url = await portal.logout_url(signed_in)
    assert frames((await person.open(url)).page)
    again = await person.open(url)
    assert again.arrival == portal.post_logout_redirect_uri
    page = (await person.open("/forgotten")).page
    assert "frame-src" not in directives_of(page.headers["content-security-policy"])
