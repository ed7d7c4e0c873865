"""Access tokens that come back to us: what they say, and whether that still holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from idp.oidc.issue import ACCESS_TOKEN_TYPE, OWN_TOKEN
from idp.oidc.keys import KeyRing
from idp.oidc.verification import TokenRefused, verified_claims

FUTURE_SECONDS = 60
"""How far ahead `iat` may lie: the clocks of replicas differ a little (SECURITY-CASES F19)."""


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """A genuine, unexpired access token of this house. `grant_id` is None for one that a client got for itself.

    Genuine is not alive: only the grant, or for the latter the client, says whether it counts.
    """

    claims: dict[str, Any]
    client_id: str
    grant_id: str | None
    scopes: tuple[str, ...]


def read_access_token(token: str, keys: KeyRing, issuer: str, now: int) -> PresentedToken:
    """Raises `TokenRefused` for anything that is not exactly what `TokenIssuer` signs (RFC 9068 §4; JO07, JO08)."""
    claims = verified_claims(keys, token, ACCESS_TOKEN_TYPE)
    if claims.get("iss") != issuer or claims.get("aud") != issuer:
        raise TokenRefused("another issuer or audience")
    texts = [claims.get(name) for name in ("sub", "client_id", "jti", "scope")]
    if not all(isinstance(text, str) for text in texts):
        raise TokenRefused("a claim is missing")
    instants = [claims.get("exp"), claims.get("iat"), claims.get("nbf", 0)]
    if any(type(instant) is not int for instant in instants):
        raise TokenRefused("an instant is missing or no number")
    if not (now < claims["exp"] and claims["iat"] <= now + FUTURE_SECONDS and claims.get("nbf", 0) <= now):
        raise TokenRefused("not of this time")
    origin = claims["jti"].partition(".")[0]
    grant_id = None if origin == OWN_TOKEN else origin
    return PresentedToken(claims, claims["client_id"], grant_id, tuple(claims["scope"].split()))
