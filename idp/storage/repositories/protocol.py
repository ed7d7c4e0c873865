"""Requests that were posted to us, and client assertions that were used."""

from __future__ import annotations

from sqlalchemy import select

from idp.storage.repositories.repository import Repository
from idp.storage.tables import posted_requests, used_assertions


class PostedRequests(Repository):
    async def add(self, id_hash: bytes, endpoint: str, request: str, expires_at: int) -> None:
        await self._run(
            self._insert(posted_requests).values(
                id_hash=id_hash, endpoint=endpoint, request=request, expires_at=expires_at
            )
        )

    async def get(self, id_hash: bytes, endpoint: str, now: int) -> str | None:
        """As often as it is asked for, like any address: a reload is no attack."""
        t = posted_requests.c
        row = await self._first(
            select(t.request).where(t.id_hash == id_hash, t.endpoint == endpoint, t.expires_at > now)
        )
        return row["request"] if row else None


class UsedAssertions(Repository):
    async def use(self, assertion_hash: bytes, expires_at: int) -> bool:
        """False: it was used before. Of several processes one is told True (SECURITY-CASES TK39)."""
        insert = self._insert(used_assertions).values(assertion_hash=assertion_hash, expires_at=expires_at)
        returned = insert.on_conflict_do_nothing().returning(used_assertions.c.assertion_hash)
        return await self._happened(returned)
