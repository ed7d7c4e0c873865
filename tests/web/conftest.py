"""The small web layer of `tests/support/web.py` with the routes of `probe`, over ASGI.

`client` and `secure_client` talk to applications that all tests share, because they keep nothing: each test has cookies of its
own. A test that looks behind the web layer takes `runtime` and `app`, which are its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from starlette.types import ASGIApp

from idp.adapters.logs import configure_logs
from idp.web import dev_outbox
from tests.support.web import SECURE_ISSUER, SmallRuntime, client_of, small_app, small_runtime
from tests.web import probe

MACHINES = {"/machine": probe.machine}
TABLES = (probe.routes, dev_outbox.routes)


@pytest.fixture(scope="session", autouse=True)
def logs() -> None:
    """As in a server: without this structlog writes tracebacks with the values of all variables, which takes its time."""
    configure_logs("INFO", "json")


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[SmallRuntime]:
    runtime = small_runtime(tmp_path)
    yield runtime
    await runtime.store.close()


@pytest.fixture
def app(runtime: SmallRuntime) -> ASGIApp:
    return small_app(runtime, TABLES, MACHINES)


@pytest.fixture(scope="session")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> ASGIApp:
    return small_app(small_runtime(tmp_path_factory.mktemp("shared")), TABLES, MACHINES)


@pytest.fixture(scope="session")
def shared_secure_app(tmp_path_factory: pytest.TempPathFactory) -> ASGIApp:
    """The same under an https issuer, outside the demo profile, behind trusted proxies."""
    proxied = {"trusted_proxies": ["10.0.0.0/8"]}
    runtime = small_runtime(tmp_path_factory.mktemp("secure"), SECURE_ISSUER, demo=False, server=proxied)
    return small_app(runtime, TABLES, MACHINES)


@pytest.fixture
async def client(shared_app: ASGIApp) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(shared_app) as client:
        yield client


@pytest.fixture
async def secure_client(shared_secure_app: ASGIApp) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(shared_secure_app, SECURE_ISSUER, ("10.1.2.3", 40000)) as client:
        yield client
