"""A login: one sign-in under way, from the authorization request to its answer. Several tabs are several logins.

Nobody is signed in while a login runs; what has been proved is kept in it and in nothing else (DESIGN section 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from idp.domain.assurance import Asked, Evidence, Method


class LoginState(StrEnum):
    OPEN = "open"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    DESTROYED = "destroyed"
    """Too many wrong codes: this login can no longer succeed; a new one must start with the password (TO05)."""


@dataclass(frozen=True, slots=True)
class Login:
    """`id_hash` is the SHA-256 of the id in the URL, `browser_hash` of the browser's cookie: both are needed (AZ34).

    `client_id` is None when the sign-in leads to a page of our own, and then `request` says to which one; else it is the stored
    authorization request. Only the web reads it. `user_epoch` is the person's epoch when the
    password was right: when it moves on, what was proved here is void. `temporary_id` names the temporary password used.
    """

    id_hash: bytes
    browser_hash: bytes
    client_id: str | None
    request: str
    asked: Asked
    created_at: int
    expires_at: int
    user_id: str | None = None
    user_epoch: int | None = None
    evidence: Evidence = Evidence()
    temporary_id: str | None = None
    membership_id: str | None = None
    method: Method | None = None
    tries: int = 0
    consented: bool = False
    """Whether the person agreed within this login, which `prompt=consent` asks for whatever was agreed before."""
    state: LoginState = LoginState.OPEN

    def is_open(self, now: int) -> bool:
        return self.state is LoginState.OPEN and now < self.expires_at
