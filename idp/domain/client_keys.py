"""A client's own keys, registered as a JWK Set (RFC 7517): public parts only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PUBLIC_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
MAX_KEYS = 20
ASSERTION_ALGORITHMS = ("RS256", "PS256", "ES256")
"""With which a client may sign what it proves itself by. No HMAC: secrets are stored as hashes."""


class KeysRefused(ValueError):
    """A JWK Set that must not be registered; the text says why."""


def public_keys(jwks: Any) -> dict[str, Any]:
    """The set as it came. Refuses private and symmetric keys: whoever registers one has just given it away.

    Raises `KeysRefused`. Whether the numbers make a key is for the library to say that uses it.
    """
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    if not isinstance(keys, list) or not 1 <= len(keys) <= MAX_KEYS:
        raise KeysRefused(f'jwks must be a JWK Set, {{"keys": [...]}}, with 1 to {MAX_KEYS} keys.')
    for key in keys:
        _check(key)
    if len({key.get("kid") for key in keys}) < len(keys):
        raise KeysRefused("Several keys of jwks need a different kid each. Name them.")
    return {"keys": [dict(key) for key in keys]}


def _check(key: Any) -> None:
    kind = key.get("kty") if isinstance(key, Mapping) else None
    if PRIVATE_MEMBERS & set(key if isinstance(key, Mapping) else ()):
        raise KeysRefused("jwks holds a private or symmetric key. Replace that key, and register public parts only.")
    needed = PUBLIC_MEMBERS.get(kind) if isinstance(kind, str) else None
    if needed is None or not all(isinstance(key.get(member), str) and key[member] for member in needed):
        raise KeysRefused("jwks holds something that is no public RSA, EC or OKP key. Remove it.")
    if key.get("use", "sig") != "sig":
        raise KeysRefused(
            "jwks holds a key that is not for signatures. Remove it; only private_key_jwt uses these keys."
        )
