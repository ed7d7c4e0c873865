"""`oidc-client-ts` in Chromium: a public single-page client on another origin, with PKCE and nothing else to prove itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.async_api import Page, async_playwright
from starlette.types import Receive, Scope, Send

from idp.web.server import serving
from tests.flows.journeys import PASSWORD
from tests.support.browser import chromium_arguments, chromium_program
from tests.support.house import House
from tests.support.node import packages_of

pytestmark = [pytest.mark.slow, pytest.mark.browser]

FOLDER = Path(__file__).parent
PAGE, SCRIPT = ("single_page/index.html", "text/html"), ("single_page/app.js", "text/javascript")
FILES = {"/": PAGE, "/callback": PAGE, "/silent": PAGE, "/signed-out": PAGE, "/app.js": SCRIPT}
SCOPE = "openid profile offline_access"


async def single_page(scope: Scope, _receive: Receive, send: Send) -> None:
    """The client as a static site."""
    if scope["type"] == "lifespan":
        return
    if scope["path"] == "/oidc-client-ts.js":
        file, kind = packages_of(FOLDER) / "oidc-client-ts/dist/browser/oidc-client-ts.min.js", "text/javascript"
    else:
        name, kind = FILES.get(scope["path"], ("", ""))
        file = FOLDER / name
    status, body = (200, file.read_bytes()) if kind else (404, b"")
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def site() -> AsyncIterator[str]:
    async with serving(single_page, "127.0.0.1", 0) as port:
        yield f"http://localhost:{port}"


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """Playwright's asynchronous interface, because the house and the client's site are served by this test's own loop."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_program(), args=chromium_arguments())
        page = await browser.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        yield page
        await browser.close()
    assert not faults, faults


async def outcome(page: Page, did: str) -> dict[str, Any]:
    """What the client says when it has done that; fails with what it says instead."""
    said = page.locator("#outcome:not(:empty)")
    await page.wait_for_function(
        "did => { const said = document.getElementById('outcome')?.textContent ?? '';"
        ' return said.includes(`"did":"${did}"`) || said.includes(\'failed\') }',
        arg=did,
    )
    found: dict[str, Any] = json.loads(await said.inner_text())
    assert found["did"] == did, found
    return found


async def test_oidc_client_ts_signs_in_renews_both_ways_and_signs_out(house: House, site: str, page: Page) -> None:
    await house.client(
        "single-page",
        token_endpoint_auth_method="none",
        redirect_uris=[f"{site}/callback", f"{site}/silent"],
        post_logout_redirect_uris=[f"{site}/signed-out"],
    )
    settings = {"authority": house.issuer, "client_id": "single-page", "scope": SCOPE}
    await page.goto(f"{site}/?{urlencode({'settings': json.dumps(settings)})}")
    await outcome(page, "started")

    await page.click("#sign-in")
    await page.fill("[name=username]", "dana")
    await page.fill("[name=password]", PASSWORD)
    await page.click("#continue")
    first = await outcome(page, "signed in")
    assert first["name"] == "dana"  # from /userinfo, which the page reads across origins
    assert first["refreshToken"]

    await page.click("#renew")
    second = await outcome(page, "renewed")
    assert second["subject"] == first["subject"]
    assert second["accessToken"] != first["accessToken"]
    assert second["refreshToken"] != first["refreshToken"]

    await page.click("#renew-in-frame")
    third = await outcome(page, "renewed in frame")
    assert (third["subject"], third["session"]) == (first["subject"], first["session"])
    assert third["accessToken"] != second["accessToken"]

    await page.click("#sign-out")
    await outcome(page, "signed out")
    await page.click("#sign-in")
    await page.wait_for_selector("[name=password]")  # the session at the provider is over as well
