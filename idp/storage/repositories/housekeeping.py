"""Throwing away what is long over. Nothing depends on it: every reader judges expiry itself (SECURITY-CASES F48)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Table, delete, or_, select, tuple_, update

from idp.domain.delivery import DeliveryState
from idp.domain.rules import DAY
from idp.storage.repositories.repository import Repository
from idp.storage.tables import (
    grants,
    known_browsers,
    logins,
    outbox,
    posted_requests,
    sessions,
    temporary_passwords,
    text_codes,
    throttles,
    totp_enrolments,
    used_assertions,
)

BATCH = 1000
"""Rows per table and call, so that no purge holds the writer for long. Call again while anything was removed."""

LOGIN_SECONDS = DAY
"""An expired login still has a page that says so."""
TEMPORARY_SECONDS = 30 * DAY
"""Whoever comes late with an expired temporary password is offered a new one."""
SESSION_SECONDS = 30 * DAY
GRANT_SECONDS = 7 * DAY
"""A replayed code or refresh token is known as one at least so long after the family ended."""
MESSAGE_SECONDS = 30 * DAY
BROWSER_SECONDS = 400 * DAY


class Housekeeping(Repository):
    async def purge(self, now: int) -> dict[str, int]:
        """Removes what is over, at most `BATCH` rows per table, and returns how many of each table that was.

        Also deletes the body of a queued message that has expired: no worker may have been there to abandon it.
        """
        await self._run(
            update(outbox)
            .where(outbox.c.state == DeliveryState.QUEUED.value, outbox.c.expires_at <= now - DAY)
            .values(state=DeliveryState.ABANDONED.value, message_sealed=None, last_error="expired", done_at=now)
        )
        return {table.name: await self._remove(table, condition) for table, condition in _over(now)}

    async def _remove(self, table: Table, condition: ColumnElement[bool]) -> int:
        key = tuple_(*table.primary_key.columns)
        some = select(*table.primary_key.columns).where(condition).limit(BATCH)
        return await self._count(delete(table).where(key.in_(some)))


def _over(now: int) -> list[tuple[Table, ColumnElement[bool]]]:
    """Children before parents: a grant goes before the session that it names."""
    return [
        (logins, logins.c.expires_at <= now - LOGIN_SECONDS),
        (text_codes, text_codes.c.expires_at <= now),
        (throttles, throttles.c.expires_at <= now),
        (posted_requests, posted_requests.c.expires_at <= now),
        (used_assertions, used_assertions.c.expires_at <= now),
        (totp_enrolments, totp_enrolments.c.expires_at <= now),
        (temporary_passwords, temporary_passwords.c.expires_at <= now - TEMPORARY_SECONDS),
        (known_browsers, known_browsers.c.seen_at <= now - BROWSER_SECONDS),
        (grants, grants.c.expires_at <= now - GRANT_SECONDS),
        (
            sessions,
            or_(sessions.c.ended_at <= now - SESSION_SECONDS, sessions.c.expires_at <= now - SESSION_SECONDS),
        ),
        (outbox, outbox.c.done_at <= now - MESSAGE_SECONDS),
    ]
