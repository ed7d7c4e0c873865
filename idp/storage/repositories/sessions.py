"""Sessions, and the browsers that people have signed in from."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, delete, exists, select, update

from idp.domain.assurance import Evidence
from idp.domain.people import UserStatus
from idp.domain.sessions import Session
from idp.storage.encoding import from_json, to_json
from idp.storage.repositories.repository import Repository, starts_with
from idp.storage.tables import accounts, known_browsers, memberships, sessions, users

TOUCH_SECONDS = 60
"""`seen_at` is written at most so often: an idle limit of minutes needs no write per page."""


class Sessions(Repository):
    async def add(self, session: Session) -> None:
        await self._run(
            self._insert(sessions).values(
                id=session.id,
                token_hash=session.token_hash,
                user_id=session.user_id,
                user_epoch=session.user_epoch,
                browser_hash=session.browser_hash,
                evidence=to_json(session.evidence.to_json()),
                choices=to_json(dict(session.choices)),
                address=session.address,
                user_agent=session.user_agent,
                created_at=session.created_at,
                seen_at=session.seen_at,
                expires_at=session.expires_at,
                ended_at=session.ended_at,
            )
        )

    async def by_token(self, token_hash: bytes) -> Session | None:
        return await self._one(sessions.c.token_hash == token_hash)

    async def get(self, session_id: str) -> Session | None:
        return await self._one(sessions.c.id == session_id)

    async def rotate(
        self, session_id: str, new_token_hash: bytes, evidence: Evidence, user_epoch: int, now: int, expires_at: int
    ) -> bool:
        """A new token for the session, with more evidence: the old token is worth nothing from here on (SE01).

        False: the session has ended.
        """
        return await self._happened(
            update(sessions)
            .where(sessions.c.id == session_id, sessions.c.ended_at.is_(None))
            .values(
                token_hash=new_token_hash,
                evidence=to_json(evidence.to_json()),
                user_epoch=user_epoch,
                seen_at=now,
                expires_at=expires_at,
            )
            .returning(sessions.c.id)
        )

    async def touch(self, session_id: str, now: int) -> None:
        """Remembers that the session was used; skips the write when that was remembered less than a minute ago."""
        await self._run(
            update(sessions)
            .where(sessions.c.id == session_id, sessions.c.seen_at <= now - TOUCH_SECONDS)
            .values(seen_at=now)
        )

    async def remember_choice(self, session_id: str, client_id: str, membership_id: str) -> None:
        """Which membership the person picked at this client; the other clients' choices stay."""
        row = await self._first(select(sessions.c.choices).where(sessions.c.id == session_id).with_for_update())
        if row is not None:
            choices = from_json(row["choices"]) | {client_id: membership_id}
            await self._run(update(sessions).where(sessions.c.id == session_id).values(choices=to_json(choices)))

    async def end(self, session_id: str, now: int) -> bool:
        """False: it had ended already."""
        return await self._happened(
            update(sessions)
            .where(sessions.c.id == session_id, sessions.c.ended_at.is_(None))
            .values(ended_at=now)
            .returning(sessions.c.id)
        )

    async def end_stranded(self, path: str, now: int) -> int:
        """Ends the sessions of those who belong to an account at or below `path` and have no active one left; how many."""
        inside = select(memberships.c.user_id).join(accounts, accounts.c.id == memberships.c.account_id)
        elsewhere = (
            exists()
            .where(memberships.c.user_id == sessions.c.user_id, accounts.c.id == memberships.c.account_id)
            .where(accounts.c.chain_active)
            .correlate(sessions)
        )
        ending = update(sessions).where(
            sessions.c.ended_at.is_(None),
            sessions.c.user_id.in_(inside.where(starts_with(accounts.c.path, path))),
            ~elsewhere,
        )
        return await self._count(ending.values(ended_at=now))

    async def of_user(self, user_id: str, now: int) -> list[Session]:
        """Sessions that have neither ended nor expired, the last used first."""
        statement = select(sessions).where(
            sessions.c.user_id == user_id, sessions.c.ended_at.is_(None), sessions.c.expires_at > now
        )
        rows = await self._all(statement.order_by(sessions.c.seen_at.desc(), sessions.c.id))
        return [_session_from(row) for row in rows]

    async def live(self, now: int, seen_after: int, limit: int) -> list[tuple[str, Session]]:
        """Everybody's sessions that count at this moment, each with its username, the last used first."""
        statement = (
            select(sessions, users.c.username)
            .join(users, users.c.id == sessions.c.user_id)
            .where(sessions.c.ended_at.is_(None), sessions.c.expires_at > now, sessions.c.seen_at > seen_after)
            .where(users.c.auth_epoch == sessions.c.user_epoch, users.c.status == UserStatus.ACTIVE.value)
            .order_by(sessions.c.seen_at.desc(), sessions.c.id)
            .limit(limit)
        )
        rows = await self._all(statement)
        return [(row["username"], _session_from({k: v for k, v in row.items() if k != "username"})) for row in rows]

    async def _one(self, condition: ColumnElement[bool]) -> Session | None:
        row = await self._first(select(sessions).where(condition))
        return _session_from(row) if row else None


def _session_from(row: Any) -> Session:
    return Session(
        **{
            **row,
            "evidence": Evidence.from_json(from_json(row["evidence"])),
            "choices": from_json(row["choices"]),
        }
    )


class Browsers(Repository):
    """Browsers from which a person has signed in, which keep tries of their own (SECURITY-CASES LG08)."""

    async def remember(self, browser_hash: bytes, user_id: str, now: int) -> None:
        insert = self._insert(known_browsers).values(browser_hash=browser_hash, user_id=user_id, seen_at=now)
        await self._run(insert.on_conflict_do_update(index_elements=["browser_hash", "user_id"], set_={"seen_at": now}))

    async def is_known(self, browser_hash: bytes, user_id: str, now: int, keep_seconds: int) -> bool:
        t = known_browsers.c
        return await self._happened(
            select(t.seen_at).where(
                t.browser_hash == browser_hash, t.user_id == user_id, t.seen_at > now - keep_seconds
            )
        )

    async def forget_all(self, user_id: str) -> None:
        await self._run(delete(known_browsers).where(known_browsers.c.user_id == user_id))
