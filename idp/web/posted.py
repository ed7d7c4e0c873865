"""Requests that a portal posts from a page of its own, kept for the GET that follows (docs/adr/0011).

On a cross-site POST browsers send no Lax cookies, so neither the session nor this browser would be recognised. The request is
validated, stored and answered by a 303 to the same endpoint, where the cookies arrive. What is stored is what was read of the
request, never the request itself: no token lies in the database, and a hint that was posted to keep it out of addresses does
not come to stand in one.
"""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from idp.domain.ids import SECRET_BYTES, secret_hash, secret_token
from idp.domain.rules import MINUTE
from idp.web.responses import see_other
from idp.web.runtime import Runtime

KEPT_SECONDS = 5 * MINUTE
NAMED = re.compile(rb"posted=([A-Za-z0-9_-]{43})")


class Posted:
    """The posted requests of one endpoint. Nothing binds one to a browser: like any address, anybody may open it."""

    def __init__(self, runtime: Runtime, endpoint: str) -> None:
        self._store = runtime.store
        self._ports = runtime.ports
        self._endpoint = endpoint

    async def keep(self, request: Request, validated: str) -> Response:
        """Stores a validated request, and leads to it."""
        token = secret_token(self._ports.entropy.bytes(SECRET_BYTES))
        expires_at = self._ports.clock.now() + KEPT_SECONDS
        async with self._store.write() as uow:
            await uow.posted_requests.add(secret_hash(token), self._endpoint, validated, expires_at)
        return see_other(request, f"{self._endpoint}?posted={token}")

    async def recall(self, request: Request) -> str | None:
        """The stored request that this address names; None for an address that is itself the request, or names none."""
        named = NAMED.fullmatch(request.scope["query_string"])
        if named is None:
            return None
        async with self._store.read() as uow:
            token_hash = secret_hash(named[1].decode("ascii"))
            return await uow.posted_requests.get(token_hash, self._endpoint, self._ports.clock.now())
