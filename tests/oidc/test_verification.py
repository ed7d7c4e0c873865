"""Forged, altered and misused tokens: what our own verifier makes of them (SECURITY-CASES JO)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey, import_key

from idp.adapters.key_files import KeyDirectory
from idp.adapters.sealing import SealingRing, new_key
from idp.oidc.keys import KeyRing
from idp.oidc.verification import TokenRefused, verified_claims
from tests.support.ports import ManualClock, SeededEntropy
from tests.support.tokens import b64url, jwt_header, unb64url, unsigned

CLAIMS = {"iss": "https://id.example", "sub": "usr_a", "exp": 4_000_000_000}


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    entropy = SeededEntropy(7)
    files = KeyDirectory(tmp_path_factory.mktemp("keys"))
    sealer = SealingRing([new_key("a", entropy)], entropy)
    return asyncio.run(KeyRing.open(files, sealer, ManualClock(), rsa_bits=2048))


def signed(ring: KeyRing, alg: str = "ES256", claims: dict[str, Any] | None = None, **header: Any) -> str:
    """A token of one of our keys, with any header members replaced (None: left out)."""
    key = ring.signing_key(alg)
    members = {"alg": alg, "kid": key.kid, "typ": "at+jwt"} | header
    present = {name: value for name, value in members.items() if value is not None}
    return jwt.encode(present, claims or CLAIMS, key.jwk, algorithms=[alg], default_type=None)


def refused(ring: KeyRing, token: str, typ: str = "at+jwt") -> None:
    with pytest.raises(TokenRefused):
        verified_claims(ring, token, typ)


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_a_token_of_ours_is_read(ring: KeyRing, alg: str) -> None:
    assert verified_claims(ring, signed(ring, alg), "at+jwt") == CLAIMS


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "NONE", ""])
def test_JO01_a_token_that_nobody_signed_is_refused(ring: KeyRing, alg: str) -> None:
    header = {"alg": alg, "kid": ring.signing_key("ES256").kid, "typ": "at+jwt"}
    refused(ring, unsigned(header, CLAIMS))
    refused(ring, unsigned(header, CLAIMS, b"x"))
    head, body, _ = signed(ring).split(".")
    refused(ring, f"{head}.{body}.")
    refused(ring, f"{head}.{body}")


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
@pytest.mark.parametrize("form", ["pem", "der", "jwk"])
def test_JO02_JO03_a_hash_keyed_with_our_public_key_is_no_signature(ring: KeyRing, alg: str, form: str) -> None:
    key = ring.signing_key(alg)
    raw = key.jwk.public_key
    secret = {
        "pem": raw.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "der": raw.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "jwk": json.dumps(key.public).encode(),
    }[form]
    for named in ("HS256", alg):
        token = unsigned({"alg": named, "kid": key.kid, "typ": "at+jwt"}, CLAIMS)
        mac = hmac.digest(secret, token.rstrip(".").encode(), hashlib.sha256)
        refused(ring, token + b64url(mac))


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "unknown"},
        {"kid": None},
        {"kid": 7},
        {"kid": ["a"]},
        {"kid": "../keys/next"},
        {"kid": "' OR 1=1 --"},
        {"kid": ""},
        {"typ": None},
        {"crit": ["exp"]},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/cert"},
        {"cty": "JWT"},
        {"b64": False, "crit": ["b64"]},
        {"zip": "DEF"},
    ],
)
def test_JO06_a_header_that_names_no_key_or_anything_else_is_refused(ring: KeyRing, header: dict[str, Any]) -> None:
    members = {"alg": "ES256", "kid": ring.signing_key("ES256").kid, "typ": "at+jwt"} | header
    present = {name: value for name, value in members.items() if value is not None}
    refused(ring, unsigned(present, CLAIMS, b"x" * 64))
    key = ring.signing_key("ES256").jwk
    head = f"{b64url(json.dumps(present).encode())}.{b64url(json.dumps(CLAIMS).encode())}"
    bare = jwt.encode({"alg": "ES256"}, CLAIMS, key, algorithms=["ES256"]).split(".")[2]
    refused(ring, f"{head}.{bare}")


def test_JO06_a_key_that_the_token_brings_along_is_not_used(ring: KeyRing) -> None:
    own = ECKey.generate_key("P-256")
    header = {"alg": "ES256", "typ": "at+jwt", "kid": ring.signing_key("ES256").kid, "jwk": own.as_dict(private=False)}
    refused(ring, jwt.encode(header, CLAIMS, own, algorithms=["ES256"]))
    del header["jwk"]
    refused(ring, jwt.encode(header, CLAIMS, own, algorithms=["ES256"]))


def test_JO07_a_right_signature_under_another_type_or_algorithm_is_refused(ring: KeyRing) -> None:
    for typ in ("JWT", "logout+jwt", "AT+JWT", "application/at+jwt", "dpop+jwt"):
        refused(ring, signed(ring, typ=typ))
    refused(ring, signed(ring), "JWT")
    rsa = ring.signing_key("RS256")
    assert isinstance(rsa.jwk, RSAKey)
    plain = RSAKey.import_key(rsa.jwk.raw_value)
    header = {"alg": "PS256", "kid": rsa.kid, "typ": "at+jwt"}
    refused(ring, jwt.encode(header, CLAIMS, plain, algorithms=["PS256"]))


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_a_changed_claim_or_signature_is_refused(ring: KeyRing, alg: str) -> None:
    head, body, signature = signed(ring, alg).split(".")
    altered = b64url(unb64url(body).replace(b"usr_a", b"usr_b"))
    refused(ring, f"{head}.{altered}.{signature}")
    flipped = bytearray(unb64url(signature))
    flipped[5] ^= 1
    refused(ring, f"{head}.{body}.{b64url(bytes(flipped))}")


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "...", "a.b.c", "é.é.é", "x" * 9000, "e30.e30.e30", "bnVsbA.e30.e30", "W10.e30.e30",
     b64url(b'{"alg":' + b"[" * 3000 + b"]" * 3000 + b"}") + ".e30.e30", "\x00.\x00.\x00", "a b.c.d"],
)  # fmt: skip
def test_JO09_garbage_is_refused_without_an_accident(ring: KeyRing, token: str) -> None:
    refused(ring, token)


def test_JO09_a_payload_that_is_no_object_is_refused(ring: KeyRing) -> None:
    from joserfc import jws

    key = ring.signing_key("ES256")
    for payload in (b"[]", b"null", b"7", b"", b"{", b"\xff"):
        refused(
            ring, jws.serialize_compact({"alg": "ES256", "kid": key.kid, "typ": "at+jwt"}, payload, key.jwk, ["ES256"])
        )


async def test_a_revoked_key_verifies_nothing_more(ring: KeyRing) -> None:
    token = signed(ring)
    await ring.revoke(jwt_header(token)["kid"])
    refused(ring, token)


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256"])
async def test_what_our_keys_sign_is_a_compact_JWS_to_anybody(tmp_path: Path, alg: str) -> None:
    sealer = SealingRing([new_key("a", SeededEntropy(7))], SeededEntropy(7))
    algorithms = ("RS256", "ES256", "PS256")
    files = KeyDirectory(tmp_path / "keys")
    ring = await KeyRing.open(files, sealer, ManualClock(), algorithms=algorithms, rsa_bits=2048)
    claims = CLAIMS | {"name": "Zoë 😀", "nested": {"a": [1, None, True]}}
    token = ring.sign(alg, "at+jwt", claims)
    read = jwt.decode(token, KeySet([import_key(key) for key in ring.jwks()["keys"]]), algorithms=[alg])
    assert read.claims == claims
    assert read.header == {"alg": alg, "kid": ring.signing_key(alg).kid, "typ": "at+jwt"}
    assert verified_claims(ring, token, "at+jwt") == claims
