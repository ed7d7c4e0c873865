"""Compact signatures (RFC 7515 §3.1) by our own keys: one key, ready to sign and to verify.

What does not change from token to token is made once. A header is a text that we write for a key and a type, so one that comes
back is compared with it and never read. The general library would encode, look up and check it for every token, which took
three times as long as the signature (docs/adr/0014); the signature itself is `cryptography`'s either way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.util import urlsafe_b64encode

from idp.oidc.key_folder import SigningKey

COORDINATE_BYTES = 32
"""Of P-256 (RFC 7518 §3.4)."""
PADDINGS: Mapping[str, AsymmetricPadding] = {"RS256": PKCS1v15(), "PS256": PSS(MGF1(SHA256()), SHA256.digest_size)}
HASH, PROOF = SHA256(), ECDSA(SHA256())

_to_json = json.JSONEncoder(separators=(",", ":")).encode


class Signatory:
    """A key of ours at work. One that is retired verifies only."""

    def __init__(self, key: SigningKey) -> None:
        self.kid = key.kid
        self.alg = key.alg
        self._sign = _signing(key)
        self._verify = _verifying(key)
        self._headers: dict[str, str] = {}

    def header(self, typ: str) -> str:
        """The first segment of every token of this type that this key signs."""
        header = self._headers.get(typ)
        if header is None:
            members = {"alg": self.alg, "kid": self.kid, "typ": typ}
            header = self._headers[typ] = urlsafe_b64encode(_to_json(members).encode("ascii")).decode("ascii")
        return header

    def sign(self, typ: str, claims: Mapping[str, Any]) -> str:
        """The token. `typ` is one of our few types: each is remembered."""
        payload = urlsafe_b64encode(_to_json(claims).encode("ascii")).decode("ascii")
        message = f"{self.header(typ)}.{payload}"
        return f"{message}.{urlsafe_b64encode(self._sign(message.encode('ascii'))).decode('ascii')}"

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Whether this is our signature of header and payload as they came."""
        try:
            self._verify(signature, message)
        except InvalidSignature:
            return False
        return True


def _signing(key: SigningKey) -> Callable[[bytes], bytes]:
    private = key.jwk.private_key
    if isinstance(private, EllipticCurvePrivateKey):

        def by_curve(message: bytes) -> bytes:
            r, s = decode_dss_signature(private.sign(message, PROOF))
            return r.to_bytes(COORDINATE_BYTES, "big") + s.to_bytes(COORDINATE_BYTES, "big")

        return by_curve
    if isinstance(private, RSAPrivateKey):
        padding = PADDINGS[key.alg]
        return lambda message: private.sign(message, padding, HASH)

    def retired(_message: bytes) -> bytes:
        raise ValueError(f"key {key.kid} is retired and signs nothing more")

    return retired


def _verifying(key: SigningKey) -> Callable[[bytes, bytes], None]:
    """Raises `InvalidSignature`."""
    public = key.jwk.public_key
    if isinstance(public, EllipticCurvePublicKey):

        def by_curve(signature: bytes, message: bytes) -> None:
            if len(signature) != 2 * COORDINATE_BYTES:
                raise InvalidSignature
            r, s = signature[:COORDINATE_BYTES], signature[COORDINATE_BYTES:]
            public.verify(encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big")), message, PROOF)

        return by_curve
    if not isinstance(public, RSAPublicKey):
        raise TypeError(f"key {key.kid} is of a type that signs no tokens")
    padding = PADDINGS[key.alg]
    return lambda signature, message: public.verify(signature, message, padding, HASH)
