"""Carries queued messages to their transports: after commit, at least once, never after they expired.

One worker per process; rows are claimed with a lease, so several processes share the work and a killed one's rows come
free again. The same row always carries the same message: a person never gets two different valid passwords (F24).
"""

from __future__ import annotations

import asyncio

import structlog

from idp.domain.audit import Actor, AuditEvent, Event
from idp.domain.delivery import Channel, DeliveryState, Mail
from idp.domain.rules import MINUTE
from idp.errors import DeliveryFailed, IdpError, StorageUnavailable
from idp.ports import Mailer, Ports, Texter
from idp.services.notices import open_message
from idp.storage.records import OutboxRow
from idp.storage.unit_of_work import Store

POLL_SECONDS = 1.0
LEASE_SECONDS = 60
BATCH = 20
SEND_SECONDS = 30
BACK_OFF = (5, 15, MINUTE, 5 * MINUTE, 15 * MINUTE)

log = structlog.get_logger(__name__)


class OutboxWorker:
    """Delivers what is due. `run` until cancelled; `wake` after a commit saves the wait for the next poll."""

    def __init__(self, store: Store, ports: Ports, mailer: Mailer, texter: Texter) -> None:
        self._store = store
        self._ports = ports
        self._mailer = mailer
        self._texter = texter
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Delivers until the task is cancelled. A database that is away is waited for, not died of."""
        while True:
            self._woken.clear()
            try:
                while await self.deliver_due():
                    pass
            except StorageUnavailable as error:
                log.warning("outbox.storage_unavailable", detail=str(error))
            await self._rest()

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), POLL_SECONDS)
        except TimeoutError:
            return

    async def deliver_due(self) -> int:
        """Delivers one batch of due messages and returns how many there were."""
        async with self._store.read() as uow:
            if not await uow.outbox.is_due(self._ports.clock.now()):
                return 0
        async with self._store.write() as uow:
            rows = await uow.outbox.claim(self._ports.clock.now(), BATCH, LEASE_SECONDS)
        await asyncio.gather(*(self._deliver(row) for row in rows))
        return len(rows)

    async def deliver_now(self, message_id: str, deadline_seconds: float) -> DeliveryState:
        """Delivers one message at once for a person who waits for it, and says what became of it within the deadline.

        `QUEUED` when the provider is slow, failed for now, or another worker has the row: it stays on its way.
        """
        async with self._store.write() as uow:
            row = await uow.outbox.claim_one(message_id, self._ports.clock.now(), LEASE_SECONDS)
        if row is not None:
            delivery = asyncio.ensure_future(self._deliver(row))
            await asyncio.wait({delivery}, timeout=deadline_seconds)
        async with self._store.read() as uow:
            found = await uow.outbox.state(message_id)
        return found.state if found else DeliveryState.ABANDONED

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
        if isinstance(message, Mail):
            await self._mailer.send(message)
        else:
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
        event = Event.SMS_FAILED if row.channel is Channel.SMS else Event.DELIVERY_FAILED
        now = self._ports.clock.now()
        async with self._store.write() as uow:
            await uow.outbox.abandon(row.id, reason, now)
            details = {"message": row.id, "template": row.template, "reason": reason[:200]}
            await uow.audit.add(AuditEvent(event, now, Actor(id="outbox"), details=details))
