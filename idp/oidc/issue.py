"""Issuing: what stands in access tokens (RFC 9068) and ID tokens (OIDC Core §2), and their signatures."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from idp.domain.claims import SCOPE_CLAIMS, account_claims, standard_claims
from idp.domain.clients import Client
from idp.domain.rules import TokenRules
from idp.oidc.keys import KeyRing
from idp.ports import Clock, Entropy
from idp.storage.statements import LiveGrant

ACCESS_TOKEN_TYPE = "at+jwt"  # noqa: S105 - RFC 9068 §2.1
ID_TOKEN_TYPE = "JWT"  # noqa: S105
OWN_TOKEN = "cc"  # noqa: S105 - begins the `jti` of a token that a client got for itself: no grant stands behind it
UNIQUE_BYTES = 15


@dataclass(frozen=True, slots=True)
class AccessToken:
    text: str
    expires_in: int


class TokenIssuer:
    """Signs with the ring's active keys. Pure arithmetic otherwise: everything it says is handed in."""

    def __init__(self, issuer: str, keys: KeyRing, rules: TokenRules, clock: Clock, entropy: Entropy) -> None:
        self.issuer = issuer
        self._keys = keys
        self._rules = rules
        self._clock = clock
        self._entropy = entropy

    def access_token(self, grant: LiveGrant, client: Client, scopes: Iterable[str]) -> AccessToken:
        """For the APIs of this house: `aud` is the issuer. Scope `account` puts the person's place in the tree into it."""
        now = self._clock.now()
        # No token outlives its grant: at the end of a session there is nothing left that works offline for minutes more.
        expires_at = min(now + (client.policy.access_seconds or self._rules.access_seconds), grant.expires_at)
        granted = tuple(scopes)
        claims = self._access_claims(grant.user_id, client, granted, grant.id, now, expires_at)
        claims |= {"auth_time": grant.auth_time, "acr": grant.acr, "amr": list(grant.amr)}
        claims |= _session(grant)
        if "account" in granted:
            claims |= account_claims(grant.membership)
        return AccessToken(self._keys.sign(self._keys.access_token_alg, ACCESS_TOKEN_TYPE, claims), expires_at - now)

    def own_token(self, client: Client, scopes: Iterable[str]) -> AccessToken:
        """For a client that acts for itself: the subject is the client (RFC 9068 §2.2)."""
        now = self._clock.now()
        expires_at = now + (client.policy.access_seconds or self._rules.access_seconds)
        claims = self._access_claims(client.client_id, client, tuple(scopes), OWN_TOKEN, now, expires_at)
        return AccessToken(self._keys.sign(self._keys.access_token_alg, ACCESS_TOKEN_TYPE, claims), expires_at - now)

    def id_token(
        self, grant: LiveGrant, client: Client, scopes: Iterable[str], access_token: str, *, nonce: str | None
    ) -> str:
        """`auth_time`, `acr` and `amr` are of the sign-in, however often the token is renewed (OIDC Core §12.2).

        `nonce` is for the first one only. Standard claims are in it when the `claims` parameter asks for them here.
        """
        now = self._clock.now()
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": grant.user_id,
            "aud": client.client_id,
            "azp": client.client_id,
            "iat": now,
            "exp": now + self._rules.id_token_seconds,
            "auth_time": grant.auth_time,
            "acr": grant.acr,
            "amr": list(grant.amr),
            "at_hash": half_hash(access_token, client.id_token_alg),
        }
        claims |= _session(grant)
        if nonce is not None:
            claims["nonce"] = nonce
        if asked := requested_claims(grant, "id_token", client):
            available = standard_claims(grant.person)
            claims |= {name: available[name] for name in asked if name in available}
        if "account" in scopes:
            claims |= account_claims(grant.membership)
        return self._keys.sign(client.id_token_alg, ID_TOKEN_TYPE, claims)

    def _access_claims(
        self, subject: str, client: Client, scopes: tuple[str, ...], origin: str, now: int, expires_at: int
    ) -> dict[str, Any]:
        unique = base64.urlsafe_b64encode(self._entropy.bytes(UNIQUE_BYTES)).decode("ascii")
        return {
            "iss": self.issuer,
            "sub": subject,
            "aud": self.issuer,
            "client_id": client.client_id,
            "iat": now,
            "exp": expires_at,
            "jti": f"{origin}.{unique}",
            "scope": " ".join(scopes),
        }


def requested_claims(grant: LiveGrant, place: str, client: Client) -> list[str]:
    """The standard claims that the `claims` parameter asks for at `place` and that the client's scopes entitle it to."""
    asked = grant.claims.get(place)
    if not asked:
        return []
    allowed = {name for scope in client.scopes for name in SCOPE_CLAIMS.get(scope, ())}
    return [name for name in asked if name in allowed]


def half_hash(token: str, alg: str) -> str:
    """`at_hash`: the left half of the hash that the signature's algorithm uses (OIDC Core §3.1.3.6).

    Raises ValueError for an algorithm whose hash is not known here, rather than guess (JO11).
    """
    if alg not in ("RS256", "PS256", "ES256"):
        raise ValueError(f"no hash is known for {alg}")
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode("ascii")).digest()[:16]).rstrip(b"=").decode("ascii")


def _session(grant: LiveGrant) -> dict[str, str]:
    """`sid`, unless the session is over and gone: offline access outlives it."""
    return {} if grant.session_id is None else {"sid": grant.session_id}
