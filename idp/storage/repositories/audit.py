"""The audit trail: added to in the transaction of what it tells about, never changed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select

from idp.domain.audit import Actor, AuditEvent, Event
from idp.storage.encoding import from_json, to_json
from idp.storage.repositories.repository import Repository, starts_with
from idp.storage.tables import accounts, audit_events

NEWEST = 2**63 - 1

Trail = list[tuple[int, AuditEvent]]
"""Events with their sequence numbers, the newest first."""


class Audit(Repository):
    async def add(self, event: AuditEvent) -> None:
        await self._run(
            self._insert(audit_events).values(
                event=event.event.value,
                at=event.at,
                actor_id=_plain(event.actor.id),
                address=_plain(event.actor.address),
                user_agent=_plain(event.actor.user_agent),
                request_id=_plain(event.actor.request_id),
                user_id=event.user_id,
                account_id=event.account_id,
                client_id=event.client_id and _plain(event.client_id),
                reference=event.reference,
                details=to_json(event.details),
            )
        )

    async def list(
        self,
        *,
        event: Event | None = None,
        among: Collection[Event] = (),
        user_id: str | None = None,
        account_id: str | None = None,
        under_path: str | None = None,
        client_id: str | None = None,
        since: int | None = None,
        before_seq: int | None = None,
        limit: int = 100,
    ) -> Trail:
        """The newest first; `before_seq` is the last number of the page before. `among` keeps to several kinds of events.

        `under_path` keeps to events of accounts at or below it, which is all that an administrator may see (AD06).
        """
        t = audit_events.c
        named = {t.event: event and event.value, t.user_id: user_id, t.account_id: account_id, t.client_id: client_id}
        statement = select(audit_events).where(
            *(column == value for column, value in named.items() if value is not None)
        )
        if among:
            statement = statement.where(t.event.in_([one.value for one in among]))
        if since is not None:
            statement = statement.where(t.at >= since)
        if before_seq is not None:
            statement = statement.where(t.seq < min(before_seq, NEWEST))
        if under_path is not None:
            inside = select(accounts.c.id).where(starts_with(accounts.c.path, under_path))
            statement = statement.where(t.account_id.in_(inside))
        rows = await self._all(statement.order_by(t.seq.desc()).limit(limit))
        return [(row["seq"], _event_from(row)) for row in rows]

    async def by_reference(self, reference: str) -> Trail:
        """What happened under the reference that a person reads out, the newest first."""
        t = audit_events.c
        rows = await self._all(select(audit_events).where(t.reference == reference).order_by(t.seq.desc()))
        return [(row["seq"], _event_from(row)) for row in rows]


def _plain(text: str) -> str:
    """What a stranger's program sent, without what PostgreSQL refuses: an attack must not escape the trail by a NUL."""
    return text.replace("\x00", "�").encode("utf-8", "replace").decode()


def _event_from(row: Any) -> AuditEvent:
    return AuditEvent(
        event=Event(row["event"]),
        at=row["at"],
        actor=Actor(row["actor_id"], row["address"], row["user_agent"], row["request_id"]),
        user_id=row["user_id"],
        account_id=row["account_id"],
        client_id=row["client_id"],
        reference=row["reference"],
        details=from_json(row["details"]),
    )
