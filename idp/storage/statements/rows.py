"""What the operations answer with, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from idp.domain.people import Membership, Person
from idp.storage.encoding import from_json
from idp.storage.rows import Row, membership_from, person_from


@dataclass(frozen=True)
class LiveGrant:
    """A grant that nothing speaks against at this moment, with its person and membership as they are now.

    These two are made of the row when they are asked for, and once: most tokens need neither or one of them, and to make them
    takes longer than to read them.

    `claims` is the `claims` parameter of the authorization request, by place and name. `generation` (of the refresh token in
    force, 0: none was issued) and `idle_expires_at` are what a read found; a change may answer with those before it.
    """

    id: str
    client_id: str
    user_id: str
    session_id: str | None
    scope: str
    claims: Mapping[str, Mapping[str, Any]]
    nonce: str | None
    acr: str
    amr: tuple[str, ...]
    auth_time: int
    generation: int
    idle_expires_at: int | None
    expires_at: int
    _row: Row = field(repr=False, compare=False)

    @cached_property
    def person(self) -> Person:
        return person_from(self._row)

    @cached_property
    def membership(self) -> Membership:
        return membership_from(self._row)

    @property
    def scopes(self) -> tuple[str, ...]:
        return tuple(self.scope.split())


@dataclass(frozen=True, slots=True)
class CodeState:
    """What is stored of a code that could not be redeemed."""

    grant_id: str
    client_id: str
    redirect_uri: str
    code_challenge: str | None
    is_used: bool


@dataclass(frozen=True, slots=True)
class FamilyState:
    """What is stored of a family whose refresh token could not be rotated. `is_live`: nothing else speaks against it."""

    client_id: str
    generation: int
    rotated_at: int | None
    is_live: bool


NONE = "{}"
"""How most grants' `claims` lie: nothing was asked for one by one."""


@lru_cache(maxsize=64)
def _amr(text: str) -> tuple[str, ...]:
    """There are as many as ways to sign in."""
    return tuple(from_json(text))


def live_grant_from(row: Row) -> LiveGrant:
    return LiveGrant(
        id=row["grant_id"],
        client_id=row["grant_client_id"],
        user_id=row["user_id"],
        session_id=row["grant_session_id"],
        scope=row["grant_scope"],
        claims={} if row["grant_claims"] == NONE else from_json(row["grant_claims"]),
        nonce=row["grant_nonce"],
        acr=row["grant_acr"],
        amr=_amr(row["grant_amr"]),
        auth_time=row["grant_auth_time"],
        generation=row["grant_generation"],
        idle_expires_at=row["grant_idle_expires_at"],
        expires_at=row["grant_expires_at"],
        _row=row,
    )


def code_state_from(row: Row) -> CodeState:
    return CodeState(row["id"], row["client_id"], row["redirect_uri"], row["code_challenge"], bool(row["is_used"]))


def family_state_from(row: Row) -> FamilyState:
    return FamilyState(row["client_id"], row["generation"], row["rotated_at"], bool(row["is_live"]))
