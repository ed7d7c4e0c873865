"""Carries queued messages to their transports: after commit, at least once, never after they expired.

One worker per process; rows are claimed with a lease, so several processes share the work and a killed one's rows come
free again. The same row always carries the same message: a person never gets two different valid passwords (F24).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any, TypeVar

import structlog

from idp.domain.audit import Actor, AuditEvent, Event
from idp.domain.delivery import Channel, DeliveryState, LogoutNotice, Mail
from idp.domain.rules import MINUTE
from idp.errors import DeliveryFailed, IdpError, StorageUnavailable
from idp.ports import LogoutCaller, Mailer, Ports, Texter
from idp.services.notices import open_message
from idp.storage.records import OutboxRow
from idp.storage.unit_of_work import Store

POLL_SECONDS = 1.0
LEASE_SECONDS = 60
BATCH = 20
SEND_SECONDS = 30
BACK_OFF = (5, 15, MINUTE, 5 * MINUTE, 15 * MINUTE)
LANES: tuple[tuple[Channel, ...], ...] = ((Channel.EMAIL, Channel.SMS), (Channel.LOGOUT,))
"""What waits for one another. A portal that does not answer holds up nobody's mail."""
FAILURES = {
    Channel.EMAIL: Event.DELIVERY_FAILED,
    Channel.SMS: Event.SMS_FAILED,
    Channel.LOGOUT: Event.LOGOUT_FAILED,
}

T = TypeVar("T")

log = structlog.get_logger(__name__)


class OutboxWorker:
    """Delivers what is due. `run` until cancelled; `wake` after a commit saves the wait for the next poll."""

    def __init__(self, store: Store, ports: Ports, mailer: Mailer, texter: Texter, logouts: LogoutCaller) -> None:
        self._store = store
        self._ports = ports
        self._mailer = mailer
        self._texter = texter
        self._logouts = logouts
        self._woken = {lane: asyncio.Event() for lane in LANES}
        self._under_way: set[asyncio.Task[Any]] = set()

    def wake(self) -> None:
        for woken in self._woken.values():
            woken.set()

    async def run(self) -> None:
        """Delivers until the task is cancelled. A database that is away is waited for, not died of."""
        async with asyncio.TaskGroup() as lanes:
            for lane in LANES:
                lanes.create_task(self._serve(lane))

    async def _serve(self, lane: tuple[Channel, ...]) -> None:
        while True:
            self._woken[lane].clear()
            try:
                while await self.deliver_due(lane):
                    pass
            except StorageUnavailable as error:
                log.warning("outbox.storage_unavailable", detail=str(error))
            await _rest(self._woken[lane])

    async def deliver_due(self, among: Collection[Channel] = tuple(Channel)) -> int:
        """Delivers one batch of due messages and returns how many there were."""
        async with self._store.read() as uow:
            if not await uow.outbox.is_due(self._ports.clock.now(), among):
                return 0
        async with self._store.write() as uow:
            rows = await uow.outbox.claim(self._ports.clock.now(), BATCH, LEASE_SECONDS, among)
        await asyncio.gather(*(self._deliver(row) for row in rows))
        return len(rows)

    async def deliver_now(self, message_id: str, deadline_seconds: float) -> DeliveryState:
        """Delivers one message at once for a person who waits for it, and says what became of it within the deadline.

        `QUEUED` when the provider is slow, failed for now, or another worker has the row: it stays on its way.
        """
        async with self._store.write() as uow:
            row = await uow.outbox.claim_one(message_id, self._ports.clock.now(), LEASE_SECONDS)
        if row is not None:
            await asyncio.wait({self.carry_on(self._deliver(row))}, timeout=deadline_seconds)
        async with self._store.read() as uow:
            found = await uow.outbox.state(message_id)
        return found.state if found else DeliveryState.ABANDONED

    def carry_on(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Does work that goes on when nobody waits for it any more: a slow delivery, or mails that a request asked for."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def finish(self, seconds: float) -> None:
        """Before the process goes: waits for what is carried on, and cancels what takes longer. A delivery that is cancelled is
        taken up again when its lease has run out."""
        if self._under_way:
            _, late = await asyncio.wait(set(self._under_way), timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _deliver(self, row: OutboxRow) -> None:
        if self._ports.clock.now() >= row.expires_at:
            await self._abandon(row, "expired before it could be sent")
            return
        try:
            await asyncio.wait_for(self._send(row), SEND_SECONDS)
        except DeliveryFailed as error:
            await self._failed(row, error.reason, permanent=error.permanent)
        except TimeoutError:
            await self._failed(row, "the provider did not answer in time", permanent=False)
        except IdpError as error:
            await self._failed(row, error.code, permanent=True)
        else:
            async with self._store.write() as uow:
                await uow.outbox.sent(row.id, self._ports.clock.now())

    async def _send(self, row: OutboxRow) -> None:
        message = open_message(self._ports.sealer, row.id, row.channel, row.message_sealed)
        match message:
            case Mail():
                await self._mailer.send(message)
            case LogoutNotice():
                await self._logouts.send(message)
            case _:
                await self._texter.send(message)

    async def _failed(self, row: OutboxRow, reason: str, *, permanent: bool) -> None:
        now = self._ports.clock.now()
        again_at = now + BACK_OFF[min(row.attempts, len(BACK_OFF)) - 1]
        if permanent or again_at >= row.expires_at:
            await self._abandon(row, reason)
            return
        log.warning("outbox.retry", message=row.id, channel=row.channel, reason=reason, attempts=row.attempts)
        async with self._store.write() as uow:
            await uow.outbox.retry(row.id, again_at, reason)

    async def _abandon(self, row: OutboxRow, reason: str) -> None:
        """Gives a message up, where operators can see it (SECURITY-CASES F25): the body is gone, the fact stays."""
        log.error("outbox.abandoned", message=row.id, channel=row.channel, reason=reason)
        now = self._ports.clock.now()
        client_id = row.recipient if row.channel is Channel.LOGOUT else None
        async with self._store.write() as uow:
            await uow.outbox.abandon(row.id, reason, now)
            details = {"message": row.id, "template": row.template, "reason": reason[:200]}
            event = AuditEvent(FAILURES[row.channel], now, Actor(id="outbox"), client_id=client_id, details=details)
            await uow.audit.add(event)


async def _rest(woken: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(woken.wait(), POLL_SECONDS)
    except TimeoutError:
        return
