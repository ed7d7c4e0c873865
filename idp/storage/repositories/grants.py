"""Grants as the pages see them: made when a code is issued, revoked for a reason. The back channel does the rest."""

from __future__ import annotations

from sqlalchemy import select, update

from idp.domain.delivery import LogoutNotice
from idp.domain.grants import NewGrant
from idp.storage.encoding import to_json
from idp.storage.repositories.repository import Repository, starts_with
from idp.storage.tables import accounts, grants, sessions


class Grants(Repository):
    async def add(self, grant: NewGrant) -> None:
        """Raises ValueError for evidence that identifies nobody: a token without `auth_time` must not come to be."""
        if grant.evidence.primary_at is None:
            raise ValueError("a grant needs evidence of who the person is")
        await self._run(
            self._insert(grants).values(
                id=grant.id,
                client_id=grant.client_id,
                user_id=grant.user_id,
                membership_id=grant.membership_id,
                account_id=grant.account_id,
                session_id=grant.session_id,
                user_epoch=grant.user_epoch,
                account_epoch=grant.account_epoch,
                scope=grant.scope,
                claims=to_json(dict(grant.claims)),
                nonce=grant.nonce,
                acr=grant.acr,
                amr=to_json(list(grant.evidence.amr)),
                auth_time=grant.evidence.primary_at,
                auth_time_asked=grant.auth_time_asked,
                offline=grant.offline,
                code_hash=grant.code_hash,
                code_challenge=grant.code_challenge,
                redirect_uri=grant.redirect_uri,
                code_expires_at=grant.code_expires_at,
                expires_at=grant.expires_at,
                created_at=grant.created_at,
            )
        )

    async def revoke(self, grant_id: str, because: str, now: int) -> bool:
        """Ends the family of tokens. False: it was revoked already, and keeps its first reason."""
        return await self._happened(
            update(grants)
            .where(grants.c.id == grant_id, grants.c.revoked_at.is_(None))
            .values(revoked_at=now, revoked_because=because)
            .returning(grants.c.id)
        )

    async def revoke_of_user(self, user_id: str, because: str, now: int, *, keep_session: str | None = None) -> int:
        """Every grant of the person, offline ones included, but for those of one session; returns how many."""
        revoking = update(grants).where(grants.c.user_id == user_id, grants.c.revoked_at.is_(None))
        if keep_session is not None:
            revoking = revoking.where(grants.c.session_id.is_distinct_from(keep_session))
        return await self._count(revoking.values(revoked_at=now, revoked_because=because))

    async def revoke_of_session(self, session_id: str, because: str, now: int, *, offline_too: bool = False) -> int:
        """The grants of a session that ends. Offline access outlives it (OIDC Core §11) unless `offline_too`."""
        revoking = update(grants).where(grants.c.session_id == session_id, grants.c.revoked_at.is_(None))
        if not offline_too:
            revoking = revoking.where(grants.c.offline.is_(False))
        return await self._count(revoking.values(revoked_at=now, revoked_because=because))

    async def clients_of_session(self, session_id: str) -> list[str]:
        """The ids of the clients that redeemed a code of this session: they know its `sid`, whatever became of the tokens."""
        redeemed = (grants.c.session_id == session_id, grants.c.code_used_at.is_not(None))
        rows = await self._all(select(grants.c.client_id).where(*redeemed).distinct().order_by(grants.c.client_id))
        return [row["client_id"] for row in rows]

    async def logouts_below(self, path: str, now: int) -> list[LogoutNotice]:
        """The same for all live sessions of a subtree: which client is to hear of which session."""
        statement = (
            select(grants.c.client_id, grants.c.user_id, grants.c.session_id)
            .join(accounts, accounts.c.id == grants.c.account_id)
            .join(sessions, sessions.c.id == grants.c.session_id)
            .where(starts_with(accounts.c.path, path), grants.c.code_used_at.is_not(None))
            .where(sessions.c.ended_at.is_(None), sessions.c.expires_at > now)
            .distinct()
        )
        return [LogoutNotice(**row) for row in await self._all(statement)]
