"""Client assertions: `private_key_jwt` (RFC 7523 §3, OIDC Core §9, FAPI 2.0 Security Profile §5.3.2.1).

A client proves itself by a JWT about itself, signed with its own key, for us, of this moment, once. What is cheap is looked at
first, so that nobody without a good-looking assertion makes us fetch keys or write a row (SECURITY-CASES TK38-TK43).
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from idp.domain.client_keys import ASSERTION_ALGORITHMS
from idp.domain.clients import AuthMethod, Client
from idp.domain.ids import secret_hash
from idp.oidc import strict_json
from idp.oidc.client_keys import ClientKeys
from idp.oidc.clients import ClientRegistry
from idp.ports import Clock
from idp.storage.unit_of_work import Store

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SKEW_SECONDS = 30
"""How far clocks may be apart: 10 s have to be accepted and more than 60 s refused (FAPI 2.0 §5.3.2.1)."""
LONGEST_SECONDS = 300
KEPT_LONGER_SECONDS = 60
"""A used assertion is remembered until no replica, however late its clock, could take it for valid (F19)."""
FORBIDDEN = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64"})
"""Headers that bring a key along, or change what is signed. Others that we do not know mean nothing (RFC 7515 §4)."""
TYPES = frozenset({"jwt", "client-authentication+jwt"})
FAPI2 = "fapi2"
FAPI2_ALGORITHMS = ("PS256", "ES256")
MAX_JTI = 256


class AssertionRefused(Exception):
    """The reason is for the log and never for the sender (TK06)."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """One taken apart. Nothing in it is believed before `signature` is verified."""

    signature: jws.CompactSignature
    alg: str
    kid: str | None
    client_id: str
    audience: Any
    jti: str
    expires_at: int

    @property
    def hash(self) -> bytes:
        """What is stored of it. The make-up is the same in every version, or a rolling upgrade would forget what was used."""
        return secret_hash(f"{self.client_id}\x00{self.jti}")


class Assertions:
    """Judges assertions for one issuer. One per process."""

    def __init__(self, store: Store, clients: ClientRegistry, keys: ClientKeys, clock: Clock, issuer: str) -> None:
        self._store = store
        self._clients = clients
        self._keys = keys
        self._clock = clock
        self._issuer = issuer
        self._audiences = frozenset({issuer, f"{issuer}/token"})

    async def client_of(self, text: str, named: str | None = None) -> Client:
        """The client that this assertion proves; it is used up by that. `named` is the `client_id` beside it, if there was one.

        A client in memory whose proof fails is read again, since its keys may be new. Raises `AssertionRefused`.
        """
        assertion = read_assertion(text, self._clock.now())
        if named not in (None, assertion.client_id):
            raise AssertionRefused("client_id names another client")
        kept = self._clients.kept(assertion.client_id)
        client = kept if kept is not None and await self._is_proved(assertion, kept) else None
        if client is None:
            client = await self._clients.load(assertion.client_id)
            if client is None or not await self._is_proved(assertion, client):
                raise AssertionRefused("unknown client, or not signed by it for us")
        async with self._store.write() as uow:
            until = assertion.expires_at + SKEW_SECONDS + KEPT_LONGER_SECONDS
            if not await uow.used_assertions.use(assertion.hash, until):
                raise AssertionRefused("used before")
        return client

    async def _is_proved(self, assertion: Assertion, client: Client) -> bool:
        if not client.is_active or client.auth_method is not AuthMethod.PRIVATE_KEY_JWT:
            return False
        if assertion.alg not in _algorithms(client) or not self._is_for_us(assertion, client):
            return False
        key = await self._keys.find(client, assertion.kid, assertion.alg)
        try:
            return key is not None and jws.validate_compact(assertion.signature, key, algorithms=[assertion.alg])
        except (JoseError, ValueError):
            return False

    def _is_for_us(self, assertion: Assertion, client: Client) -> bool:
        """Under FAPI 2 the issuer as a string and nothing else: an assertion for several servers could be played by one of them
        against another. OpenID Connect also knows the token endpoint's URL, and libraries that list both."""
        audience = assertion.audience
        if client.policy.profile == FAPI2:
            return bool(audience == self._issuer)
        named = [audience] if isinstance(audience, str) else audience
        return isinstance(named, list) and bool(named) and all(one in self._audiences for one in named)


def _algorithms(client: Client) -> tuple[str, ...]:
    registered = client.metadata.get("token_endpoint_auth_signing_alg")
    allowed = FAPI2_ALGORITHMS if client.policy.profile == FAPI2 else ASSERTION_ALGORITHMS
    return tuple(alg for alg in allowed if registered in (None, alg))


def read_assertion(text: str, now: int) -> Assertion:
    """Everything that needs neither a key nor a database. Raises `AssertionRefused`."""
    try:
        signature = jws.extract_compact(text.encode("ascii"))
        header: dict[str, Any] = dict(signature.headers())
        claims = strict_json.loads(signature.payload)
    except (JoseError, binascii.Error, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        # AttributeError and TypeError: joserfc takes the header `["alg"]` for an object
        raise AssertionRefused("no signed JWT") from error
    if not isinstance(claims, dict):
        raise AssertionRefused("the payload is not an object")
    alg, kid = _read_header(header)
    client_id, jti = claims.get("sub"), claims.get("jti")
    if not isinstance(client_id, str) or claims.get("iss") != client_id:
        raise AssertionRefused("iss and sub are not one client id")
    if not isinstance(jti, str) or not 1 <= len(jti) <= MAX_JTI:
        raise AssertionRefused("no jti, or a long one")
    audience = claims.get("aud")
    if isinstance(audience, list) and not all(isinstance(one, str) for one in audience):
        raise AssertionRefused("aud holds something else than texts")
    return Assertion(signature, alg, kid, client_id, audience, jti, _read_times(claims, now))


def _read_header(header: dict[str, Any]) -> tuple[str, str | None]:
    alg, kid, typ = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if alg not in ASSERTION_ALGORITHMS or FORBIDDEN & header.keys():
        raise AssertionRefused("an algorithm that is not offered, or a header that brings its own key")
    if not isinstance(typ, str) or typ.lower() not in TYPES or not isinstance(kid, str | None):
        raise AssertionRefused("another kind of token")
    return str(alg), kid


def _read_times(claims: dict[str, Any], now: int) -> int:
    """`exp` as seconds, after `exp`, `nbf` and `iat` were judged (TK40)."""
    expires, issued, begins = (claims.get(name) for name in ("exp", "iat", "nbf"))
    for moment in (expires, issued, begins):
        if not (moment is None or (isinstance(moment, int | float) and not isinstance(moment, bool))):
            raise AssertionRefused("an instant that is no number")
    if expires is None or not now - SKEW_SECONDS < expires <= now + LONGEST_SECONDS + SKEW_SECONDS:
        raise AssertionRefused("without exp, expired, or meant to live too long")
    if (issued or 0) > now + SKEW_SECONDS or (begins or 0) > now + SKEW_SECONDS:
        raise AssertionRefused("of the future")
    return int(expires)
