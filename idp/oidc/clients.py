"""The registry: clients as the protocol sees them, kept in memory for seconds.

What is kept saves reading and parsing, never a decision: operations that change or reveal something compare the client's
version and status with the row in the same statement, and whoever finds them changed asks here again.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from idp.domain.clients import Client
from idp.ports import Clock
from idp.storage.unit_of_work import Store

KEPT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class _Kept:
    client: Client
    until: int


class ClientRegistry:
    """One per process. Only clients that exist are kept, so strangers cannot fill it and a new client is seen at once."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._origins: tuple[frozenset[str], int] = (frozenset(), 0)

    async def get(self, client_id: str) -> Client | None:
        """The client as it was at most `KEPT_SECONDS` ago, whatever its status. Raises `errors.StorageUnavailable`."""
        return self.kept(client_id) or await self.load(client_id)

    def kept(self, client_id: str) -> Client | None:
        """What is in memory; None says nothing about whether there is such a client."""
        kept = self._kept.get(client_id)
        return kept.client if kept is not None and self._clock.now() < kept.until else None

    async def load(self, client_id: str) -> Client | None:
        """The client as it is now."""
        async with self._store.read() as uow:
            client = await uow.clients.get(client_id)
        if client is None:
            self.invalidate(client_id)
        else:
            self._kept[client_id] = _Kept(client, self._clock.now() + KEPT_SECONDS)
        return client

    def invalidate(self, client_id: str) -> None:
        """Forgets what is in memory: the caller changed the client, or found that somebody else has."""
        self._kept.pop(client_id, None)

    async def origins(self) -> frozenset[str]:
        """Web origins of public clients' redirect URIs: pages there may call the token endpoint from a browser (CORS)."""
        origins, until = self._origins
        now = self._clock.now()
        if now < until:
            return origins
        async with self._store.read() as uow:
            clients = await uow.clients.all()
        origins = frozenset(
            origin
            for client in clients
            if client.is_public and client.is_active
            for uri in client.redirect_uris
            if (origin := _origin(uri))
        )
        self._origins = (origins, now + KEPT_SECONDS)
        return origins


def _origin(uri: str) -> str | None:
    """As a browser sends it (RFC 6454 §6.2): registered URIs are in lower case and without user information already."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("https", "http") else None
