"""Logins: sign-ins under way. Every change asks whether the login is still open, so a finished one stays as it is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import case, or_, select, update

from idp.domain.assurance import Asked, Evidence, Method
from idp.domain.logins import Login, LoginState
from idp.errors import NotFound
from idp.storage.encoding import from_json, to_json
from idp.storage.repositories.repository import Repository
from idp.storage.tables import logins


class Logins(Repository):
    async def add(self, login: Login) -> None:
        await self._run(
            self._insert(logins).values(
                id_hash=login.id_hash,
                browser_hash=login.browser_hash,
                client_id=login.client_id,
                request=login.request,
                asked=to_json(login.asked.to_json()),
                user_id=login.user_id,
                user_epoch=login.user_epoch,
                evidence=to_json(login.evidence.to_json()),
                temporary_id=login.temporary_id,
                membership_id=login.membership_id,
                method=login.method.value if login.method else None,
                tries=login.tries,
                consented=login.consented,
                state=login.state.value,
                created_at=login.created_at,
                expires_at=login.expires_at,
            )
        )

    async def lock(self, id_hash: bytes) -> None:
        """Holds the login until the transaction ends, so that what is read of it afterwards stays true."""
        await self._first(select(logins.c.state).where(logins.c.id_hash == id_hash).with_for_update())

    async def get(self, id_hash: bytes) -> Login | None:
        row = await self._first(select(logins).where(logins.c.id_hash == id_hash))
        if row is None:
            return None
        return Login(
            **{
                **row,
                "asked": Asked.from_json(from_json(row["asked"])),
                "evidence": Evidence.from_json(from_json(row["evidence"])),
                "method": Method(row["method"]) if row["method"] else None,
                "state": LoginState(row["state"]),
            }
        )

    async def identify(
        self,
        id_hash: bytes,
        user_id: str,
        user_epoch: int,
        evidence: Evidence,
        temporary_id: str | None,
        now: int,
        expires_at: int,
    ) -> bool:
        """Stores who it is, and what was proved. What another person chose or agreed to before is forgotten; the tries are
        not (TO05). Nobody identified yet means that the session's person chose: the choice stands.

        False: the login is over or has expired.
        """
        same = logins.c.user_id == user_id
        chose = or_(same, logins.c.user_id.is_(None))
        return await self._change_open(
            id_hash,
            logins.c.expires_at > now,
            user_id=user_id,
            user_epoch=user_epoch,
            evidence=to_json(evidence.to_json()),
            temporary_id=temporary_id,
            membership_id=case((chose, logins.c.membership_id)),
            method=case((chose, logins.c.method)),
            consented=case((same, logins.c.consented), else_=False),
            expires_at=expires_at,
        )

    async def prove(self, id_hash: bytes, evidence: Evidence) -> bool:
        """Replaces the evidence. False: the login is over."""
        return await self._change_open(id_hash, evidence=to_json(evidence.to_json()))

    async def choose(self, id_hash: bytes, membership_id: str) -> bool:
        return await self._change_open(id_hash, membership_id=membership_id)

    async def consent(self, id_hash: bytes) -> bool:
        """Remembers that the person agreed within this login."""
        return await self._change_open(id_hash, consented=True)

    async def pick_method(self, id_hash: bytes, method: Method | None) -> bool:
        return await self._change_open(id_hash, method=method.value if method else None)

    async def replace_temporary(self, id_hash: bytes, evidence: Evidence, user_epoch: int) -> bool:
        """After the password change: this login goes on under the new epoch, all others of the person are void."""
        return await self._change_open(
            id_hash, evidence=to_json(evidence.to_json()), user_epoch=user_epoch, temporary_id=None
        )

    async def count_try(self, id_hash: bytes) -> int:
        """Counts one attempt at a code before it is judged; returns the new number. Raises `errors.NotFound`."""
        counted = update(logins).where(logins.c.id_hash == id_hash).values(tries=logins.c.tries + 1)
        row = await self._first(counted.returning(logins.c.tries))
        if row is None:
            raise NotFound(detail="a login that is gone")
        return int(row["tries"])

    async def finish(self, id_hash: bytes, state: LoginState) -> bool:
        """Ends an open login: one winner."""
        return await self._change_open(id_hash, state=state.value)

    async def _change_open(self, id_hash: bytes, *conditions: Any, **values: Any) -> bool:
        return await self._happened(
            update(logins)
            .where(logins.c.id_hash == id_hash, logins.c.state == LoginState.OPEN.value, *conditions)
            .values(**values)
            .returning(logins.c.id_hash)
        )
