"""Forms that other sites post (SECURITY-CASES LG14, SE07)."""

from __future__ import annotations

import re

import httpx2
import pytest
from starlette.types import ASGIApp

from tests.support.web import ISSUER, client_of
from tests.web.probe import SESSION

FIELDS = {"username": "dana"}
FOREIGN = "https://evil.example"


async def form_token(client: httpx2.AsyncClient) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', (await client.get("/page")).text)
    assert found
    return found[1]


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "same-origin", "origin": "null"},  # Chromium under no-referrer
        {"sec-fetch-site": "none"},
        {"origin": ISSUER},
    ],
)
async def test_LG14_a_form_of_ours_is_accepted(client: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.post("/page", data=FIELDS, headers=headers)
    assert answer.status_code == 200
    assert answer.json() == FIELDS


@pytest.mark.parametrize(
    "headers",
    [
        [("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "cross-site"), ("origin", ISSUER)],
        [("sec-fetch-site", "same-site")],
        [("sec-fetch-site", "SAME-ORIGIN")],
        [("sec-fetch-site", "")],
        [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
        [("origin", FOREIGN)],
        [("origin", "http://localhost:9001")],
        [("origin", "https://localhost:9000")],
        [("origin", ISSUER + ".evil.example")],
        [("origin", ISSUER), ("origin", FOREIGN)],
        [("origin", f"{ISSUER}, {FOREIGN}")],
        [("origin", "")],
        [("origin", "null")],
        [],
    ],
)
async def test_LG14_a_form_of_another_site_is_refused(
    client: httpx2.AsyncClient, headers: list[tuple[str, str]]
) -> None:
    await client.get("/page")
    answer = await client.post("/page", data=FIELDS, headers=headers)
    assert answer.status_code == 403
    assert 'id="error-page"' in answer.text
    assert "set-cookie" not in answer.headers


async def test_LG14_a_token_does_not_outweigh_what_the_browser_says(client: httpx2.AsyncClient) -> None:
    fields = FIELDS | {"form_token": await form_token(client)}
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": FOREIGN}):
        assert (await client.post("/page", data=fields, headers=headers)).status_code == 403


@pytest.mark.parametrize("headers", [{}, {"origin": "null"}])
async def test_LG14_without_either_the_form_token_decides(client: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    fields = FIELDS | {"form_token": await form_token(client)}
    answer = await client.post("/page", data=fields, headers=headers)
    assert answer.status_code == 200
    assert answer.json() == fields


async def test_SE07_a_token_of_another_browser_is_refused(shared_app: ASGIApp, client: httpx2.AsyncClient) -> None:
    async with client_of(shared_app) as other:
        stolen = await form_token(other)
    await client.get("/page")
    assert (await client.post("/page", data=FIELDS | {"form_token": stolen})).status_code == 403


async def test_SE07_a_token_without_its_cookie_is_refused(client: httpx2.AsyncClient) -> None:
    token = await form_token(client)
    client.cookies.clear()
    assert (await client.post("/page", data=FIELDS | {"form_token": token})).status_code == 403


async def test_SE07_a_token_does_not_outlive_its_session(client: httpx2.AsyncClient) -> None:
    await client.get("/page")
    client.cookies.set("idp-session", SESSION)
    fields = FIELDS | {"form_token": await form_token(client)}
    assert (await client.post("/page", data=fields)).status_code == 200
    client.cookies.delete("idp-session")
    assert (await client.post("/page", data=fields)).status_code == 403


@pytest.mark.parametrize("token", ["", "x", "é", "A" * 43, "\x00"])
async def test_SE07_a_made_up_token_is_refused(client: httpx2.AsyncClient, token: str) -> None:
    await client.get("/page")
    answer = await client.post("/page", data=FIELDS | {"form_token": token})
    assert answer.status_code == 403


async def test_SE07_a_body_that_is_no_form_carries_no_token(client: httpx2.AsyncClient) -> None:
    await client.get("/page")
    assert (await client.post("/page", json={"form_token": "x"})).status_code == 403
    assert (await client.request("DELETE", "/page")).status_code == 403


async def test_what_portals_post_needs_no_token(client: httpx2.AsyncClient) -> None:
    headers = {"origin": FOREIGN, "sec-fetch-site": "cross-site"}
    answer = await client.post("/authorize", data={"client_id": "inbound"}, headers=headers)
    assert answer.json() == {"client_id": "inbound"}


async def test_reading_a_page_needs_nothing(client: httpx2.AsyncClient) -> None:
    headers = {"origin": FOREIGN, "sec-fetch-site": "cross-site"}
    assert (await client.get("/page", headers=headers)).status_code == 200
