"""Authlib's Starlette client, which is what the demo's portals are made with: the real ones, served beside the house."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from idp.demo.portal import Portal
from idp.demo.world import PORTALS, DemoPortal
from idp.errors import ConfigurationError
from idp.web.server import serving
from tests.clients.visitor import Visitor, visiting
from tests.flows.journeys import PASSWORD
from tests.support.foundations import HOST
from tests.support.house import House, running_house
from tests.support.ports import ManualClock

pytestmark = pytest.mark.slow

TRIES = 20


@dataclass(frozen=True)
class Demo:
    """A house, and somebody's visits to its two portals."""

    house: House
    inbound: Visitor
    trunks: Visitor


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    """The portals' addresses follow from the house's: when somebody listens there already, it is another house."""
    clock = ManualClock(int(time.time()))
    for _ in range(TRIES):
        async with AsyncExitStack() as stack:
            url = f"sqlite:///{tmp_path}/idp.db"
            house = await stack.enter_async_context(running_house(url, tmp_path, clock=clock))
            try:
                visitors = [await stack.enter_async_context(_served(portal, house)) for portal in PORTALS]
            except ConfigurationError:
                continue
            yield Demo(house, *visitors)
            return
    raise RuntimeError("no three neighbouring ports are free")


@asynccontextmanager
async def _served(portal: DemoPortal, house: House) -> AsyncIterator[Visitor]:
    port = house.settings.server.port
    url = portal.url(HOST, port)
    app = Portal(portal, url, house.issuer, house.settings.branding.provider).app()
    async with serving(app, "127.0.0.1", port + portal.offset), visiting(url) as visitor:
        yield visitor


async def test_the_portals_sign_in_once_for_both_and_sign_out(demo: Demo) -> None:
    inbound, trunks = demo.inbound, demo.trunks
    tab = await demo.house.person().open(await inbound.leave("/login"))
    await tab.press("continue", username="dana", password=PASSWORD)
    home = await inbound.page(tab.arrival)
    for words in ("Dana Marsh", "Harbour Dental", "Northern Voice"):
        assert words in home

    await tab.open(await trunks.leave("/login"))
    assert "Dana Marsh" in await trunks.page(tab.arrival)  # without a question

    await tab.open(await inbound.leave("/logout", "POST"))
    assert "Dana Marsh" not in await inbound.page(tab.arrival)
    await tab.open(await trunks.leave("/login"))
    assert "password" in tab.page.ids


async def test_a_portal_takes_no_answer_that_it_did_not_ask_for(demo: Demo) -> None:
    inbound = demo.inbound
    tab = await demo.house.person().open(await inbound.leave("/login"))
    await tab.press("continue", username="dana", password=PASSWORD)
    async with visiting(inbound.site) as victim:
        page = await victim.page(tab.arrival)
    assert "Dana Marsh" not in page
    assert "The sign-in did not work" in page
