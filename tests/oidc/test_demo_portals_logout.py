"""The demo's portals when a session ends somewhere else: they say so, and let nobody go on."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from idp.demo.portal import Portal
from idp.demo.world import PORTALS
from idp.services.session_control import RevokeSessions, revoke_sessions
from idp.web.server import serving
from tests.support.foundations import HOST
from tests.support.house import House, running_house
from tests.support.network import NO_AUTHORITIES
from tests.support.page import Page
from tests.support.person import Person
from tests.support.ports import ManualClock

SIGNED_OUT = "You were signed out by 500 Telecom"
TRIES = 5


@dataclass
class Browser:
    """One browser at one portal: its pages are read by `http`, the identity provider's by `person`."""

    person: Person
    http: httpx2.AsyncClient
    portal: str

    async def home(self) -> Page:
        answer = await self.http.get(f"{self.portal}/")
        return Page.read(str(answer.url), answer.status_code, dict(answer.headers), answer.text)

    async def sign_in(self, username: str = "dana") -> None:
        begun = await self.http.get(f"{self.portal}/login")
        tab = await self.person.open(begun.headers["location"])
        if not tab.has_arrived:
            await tab.press("continue", username=username, password="Correct-Horse-9")
        await self.http.get(tab.arrival)
        assert "sign-out" in (await self.home()).ids


@dataclass
class Demo:
    house: House
    portals: list[str]
    stack: AsyncExitStack

    async def browser(self, portal: int = 0, person: Person | None = None) -> Browser:
        http = await self.stack.enter_async_context(httpx2.AsyncClient(verify=NO_AUTHORITIES, timeout=30))
        return Browser(person or self.house.person(), http, self.portals[portal])


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    """The portals are real clients that take the real time, so the house has it too."""
    for _ in range(TRIES):
        async with AsyncExitStack() as stack:
            url, clock = f"sqlite:///{tmp_path}/{time.monotonic_ns()}.db", ManualClock(int(time.time()))
            house = await stack.enter_async_context(running_house(url, tmp_path, clock=clock))
            port = house.settings.server.port
            try:
                for portal in PORTALS:
                    app = Portal(portal, portal.url(HOST, port), house.issuer, "500 Telecom", clock.now).app()
                    await stack.enter_async_context(serving(app, "127.0.0.1", port + portal.offset))
            except Exception as error:
                if "in use" not in str(error):
                    raise
                continue
            yield Demo(house, [portal.url(HOST, port) for portal in PORTALS], stack)
            return


async def until_told(browser: Browser, house: House) -> Page:
    deadline = time.monotonic() + 15
    while True:
        await house.deliver()
        page = await browser.home()
        if SIGNED_OUT in page.text:
            return page
        assert time.monotonic() < deadline, page.text


async def test_a_portal_shows_that_the_session_was_ended_elsewhere_and_only_there(demo: Demo) -> None:
    browser, other = await demo.browser(), await demo.browser()
    await browser.sign_in("dana")
    await other.sign_in("rita")
    await demo.house.run(revoke_sessions, RevokeSessions("dana"))
    page = await until_told(browser, demo.house)
    assert "sign-in" in page.ids
    assert "sign-out" not in page.ids
    assert SIGNED_OUT not in (await browser.home()).text  # said once
    assert "sign-out" in (await other.home()).ids


async def test_signing_out_at_one_portal_ends_the_session_at_the_other(demo: Demo) -> None:
    inbound = await demo.browser(0)
    trunk = await demo.browser(1, inbound.person)
    await inbound.sign_in()
    await trunk.sign_in()  # by single sign-on
    left = await inbound.http.post(f"{inbound.portal}/logout")
    tab = await inbound.person.open(left.headers["location"])
    assert tab.arrival == f"{inbound.portal}/"
    await until_told(trunk, demo.house)
    assert "sign-in" in (await inbound.home()).ids


async def test_keys_that_were_rotated_since_are_fetched_anew(demo: Demo) -> None:
    browser = await demo.browser()
    await browser.sign_in()
    for _ in range(2):  # beyond the next key, which the portal knows already
        await demo.house.runtime.keys.rotate()
    await demo.house.run(revoke_sessions, RevokeSessions("dana"))
    await until_told(browser, demo.house)


@pytest.mark.parametrize("body", [{}, {"logout_token": "x"}, {"logout_token": "a.b.c"}, {"other": "x"}])
async def test_a_portal_believes_no_other_word(demo: Demo, body: dict[str, str]) -> None:
    browser = await demo.browser()
    await browser.sign_in()
    answer = await browser.http.post(f"{browser.portal}/backchannel-logout", data=body)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    assert answer.headers["cache-control"] == "no-store"
    assert (await browser.http.get(f"{browser.portal}/backchannel-logout")).status_code == 405
    assert "sign-out" in (await browser.home()).ids
