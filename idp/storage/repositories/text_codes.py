"""Text-message codes: one live code per owner, counted before it is judged, used once."""

from __future__ import annotations

from sqlalchemy import select, update

from idp.domain.onetime import TextCode
from idp.errors import NotFound
from idp.storage.repositories.repository import Repository
from idp.storage.tables import text_codes


class TextCodes(Repository):
    async def put(self, owner_hash: bytes, user_id: str, code: TextCode, message_id: str) -> None:
        """Voids the owner's earlier code: after a resend only the newest is right (SECURITY-CASES SM11)."""
        values = {
            "user_id": user_id,
            "code_hash": code.code_hash,
            "phone_number": code.phone_number,
            "message_id": message_id,
            "tries": code.tries,
            "sent_at": code.sent_at,
            "expires_at": code.expires_at,
            "used_at": code.used_at,
        }
        insert = self._insert(text_codes).values(owner_hash=owner_hash, **values)
        await self._run(insert.on_conflict_do_update(index_elements=["owner_hash"], set_=values))

    async def get(self, owner_hash: bytes) -> TextCode | None:
        """The owner's code, used or expired as it may be; its `id` is the id of the message that carries it."""
        t = text_codes.c
        row = await self._first(
            select(
                t.message_id.label("id"), t.code_hash, t.phone_number, t.sent_at, t.expires_at, t.tries, t.used_at
            ).where(t.owner_hash == owner_hash)
        )
        return TextCode(**row) if row else None

    async def count_try(self, owner_hash: bytes) -> int:
        """Counts one attempt before it is judged; returns the new number. Raises `errors.NotFound`."""
        t = text_codes.c
        counted = update(text_codes).where(t.owner_hash == owner_hash).values(tries=t.tries + 1)
        row = await self._first(counted.returning(t.tries))
        if row is None:
            raise NotFound(detail="a text-message code that is gone")
        return int(row["tries"])

    async def use(self, owner_hash: bytes, code_hash: bytes, now: int) -> bool:
        """Consumes the code: one winner. False: wrong, used, expired or replaced."""
        t = text_codes.c
        return await self._happened(
            update(text_codes)
            .where(t.owner_hash == owner_hash, t.code_hash == code_hash, t.used_at.is_(None), t.expires_at > now)
            .values(used_at=now)
            .returning(t.owner_hash)
        )
