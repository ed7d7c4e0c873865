"""The small web layer of `tests/support/web.py` with the routes of `probe`, over ASGI."""

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
    return small_app(runtime, [probe.routes, dev_outbox.routes], MACHINES)


@pytest.fixture
async def client(app: ASGIApp) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def secure_client(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """The same under an https issuer, outside the demo profile, behind one trusted proxy."""
    runtime = small_runtime(tmp_path, SECURE_ISSUER, demo=False, server={"trusted_proxies": ["10.0.0.0/8"]})
    async with client_of(small_app(runtime, [probe.routes], MACHINES), SECURE_ISSUER, ("10.1.2.3", 40000)) as client:
        yield client
