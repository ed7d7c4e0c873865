"""What people prove themselves with. Whatever counts once is consumed by one conditional statement (SECURITY-CASES I1)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, delete, exists, select, update

from idp.storage.records import PasswordRecord, TemporaryRecord, TotpRecord
from idp.storage.repositories.repository import Repository
from idp.storage.tables import passwords, temporary_passwords, totp_credentials, totp_enrolments


class Credentials(Repository):
    async def password(self, user_id: str) -> PasswordRecord | None:
        """The chosen password; None for somebody who never chose one."""
        row = await self._first(
            select(passwords.c.password_hash, passwords.c.changed_at).where(passwords.c.user_id == user_id)
        )
        return PasswordRecord(**row) if row else None

    async def set_password(self, user_id: str, password_hash: str, now: int, *, replacing: str | None) -> bool:
        """Stores a newly chosen password if the stored hash is still `replacing` (None: there is none yet).

        False: somebody else was first, and what this change was decided upon is no longer so.
        """
        if replacing is None:
            insert = self._insert(passwords).values(user_id=user_id, password_hash=password_hash, changed_at=now)
            return await self._happened(insert.on_conflict_do_nothing().returning(passwords.c.user_id))
        return await self._happened(
            update(passwords)
            .where(passwords.c.user_id == user_id, passwords.c.password_hash == replacing)
            .values(password_hash=password_hash, changed_at=now)
            .returning(passwords.c.user_id)
        )

    async def rehash(self, user_id: str, old_hash: str, new_hash: str) -> None:
        """The same password under today's parameters: its age stays. Does nothing when it was changed meanwhile."""
        await self._run(
            update(passwords)
            .where(passwords.c.user_id == user_id, passwords.c.password_hash == old_hash)
            .values(password_hash=new_hash)
        )

    async def temporary(self, user_id: str) -> TemporaryRecord | None:
        """The outstanding temporary password, expired or not."""
        t = temporary_passwords.c
        row = await self._first(select(t.id, t.password_hash, t.created_at, t.expires_at).where(t.user_id == user_id))
        return TemporaryRecord(**row) if row else None

    async def put_temporary(
        self, user_id: str, temporary_id: str, password_hash: str, now: int, expires_at: int
    ) -> None:
        """Voids any earlier one."""
        values = {"id": temporary_id, "password_hash": password_hash, "created_at": now, "expires_at": expires_at}
        insert = self._insert(temporary_passwords).values(user_id=user_id, **values)
        await self._run(insert.on_conflict_do_update(index_elements=["user_id"], set_=values))

    async def use_temporary(self, user_id: str, temporary_id: str) -> bool:
        """Consumes exactly this one: one winner. False: it was used, or a newer one replaced it."""
        t = temporary_passwords.c
        return await self._happened(
            delete(temporary_passwords).where(t.user_id == user_id, t.id == temporary_id).returning(t.id)
        )

    async def totp(self, user_id: str) -> TotpRecord | None:
        t = totp_credentials.c
        row = await self._first(select(t.secret_sealed, t.last_step, t.confirmed_at).where(t.user_id == user_id))
        return TotpRecord(**row) if row else None

    async def use_totp_step(self, user_id: str, step: int) -> bool:
        """Accepts a time step once and only forwards (RFC 6238 §5.2): one winner."""
        t = totp_credentials.c
        return await self._happened(
            update(totp_credentials)
            .where(t.user_id == user_id, t.last_step < step)
            .values(last_step=step)
            .returning(t.user_id)
        )

    async def put_enrolment(self, user_id: str, owner_hash: bytes, secret_sealed: bytes, expires_at: int) -> None:
        """The secret on the page, for the login or session that owns it. Replaces a pending one of whoever."""
        values = {"owner_hash": owner_hash, "secret_sealed": secret_sealed, "expires_at": expires_at}
        insert = self._insert(totp_enrolments).values(user_id=user_id, **values)
        await self._run(insert.on_conflict_do_update(index_elements=["user_id"], set_=values))

    async def enrolment(self, user_id: str, owner_hash: bytes, now: int) -> bytes | None:
        """The owner's pending secret, sealed; None when there is none, or it has expired, or belongs to another owner."""
        row = await self._first(select(totp_enrolments.c.secret_sealed).where(*_pending(user_id, owner_hash, now)))
        return row["secret_sealed"] if row else None

    async def confirm_totp(self, user_id: str, owner_hash: bytes, step: int, now: int) -> bool:
        """Makes the pending secret the person's authenticator, with `step` as its first used one.

        False, and nothing changed: not pending, expired, another owner's, or an authenticator exists already.
        """
        enrolled = exists().where(totp_credentials.c.user_id == user_id)
        taken = await self._first(
            delete(totp_enrolments)
            .where(*_pending(user_id, owner_hash, now), ~enrolled)
            .returning(totp_enrolments.c.secret_sealed)
        )
        if taken is None:
            return False
        insert = self._insert(totp_credentials).values(
            user_id=user_id, secret_sealed=taken["secret_sealed"], last_step=step, confirmed_at=now
        )
        return await self._happened(insert.on_conflict_do_nothing().returning(totp_credentials.c.user_id))

    async def remove_totp(self, user_id: str) -> bool:
        """Removes the authenticator and any pending secret. False: there was no authenticator."""
        await self._run(delete(totp_enrolments).where(totp_enrolments.c.user_id == user_id))
        t = totp_credentials.c
        return await self._happened(delete(totp_credentials).where(t.user_id == user_id).returning(t.user_id))


def _pending(user_id: str, owner_hash: bytes, now: int) -> tuple[ColumnElement[bool], ...]:
    t = totp_enrolments.c
    return t.user_id == user_id, t.owner_hash == owner_hash, t.expires_at > now
