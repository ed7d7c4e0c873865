"""A logout token as a relying party has to judge it (OpenID Connect Back-Channel Logout 1.0 §2.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

EVENT = "http://schemas.openid.net/event/backchannel-logout"
LEEWAY_SECONDS = 60
MOST_SECONDS = 10 * 60
"""No honest logout token lives longer; one that does could be kept and played back."""


class LogoutTokenRefused(ValueError):
    """Not a logout token for this client from this issuer; the text says why."""


@dataclass(frozen=True, slots=True)
class Logout:
    """Whose sessions are over: the one named by `sid`, or without it all of `sub`."""

    jti: str
    expires_at: int
    sid: str | None
    sub: str | None

    def concerns(self, identity: Mapping[str, Any]) -> bool:
        """Whether a session with this ID token is meant."""
        return identity.get("sid") == self.sid if self.sid else identity.get("sub") == self.sub


def read_logout_token(token: str, keys: KeySet, *, issuer: str, client_id: str, alg: str, now: int) -> Logout:
    """Raises `LogoutTokenRefused`, and joserfc's `InvalidKeyIdError` for a key that is not in the set (it may be a new one)."""
    found = jwt.decode(token, keys, registry=JWSRegistry(algorithms=[alg]))
    claims = found.claims
    _check(found.header.get("typ") == "logout+jwt", "typ is not logout+jwt")
    _check(claims.get("iss") == issuer, "another issuer")
    _check(claims.get("aud") in (client_id, [client_id]), "another audience")
    _check_times(claims, now)
    _check("nonce" not in claims, "a nonce makes it an ID token")
    events = claims.get("events")
    _check(isinstance(events, dict) and isinstance(events.get(EVENT), dict), "not the logout event")
    texts = {name: claims[name] for name in ("jti", "sid", "sub") if name in claims}
    _check(all(isinstance(text, str) and text for text in texts.values()), "jti, sid and sub are texts")
    _check("jti" in texts and bool(texts.keys() & {"sid", "sub"}), "jti is missing, or both sid and sub")
    return Logout(texts["jti"], claims["exp"], texts.get("sid"), texts.get("sub"))


def _check_times(claims: Mapping[str, Any], now: int) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or not isinstance(expires, int):
        raise LogoutTokenRefused("iat or exp is missing")
    _check(now - LEEWAY_SECONDS < expires <= issued + MOST_SECONDS, "expired, or meant to live too long")
    _check(issued <= now + LEEWAY_SECONDS, "issued in the future")


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise LogoutTokenRefused(otherwise)


REFUSALS = (LogoutTokenRefused, JoseError, ValueError, TypeError, AttributeError)
"""What reading a token of any shape may raise: the last two when its header is JSON, but no object."""
