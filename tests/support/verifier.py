"""What a strict relying party makes of a signed token: OpenID Connect Core §2 and §3.1.3.7, RFC 9068 §4, CONTRACT "Tokens"."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

HASHES = {"RS256": hashlib.sha256, "ES256": hashlib.sha256}
KEY_TYPES: dict[str, tuple[str, type[RSAKey] | type[ECKey]]] = {"RS256": ("RSA", RSAKey), "ES256": ("EC", ECKey)}
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
SECOND_FACTORS = {"otp", "sms"}
LONGEST_ID_TOKEN = 3600


@dataclass
class Verifier:
    """Checks what one issuer signs for one client. `alg` is the only algorithm of ID tokens that it takes, `now` its clock,
    `fetch_keys` reads the issuer's key set."""

    issuer: str
    client_id: str
    alg: str
    now: Callable[[], int]
    fetch_keys: Callable[[], Awaitable[dict[str, Any]]]
    _keys: list[dict[str, Any]] = field(default_factory=list)

    async def id_token(self, token: str, access_token: str) -> dict[str, Any]:
        """The claims of an ID token that came together with this access token."""
        claims = await self._verify(token, self.alg, ("JWT", None))
        self._check_id_token(claims, access_token)
        return claims

    async def access_token(self, token: str) -> dict[str, Any]:
        """The claims of an access token, as an API of the house reads them."""
        alg = jws.extract_compact(token.encode()).protected["alg"]
        claims = await self._verify(token, alg, ("at+jwt",))
        assert (claims["iss"], claims["aud"], claims["client_id"]) == (self.issuer, self.issuer, self.client_id)
        assert claims["iat"] <= self.now() < claims["exp"]
        assert claims["jti"]
        return claims

    async def logout_token(self, token: str) -> dict[str, Any]:
        """The claims of a logout token: signed as the ID tokens are, and of a type that says what it is."""
        return await self._verify(token, self.alg, ("logout+jwt",))

    def _check_id_token(self, claims: dict[str, Any], access_token: str) -> None:
        now = self.now()
        assert claims["iss"] == self.issuer
        assert claims["aud"] == self.client_id
        assert claims["azp"] == self.client_id
        assert isinstance(claims["sub"], str)
        assert 0 < len(claims["sub"]) <= 255
        assert "@" not in claims["sub"], "sub is opaque"
        assert now - 10 <= claims["iat"] <= now, "issued in the future, or long ago"
        assert now < claims["exp"] <= claims["iat"] + LONGEST_ID_TOKEN
        assert type(claims["auth_time"]) is int
        assert claims["auth_time"] <= claims["iat"]
        half = HASHES[self.alg](access_token.encode()).digest()[:16]
        assert claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
        assert isinstance(claims["sid"], str)
        assert claims["sid"]
        self._check_strength(claims)

    def _check_strength(self, claims: dict[str, Any]) -> None:
        """`acr` and `amr` as the contract writes them, and the one as strong as the other."""
        amr = claims["amr"]
        assert isinstance(amr, list)
        assert len(amr) == len(set(amr))
        if claims["acr"] == f"{self.issuer}/acr/pwd":
            assert amr == ["pwd"]
        elif claims["acr"] == f"{self.issuer}/acr/mfa":
            assert (amr[0], amr[-1]) == ("pwd", "mfa")
            assert set(amr[1:-1]) <= SECOND_FACTORS
            assert amr[1:-1]
        else:
            assert claims["acr"] == "phr"
            assert amr[-2:] == ["user", "mfa"]

    async def _verify(self, token: str, alg: str, types: tuple[str | None, ...]) -> dict[str, Any]:
        """The claims of a signed token: one algorithm, the key that `kid` names, made for that algorithm and for signing."""
        assert token.count(".") == 2
        header = jws.extract_compact(token.encode()).protected
        assert set(header) <= {"alg", "kid", "typ"}, header
        assert header["alg"] == alg
        assert header.get("typ") in types, header
        key = await self._key(header["kid"], alg)
        return dict(json.loads(jws.deserialize_compact(token.encode(), key, algorithms=[alg]).payload))

    async def _key(self, kid: str, alg: str) -> RSAKey | ECKey:
        if not any(key["kid"] == kid for key in self._keys):
            self._keys = (await self.fetch_keys())["keys"]
            assert len({key["kid"] for key in self._keys}) == len(self._keys)
            assert not any(PRIVATE & key.keys() for key in self._keys), "a private key was published"
        found = [key for key in self._keys if key["kid"] == kid]
        assert len(found) == 1, f"the key set does not hold {kid}"
        kind, importer = KEY_TYPES[alg]
        assert (found[0]["kty"], found[0]["use"], found[0]["alg"]) == (kind, "sig", alg)
        return importer.import_key(found[0])
