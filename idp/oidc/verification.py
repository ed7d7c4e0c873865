"""Verifying tokens that this house signed itself: access tokens presented to us, ID tokens handed back as hints.

Nothing in a token chooses how it is verified. Its header must be, byte for byte, the one that a key of our own ring writes for
this type, so `none`, HMAC under a public key, `jwk`, `jku`, `x5u`, `crit` and `b64` have no place to stand (SECURITY-CASES
JO01-JO06).
"""

from __future__ import annotations

import binascii
import json
from typing import Any

from joserfc.util import urlsafe_b64decode

from idp.oidc.keys import KeyRing

MAX_LENGTH = 8192


class TokenRefused(Exception):
    """Not a token of ours, or not one of this kind. The reason is for tests and the log, never for the sender."""


def verified_claims(keys: KeyRing, token: str, typ: str) -> dict[str, Any]:
    """The claims of a token of type `typ` (`at+jwt`, `JWT`) that one of our keys signed. Raises `TokenRefused`.

    Says nothing about `exp`, `iss`, `aud` or revocation: the caller knows which of them matter.
    """
    if len(token) > MAX_LENGTH or not token.isascii():
        raise TokenRefused("too long, or not ASCII")
    header, _, rest = token.partition(".")
    payload, _, signature = rest.partition(".")
    signatory = keys.signatory_of(header, typ)
    if signatory is None:
        raise TokenRefused("the header is none that we write for this type")
    try:
        if not signatory.has_signed(
            f"{header}.{payload}".encode("ascii"), urlsafe_b64decode(signature.encode("ascii"))
        ):
            raise TokenRefused("bad signature")
        claims = json.loads(urlsafe_b64decode(payload.encode("ascii")))
    except (binascii.Error, ValueError) as error:
        raise TokenRefused("malformed") from error
    if not isinstance(claims, dict):
        raise TokenRefused("the payload is not an object")
    return claims
