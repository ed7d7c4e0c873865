"""What the web layer asks of the assembled process. `idp.bootstrap` builds it; tests may build another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from idp.oidc.clients import ClientRegistry
from idp.oidc.keys import KeyRing
from idp.oidc.token.assertions import Assertions
from idp.ports import Ports, QrDrawer
from idp.services.outbox import OutboxWorker
from idp.storage.statements import Statements
from idp.storage.unit_of_work import Store


class Messages(Protocol):
    """The demo's transport: it keeps what it would have sent."""

    def messages(self) -> list[dict[str, str]]:
        """Newest first: `id channel to subject text html at`, as CONTRACT fixes them."""


class ServerSettings(Protocol):
    @property
    def trusted_proxies(self) -> Sequence[str]:
        """Addresses and networks whose `X-Forwarded-For` is believed."""


class BrandingSettings(Protocol):
    @property
    def provider(self) -> str:
        """The provider's name on every page."""


class Settings(Protocol):
    @property
    def server(self) -> ServerSettings: ...

    @property
    def branding(self) -> BrandingSettings: ...


class Runtime(Protocol):
    @property
    def settings(self) -> Settings: ...

    @property
    def ports(self) -> Ports: ...

    @property
    def store(self) -> Store: ...

    @property
    def keys(self) -> KeyRing: ...

    @property
    def statements(self) -> Statements: ...

    @property
    def clients(self) -> ClientRegistry: ...

    @property
    def assertions(self) -> Assertions: ...

    @property
    def qr(self) -> QrDrawer: ...

    @property
    def outbox(self) -> OutboxWorker: ...

    @property
    def dev_outbox(self) -> Messages | None:
        """Only in the demo profile."""

    @property
    def templates_dir(self) -> Path: ...
