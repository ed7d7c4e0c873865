"""Fixtures that every test may ask for, and the marks that follow from them.

A test of the whole system, or one that needs PostgreSQL or Chromium, is `slow` without saying so: `make check` leaves it
out, `make test` runs it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.browser import fresh_context, running_chromium, watched_page
from tests.support.ports import ManualClock, SeededEntropy
from tests.support.postgres import PostgresCluster

TESTS = Path(__file__).resolve().parent

WHOLE_SYSTEM = {"browser", "bench", "cli", "clients", "faults", "flows", "storage", "test_bootstrap.py"}
"""Where tests build or start the house as its people and clients meet it, or a database of its own for each test."""

HEAVY = {"postgres", "browser", "database_url", "served", "demo", "certified"}
"""Fixtures that start servers or make databases, whoever asks for them."""

# A busy machine is no fault of the code, and neither is what was drawn today: the same examples in every run, untimed.
hypothesis.settings.register_profile("house", deadline=None, derandomize=True)
hypothesis.settings.load_profile("house")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks by place and by fixture, before pytest deselects by mark."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & HEAVY or item.path.relative_to(TESTS).parts[0] in WHOLE_SYSTEM:
            item.add_marker(pytest.mark.slow)
        if "browser" in fixtures:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def entropy() -> SeededEntropy:
    return SeededEntropy()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresCluster]:
    """A PostgreSQL server of this test process alone, started when the first test asks for it."""
    with PostgresCluster() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database; a test that asks for it runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/idp.db"
        return
    cluster: PostgresCluster = request.getfixturevalue("postgres")
    url = cluster.create_database()
    yield url
    cluster.drop_database(url)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium. For a module, not the session: Playwright's synchronous interface leaves its event loop marked
    as running in this thread, so tests with a loop of their own could not run after the first browser test."""
    with running_chromium() as chromium:
        yield chromium


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile without a past."""
    with fresh_context(browser) as fresh:
        yield fresh


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page; the test fails when a script fails on it or the content security policy refuses something."""
    with watched_page(context) as watched:
        yield watched
