"""Work that goes on beside the requests: the outbox, and throwing away what has expired.

Each piece is one task that lives as long as the server. A failure is logged and tried again; it never ends the process, and
nothing that a request decides depends on it (SECURITY-CASES F48).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager

import structlog

from idp.web.runtime import Runtime

PURGE_SECONDS = 10 * 60
RESTART_SECONDS = 5
FINISH_SECONDS = 5

log = structlog.get_logger(__name__)


@asynccontextmanager
async def background(runtime: Runtime) -> AsyncIterator[None]:
    """Runs the tasks; on the way out they are cancelled and waited for, and so is what requests have left to do (F47)."""
    tasks = [
        asyncio.create_task(_for_ever("outbox", runtime.outbox.run)),
        asyncio.create_task(_for_ever("housekeeping", lambda: _purge_now_and_then(runtime))),
    ]
    try:
        yield
    finally:
        await _end(tasks)
        await runtime.outbox.finish(FINISH_SECONDS)


async def _end(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancels until every task is gone. Once is not enough: a task group whose part fails at that very moment raises the
    failure in place of the cancellation, and the server would never stop."""
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=1)


async def purge(runtime: Runtime) -> dict[str, int]:
    """Removes what has expired, and says how many rows of what."""
    async with runtime.store.write() as uow:
        return await uow.housekeeping.purge(runtime.ports.clock.now())


async def _purge_now_and_then(runtime: Runtime) -> None:
    while True:
        removed = {what: count for what, count in (await purge(runtime)).items() if count}
        if removed:
            log.info("housekeeping.purged", **removed)
        await asyncio.sleep(PURGE_SECONDS)


async def _for_ever(name: str, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception:
            log.exception("background.failed", task=name)
        await asyncio.sleep(RESTART_SECONDS)
