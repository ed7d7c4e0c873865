"""The outbox: messages committed with what they tell about, carried on by workers that may die at any moment.

A claim is a lease: whoever dies with it loses it when it runs out. So a message may leave twice, never not at all.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, select, update

from idp.domain.delivery import Channel, DeliveryState
from idp.storage.records import OutboxRow, OutboxState
from idp.storage.repositories.repository import Repository
from idp.storage.tables import outbox

ERROR_LENGTH = 500
EVERY = tuple(Channel)


class Outbox(Repository):
    async def put(
        self,
        message_id: str,
        channel: Channel,
        template: str,
        recipient: str,
        message_sealed: bytes,
        now: int,
        expires_at: int,
    ) -> None:
        """Due at once. `expires_at`: after it the message is of no use and is abandoned (SECURITY-CASES F23)."""
        await self.put_all(channel, template, [(message_id, recipient, message_sealed)], now, expires_at)

    async def put_all(
        self, channel: Channel, template: str, messages: Sequence[tuple[str, str, bytes]], now: int, expires_at: int
    ) -> None:
        """Many of one kind in one trip: (id, recipient, sealed message)."""
        shared = {
            "channel": channel.value,
            "template": template,
            "state": DeliveryState.QUEUED.value,
            "created_at": now,
            "next_attempt_at": now,
            "expires_at": expires_at,
        }
        rows = [
            {"id": message_id, "recipient": recipient, "message_sealed": sealed, **shared}
            for message_id, recipient, sealed in messages
        ]
        if rows:
            await self._run(self._insert(outbox), rows)

    async def state(self, message_id: str) -> OutboxState | None:
        t = outbox.c
        row = await self._first(select(t.state, t.attempts, t.last_error).where(t.id == message_id))
        return OutboxState(DeliveryState(row["state"]), row["attempts"], row["last_error"]) if row else None

    async def is_due(self, now: int, among: Collection[Channel] = EVERY) -> bool:
        """Whether a claim would find anything, which a worker asks first: reading takes nobody's turn to write."""
        return await self._happened(select(outbox.c.id).where(*_due(now, among)).limit(1))

    async def claim(
        self, now: int, limit: int, lease_seconds: int, among: Collection[Channel] = EVERY
    ) -> list[OutboxRow]:
        """Up to `limit` due messages, the longest waiting first, for this worker alone until the lease runs out.

        Expired ones are among them, for the worker to abandon and to report.
        """
        t = outbox.c
        due = select(t.id).where(*_due(now, among)).order_by(t.next_attempt_at, t.id).limit(limit)
        return sorted(await self._lease(due, now, lease_seconds), key=lambda row: (row.created_at, row.id))

    async def claim_one(self, message_id: str, now: int, lease_seconds: int) -> OutboxRow | None:
        """This message, if it is due: for the request that waits for its delivery. None: somebody else has it."""
        due = select(outbox.c.id).where(outbox.c.id == message_id, *_due(now))
        return next(iter(await self._lease(due, now, lease_seconds)), None)

    async def _lease(self, due: Select[Any], now: int, lease_seconds: int) -> list[OutboxRow]:
        """Locks what nobody else is claiming right now, then claims it.

        Two statements: as a subquery of the UPDATE, PostgreSQL may run the SELECT again for each row that it compares, and
        each run skips what the last one locked, so that the limit does not hold.
        """
        t = outbox.c
        ids = [row["id"] for row in await self._all(due.with_for_update(skip_locked=True))]
        if not ids:
            return []
        rows = await self._all(
            update(outbox)
            .where(t.id.in_(ids))
            .values(next_attempt_at=now + lease_seconds, attempts=t.attempts + 1)
            .returning(
                t.id, t.channel, t.template, t.recipient, t.message_sealed, t.attempts, t.created_at, t.expires_at
            )
        )
        return [OutboxRow(**{**row, "channel": Channel(row["channel"])}) for row in rows]

    async def sent(self, message_id: str, now: int) -> None:
        """Done: the sealed body, with any password or code in it, is deleted (SECURITY-CASES section 3)."""
        await self._settle(message_id, state=DeliveryState.SENT.value, last_error="", **_done(now))

    async def abandon(self, message_id: str, error: str, now: int) -> None:
        """Given up for good; the body is deleted as if it had been sent."""
        await self._settle(
            message_id, state=DeliveryState.ABANDONED.value, last_error=error[:ERROR_LENGTH], **_done(now)
        )

    async def retry(self, message_id: str, next_attempt_at: int, error: str) -> None:
        await self._settle(message_id, next_attempt_at=next_attempt_at, last_error=error[:ERROR_LENGTH])

    async def _settle(self, message_id: str, **values: Any) -> None:
        """Only while queued: a worker whose lease ran out must not bring a finished message back."""
        queued = (outbox.c.id == message_id, outbox.c.state == DeliveryState.QUEUED.value)
        await self._run(update(outbox).where(*queued).values(**values))


def _due(now: int, among: Collection[Channel] = EVERY) -> tuple[ColumnElement[bool], ...]:
    due = outbox.c.state == DeliveryState.QUEUED.value, outbox.c.next_attempt_at <= now
    return due if among == EVERY else (*due, outbox.c.channel.in_([channel.value for channel in among]))


def _done(now: int) -> dict[str, Any]:
    return {"message_sealed": None, "done_at": now}
