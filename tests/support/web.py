"""The web layer with as little behind it as a test needs: real adapters, a real store, routes of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
from starlette.types import ASGIApp

from idp.adapters.argon2 import ArgonHasher
from idp.adapters.composer import JinjaComposer
from idp.adapters.dev_outbox import DevOutbox
from idp.adapters.phones import NumberPlans
from idp.adapters.qr import QrcodeDrawer
from idp.adapters.sealing import SealingRing, new_key
from idp.adapters.strength import ZxcvbnStrength
from idp.adapters.totp import PyotpTotp
from idp.config import Settings, settings_from
from idp.domain.delivery import LogoutNotice
from idp.oidc.clients import ClientRegistry
from idp.oidc.keys import KeyRing
from idp.oidc.token.assertions import Assertions
from idp.ports import Ports
from idp.services.outbox import OutboxWorker
from idp.storage.engine import open_store
from idp.storage.statements import Statements
from idp.storage.unit_of_work import Store
from idp.web.app import RouteTable, assemble
from idp.web.templating import templates_folder
from tests.support.ports import ManualClock, SeededEntropy

ISSUER = "http://localhost:9000"
SECURE_ISSUER = "https://id.example"


@dataclass(frozen=True)
class SmallRuntime:
    """`idp.web.runtime.Runtime` without what these tests do not touch."""

    settings: Settings
    ports: Ports
    store: Store
    outbox: OutboxWorker
    qr: QrcodeDrawer
    dev_outbox: DevOutbox | None
    templates_dir: Path
    clock: ManualClock

    @property
    def keys(self) -> KeyRing:
        raise NotImplementedError("A small runtime signs nothing; idp.bootstrap.build makes one that does.")

    @property
    def statements(self) -> Statements:
        raise NotImplementedError("A small runtime prepares no statements; idp.bootstrap.build makes one that does.")

    @property
    def assertions(self) -> Assertions:
        raise NotImplementedError("A small runtime has no clients; idp.bootstrap.build makes one that has.")

    @property
    def clients(self) -> ClientRegistry:
        raise NotImplementedError("A small runtime has no clients; idp.bootstrap.build makes one that has.")


def small_runtime(folder: Path, issuer: str = ISSUER, *, demo: bool = True, **values: Any) -> SmallRuntime:
    """A runtime over an SQLite file in `folder`, which nobody has opened yet. `values` are tables of the configuration."""
    clock, entropy = ManualClock(), SeededEntropy()
    loopback = issuer.startswith("http:")
    tables: dict[str, Any] = {
        "server": {"issuer": issuer} | values.pop("server", {}),
        "mail": {} if loopback else {"transport": "smtp", "host": "mail.example"},
        "sms": {} if loopback else {"provider": "webhook"},
        **values,
    }
    settings = settings_from(tables, folder=folder)
    ring = SealingRing([new_key("k1", entropy)], entropy)
    ports = Ports(
        clock=clock,
        entropy=entropy,
        hasher=_hasher(),
        strength=ZxcvbnStrength(),
        sealer=ring,
        mac=ring,
        totp=PyotpTotp(entropy),
        phones=NumberPlans(["GB"], "GB"),
        composer=JinjaComposer(templates_folder(), {"provider": "500 Telecom"}),
        rules=settings.rules(),
    )
    store = open_store(f"sqlite:///{folder}/idp.db")
    kept = DevOutbox(folder / "outbox", clock, entropy)
    return SmallRuntime(
        settings=settings,
        ports=ports,
        store=store,
        outbox=OutboxWorker(store, ports, kept, kept, NoClients()),
        qr=QrcodeDrawer(),
        dev_outbox=kept if demo else None,
        templates_dir=templates_folder(),
        clock=clock,
    )


class NoClients:
    """`ports.LogoutCaller` of a house without clients."""

    async def send(self, notice: LogoutNotice) -> None:
        raise AssertionError(f"nobody is there to hear of {notice.session_id}")


@cache
def _hasher() -> ArgonHasher:
    """One for all tests: it makes a hash when it starts."""
    return ArgonHasher(SeededEntropy(), time_cost=1, memory_kib=46 * 1024, parallelism=1, threads=1)


def small_app(
    runtime: SmallRuntime, tables: Sequence[RouteTable] = (), machines: Mapping[str, ASGIApp] | None = None
) -> ASGIApp:
    return assemble(runtime, tables, machines or {})


@asynccontextmanager
async def client_of(
    app: ASGIApp, base_url: str = ISSUER, peer: tuple[str, int] = ("127.0.0.1", 50000)
) -> AsyncIterator[httpx2.AsyncClient]:
    """An HTTP client that speaks ASGI with `app`; it follows no redirects and keeps cookies."""
    transport = httpx2.ASGITransport(app=app, client=peer)
    async with httpx2.AsyncClient(transport=transport, base_url=base_url) as client:
        yield client
