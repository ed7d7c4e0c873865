"""Keys of clients: registered as `jwks`, or published at `jwks_uri`, from where they are fetched and kept for a while.

Who sends an unknown `kid` makes us look again (OIDC Core §10.1.1), which strangers can do as well: so at most once in
`LOOK_AGAIN_SECONDS` for each client, one request at a time, through the guarded way out and only to the registered address.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import urlsafe_b64decode

from idp.domain.client_keys import PRIVATE_MEMBERS
from idp.domain.clients import Client
from idp.domain.rules import HOUR
from idp.errors import OutboundFailed
from idp.oidc import strict_json
from idp.ports import Clock, Outbound

KEPT_SECONDS = HOUR
LOOK_AGAIN_SECONDS = 15
MOST_KEYS = 100
LEAST_RSA_BITS = 2048
KEY_TYPES = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC"}

Jwk = Mapping[str, Any]

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Published:
    """What was last seen at an address, and when somebody last looked."""

    uri: str
    keys: Sequence[Jwk] = ()
    seen_at: int | None = None
    looked_at: int | None = None
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)


class ClientKeys:
    """One per process. Only registered clients with a `jwks_uri` take up room."""

    def __init__(self, outbound: Outbound, clock: Clock) -> None:
        self._outbound = outbound
        self._clock = clock
        self._published: dict[str, _Published] = {}

    async def find(self, client: Client, kid: str | None, alg: str) -> RSAKey | ECKey | None:
        """The one key of this client that `kid` names, or without it the only one that fits the algorithm; else None."""
        if client.jwks is not None:
            return _select(client.jwks["keys"], kid, alg)
        if client.jwks_uri is None:
            return None
        known = self._known(client.client_id, client.jwks_uri)
        key = _select(known.keys, kid, alg) if self._is_fresh(known) else None
        if key is not None:
            return key
        await self._look(client.client_id, known)
        return _select(known.keys, kid, alg)

    def _known(self, client_id: str, uri: str) -> _Published:
        known = self._published.get(client_id)
        if known is None or known.uri != uri:
            known = self._published[client_id] = _Published(uri)
        return known

    def _is_fresh(self, known: _Published) -> bool:
        return known.seen_at is not None and self._clock.now() - known.seen_at < KEPT_SECONDS

    async def _look(self, client_id: str, known: _Published) -> None:
        """Fetches the set, unless somebody did so a moment ago. What was known stays when that fails."""
        async with known.looking:
            now = self._clock.now()
            if known.looked_at is not None and now - known.looked_at < LOOK_AGAIN_SECONDS:
                return
            known.looked_at = now
            try:
                known.keys = _read(await self._outbound.get(known.uri))
            except (OutboundFailed, ValueError) as error:
                reason = error.reason if isinstance(error, OutboundFailed) else str(error)
                log.warning("the keys of client %r cannot be fetched: %s", client_id, reason)
            else:
                known.seen_at = now


def _read(body: bytes) -> Sequence[Jwk]:
    """The public signing keys of a JWK Set (RFC 7517 §5); others are left out. Raises ValueError."""
    document = strict_json.loads(body)
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list) or len(keys) > MOST_KEYS:
        raise ValueError("not a JWK Set")
    if any(isinstance(key, dict) and PRIVATE_MEMBERS & key.keys() for key in keys):
        raise ValueError("it publishes a private or symmetric key")
    return [key for key in keys if isinstance(key, dict) and key.get("use", "sig") == "sig"]


def _select(keys: Sequence[Jwk], kid: str | None, alg: str) -> RSAKey | ECKey | None:
    """Two keys under one `kid` are none: nobody could say which one is meant (SECURITY-CASES JO06)."""
    fitting = [
        key
        for key in keys
        if key.get("kty") == KEY_TYPES[alg] and key.get("alg", alg) == alg and (kid is None or key.get("kid") == kid)
    ]
    return _imported(json.dumps(fitting[0], sort_keys=True)) if len(fitting) == 1 else None


@lru_cache(maxsize=256)
def _imported(jwk: str) -> RSAKey | ECKey | None:
    """The key, None for numbers that make none, or a weak one."""
    values = {name: value for name, value in json.loads(jwk).items() if name in ("kty", "n", "e", "crv", "x", "y")}
    try:
        if values["kty"] == "RSA":
            modulus = int.from_bytes(urlsafe_b64decode(values["n"].encode("ascii")), "big")
            return RSAKey.import_key(values) if modulus.bit_length() >= LEAST_RSA_BITS else None
        return ECKey.import_key(values) if values.get("crv") == "P-256" else None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None
