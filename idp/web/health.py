"""Probes for whoever runs this process. They say yes or no, and nothing about why (SECURITY-CASES IO15)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from idp.ports import Clock
from idp.storage.migrate import check_schema
from idp.storage.unit_of_work import Store

READY_SECONDS = 2.0

log = structlog.get_logger(__name__)


def probes(store: Store, clock: Clock) -> Mapping[str, ASGIApp]:
    """`/health/live`: this process answers. `/health/ready`: it can also work, with its database and a schema that fits."""
    readiness = _Readiness(store, clock)

    async def live(scope: Scope, receive: Receive, send: Send) -> None:
        await _answer(Request(scope), well=True)(scope, receive, send)

    async def ready(scope: Scope, receive: Receive, send: Send) -> None:
        await _answer(Request(scope), well=await readiness.check())(scope, receive, send)

    return {"/health/live": live, "/health/ready": ready}


def _answer(request: Request, *, well: bool) -> JSONResponse:
    headers = {"cache-control": "no-store"}
    if request.method not in ("GET", "HEAD"):
        return JSONResponse({"status": "method not allowed"}, 405, headers | {"allow": "GET, HEAD"})
    return JSONResponse({"status": "ok" if well else "unavailable"}, 200 if well else 503, headers)


class _Readiness:
    """Asks for the schema until it fits once. After that only whether the database answers: in a rolling upgrade the new
    version moves the schema on while this one still serves, and must not be taken out for it (F34)."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._schema_fits = False

    async def check(self) -> bool:
        try:
            async with asyncio.timeout(READY_SECONDS):
                if not self._schema_fits:
                    await check_schema(self._store)
                    self._schema_fits = True
                async with self._store.read() as uow:
                    await uow.outbox.is_due(self._clock.now())
        except Exception as error:
            log.warning("health.not_ready", detail=f"{type(error).__name__}: {error}")
            return False
        return True
