"""Identifiers: a type prefix and 120 random bits in lower-case Base32. Opaque, never reused, safe in URLs.

Identifiers are not secrets. What grants access (a session id, a code, a token) is minted by `secret_token` and stored as
its SHA-256 only.
"""

from __future__ import annotations

import base64
import hashlib
from enum import StrEnum


class Prefix(StrEnum):
    ACCOUNT = "acc"
    USER = "usr"
    MEMBERSHIP = "mem"
    SESSION = "ses"
    GRANT = "grt"
    EVENT = "evt"
    MESSAGE = "msg"
    TEMPORARY = "tmp"


ID_BYTES = 15
SECRET_BYTES = 32


def identifier(prefix: Prefix, randomness: bytes) -> str:
    """`prefix` and `ID_BYTES` random bytes as one identifier."""
    if len(randomness) != ID_BYTES:
        raise ValueError(f"an identifier takes {ID_BYTES} random bytes")
    return f"{prefix}_{base64.b32encode(randomness).decode().lower()}"


def secret_token(randomness: bytes) -> str:
    """`SECRET_BYTES` random bytes in unpadded base64url: a bearer secret of 256 bits."""
    if len(randomness) != SECRET_BYTES:
        raise ValueError(f"a secret takes {SECRET_BYTES} random bytes")
    return base64.urlsafe_b64encode(randomness).decode().rstrip("=")


def secret_hash(token: str) -> bytes:
    """What is stored of a bearer secret. A fast hash is enough: 256 bits cannot be searched (ASVS 11.5.1)."""
    return hashlib.sha256(token.encode()).digest()


def reference(randomness: bytes) -> str:
    """A reference that a person can read out on the telephone: eight characters without look-alikes, `7QK4-M2XD`."""
    alphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
    letters = [alphabet[byte % len(alphabet)] for byte in randomness[:8]]
    return "".join(letters[:4]) + "-" + "".join(letters[4:])
