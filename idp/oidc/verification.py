"""Verifying tokens that this house signed itself: access tokens presented to us, ID tokens handed back as hints.

Nothing in a token chooses how it is verified. The header must name a key of our own ring and exactly that key's algorithm, and
may hold nothing else, so `none`, HMAC under a public key, `jwk`, `jku`, `x5u`, `crit` and `b64` have no place to stand
(SECURITY-CASES JO01-JO06).
"""

from __future__ import annotations

import binascii
import json
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from idp.oidc.keys import KeyRing

MAX_LENGTH = 8192
HEADER_MEMBERS = {"alg", "kid", "typ"}


class TokenRefused(Exception):
    """Not a token of ours, or not one of this kind. The reason is for tests and the log, never for the sender."""


def verified_claims(keys: KeyRing, token: str, typ: str) -> dict[str, Any]:
    """The claims of a token of type `typ` (`at+jwt`, `JWT`) that one of our keys signed. Raises `TokenRefused`.

    Says nothing about `exp`, `iss`, `aud` or revocation: the caller knows which of them matter.
    """
    if len(token) > MAX_LENGTH or not token.isascii():
        raise TokenRefused("too long, or not ASCII")
    try:
        parsed = jws.extract_compact(token.encode("ascii"))
        header = parsed.headers()
        key = keys.find(header["kid"]) if isinstance(header.get("kid"), str) else None
        if key is None or header.keys() != HEADER_MEMBERS or header["alg"] != key.alg or header["typ"] != typ:
            raise TokenRefused("the header names no key of ours, another algorithm or another type")
        if not jws.validate_compact(parsed, key.jwk, algorithms=[key.alg]):
            raise TokenRefused("bad signature")
        claims = json.loads(parsed.payload)
    except (JoseError, binascii.Error, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        # AttributeError: joserfc takes the header `["alg"]` for an object
        raise TokenRefused("malformed") from error
    if not isinstance(claims, dict):
        raise TokenRefused("the payload is not an object")
    return claims
