"""A grant: what one person let one client have, and the family of tokens that came of it (RFC 6749 §1.3, RFC 9700 §4.14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.domain.assurance import Evidence


@dataclass(frozen=True, slots=True)
class NewGrant:
    """A grant at the moment the authorization code is issued. `code_hash` is the SHA-256 of the code.

    `claims` is the `claims` parameter, as asked. `auth_time_asked`: `max_age` was sent, or the claim was asked for.
    """

    id: str
    client_id: str
    user_id: str
    membership_id: str
    account_id: str
    session_id: str
    user_epoch: int
    account_epoch: int
    scope: str
    evidence: Evidence
    acr: str
    code_hash: bytes
    code_challenge: str | None
    redirect_uri: str
    code_expires_at: int
    expires_at: int
    created_at: int
    nonce: str | None = None
    offline: bool = False
    auth_time_asked: bool = False
    claims: Mapping[str, Any] = field(default_factory=dict)
