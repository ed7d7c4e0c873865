"""A demo of its own for every test, and visitors with new browsers, with JavaScript and without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.demo import HOUR, MINUTE, Demo, Foundation, Loop, running_demo
from tests.browser.visitor import Visitor, visiting


@pytest.fixture(scope="session")
def demo_loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture(scope="session")
def recent(demo_loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> Foundation:
    """Half an hour behind: portals believe tokens for half an hour, and the clock may be moved by as much."""
    return Foundation.lay(demo_loop, tmp_path_factory.mktemp("recent"), 30 * MINUTE)


@pytest.fixture(scope="session")
def hour_old(demo_loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> Foundation:
    """Tokens are too old for the portals until the clock is moved, by an hour at most."""
    return Foundation.lay(demo_loop, tmp_path_factory.mktemp("hour-old"), HOUR + MINUTE)


@pytest.fixture
def demo_tables() -> dict[str, Any]:
    """Laid over the configuration; a test that wants some says so by parametrizing."""
    return {}


@pytest.fixture
def demo(demo_loop: Loop, recent: Foundation, tmp_path: Path, demo_tables: dict[str, Any]) -> Iterator[Demo]:
    with running_demo(demo_loop, recent, tmp_path / "demo", **demo_tables) as demo:
        yield demo


@pytest.fixture
def old_demo(demo_loop: Loop, hour_old: Foundation, tmp_path: Path) -> Iterator[Demo]:
    with running_demo(demo_loop, hour_old, tmp_path / "demo") as demo:
        yield demo


@pytest.fixture
def visitor(browser: Browser, demo: Demo) -> Iterator[Visitor]:
    with visiting(browser, demo) as visitor:
        yield visitor


@pytest.fixture
def plain_visitor(browser: Browser, demo: Demo) -> Iterator[Visitor]:
    """Without JavaScript."""
    with visiting(browser, demo, java_script_enabled=False) as visitor:
        yield visitor
