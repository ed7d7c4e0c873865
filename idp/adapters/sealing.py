"""Sealed values and keyed digests, under keys that stay outside the database (SECURITY-CASES section 3, F39-F41).

A sealed value is `version (1) | length of key id (1) | key id | nonce (12) | ciphertext and tag`. Each purpose has a key of its
own, derived from the configured one by HKDF-SHA-256 (RFC 5869), so that no two uses ever share one.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from idp.errors import ConfigurationError, WrongSealingKey
from idp.ports import Entropy

VERSION = 1
KEY_BYTES = 32
NONCE_BYTES = 12
HEADER_BYTES = 2
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
MEND = "Each key reads keyid:base64, where the second part is 32 random bytes; idp init writes one."


@dataclass(frozen=True, slots=True)
class SealingKey:
    """One configured key. Its bytes are used for nothing but deriving others."""

    id: str
    root: bytes = field(repr=False)

    def derive(self, purpose: str) -> bytes:
        """The 32-byte key of one purpose."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"idp/1/" + purpose.encode("utf-8")).derive(self.root)


def new_key(key_id: str, entropy: Entropy) -> str:
    """A fresh key as it stands in `secrets.sealing_keys`."""
    return f"{key_id}:{base64.b64encode(entropy.bytes(KEY_BYTES)).decode('ascii')}"


def parse_keys(texts: Sequence[str]) -> tuple[SealingKey, ...]:
    """The configured keys, newest first. Raises `errors.ConfigurationError`, which never repeats a key."""
    if not texts:
        raise ConfigurationError(f"secrets.sealing_keys is empty. Set it to at least one key. {MEND}")
    keys = tuple(_parse_key(text, position) for position, text in enumerate(texts, 1))
    if len({key.id for key in keys}) < len(keys) or len({key.root for key in keys}) < len(keys):
        raise ConfigurationError("secrets.sealing_keys holds the same key or key id twice. Remove one of the two.")
    return keys


def _parse_key(text: str, position: int) -> SealingKey:
    key_id, colon, encoded = text.strip().partition(":")
    try:
        root = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        root = b""
    if not colon or not KEY_ID.fullmatch(key_id) or len(root) != KEY_BYTES:
        raise ConfigurationError(f"Key {position} of secrets.sealing_keys is not a sealing key. {MEND}")
    return SealingKey(key_id, root)


class SealingRing:
    """`ports.Sealer` and `ports.Mac`: the first key seals and digests, every key opens.

    To rotate, add the new key at the end of the list on every replica, then move it to the front: a replica must know a key
    before another one writes with it (SECURITY-CASES F40). Remove the old key when nothing stored needs it any more.
    """

    def __init__(self, keys: Sequence[str], entropy: Entropy) -> None:
        self._keys = parse_keys(keys)
        self._entropy = entropy
        self._ciphers = {key.id.encode("ascii"): AESGCM(key.derive("seal")) for key in self._keys}
        self._newest = self._keys[0].id.encode("ascii")
        self._mac_keys: dict[str, tuple[bytes, ...]] = {}

    def seal(self, secret: bytes, place: str) -> bytes:
        nonce = self._entropy.bytes(NONCE_BYTES)
        header = bytes((VERSION, len(self._newest))) + self._newest
        return header + nonce + self._ciphers[self._newest].encrypt(nonce, secret, place.encode("utf-8"))

    def open(self, sealed: bytes, place: str) -> bytes:
        key_id = _key_id(sealed)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise WrongSealingKey(
                detail=f"the value at {place} was sealed with a key that is not configured, or is no sealed value"
            )
        start = HEADER_BYTES + len(key_id)
        nonce, ciphertext = sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, ciphertext, place.encode("utf-8"))
        except (InvalidTag, ValueError) as error:  # ValueError: a nonce cut short
            raise WrongSealingKey(
                detail=f"the value at {place} does not open: other key bytes, or moved or altered"
            ) from error

    def is_current(self, sealed: bytes) -> bool:
        """Whether the value is under the newest key already; if not, whoever re-encrypts opens and seals it again."""
        return _key_id(sealed) == self._newest

    def digest(self, purpose: str, *parts: str) -> bytes:
        return self._digest(self._keys_for(purpose)[0], parts)

    def digests(self, purpose: str, *parts: str) -> tuple[bytes, ...]:
        """The digest under every key, newest first: what outlives a rotation (recovery codes) is looked up by any of them."""
        return tuple(self._digest(key, parts) for key in self._keys_for(purpose))

    def _keys_for(self, purpose: str) -> tuple[bytes, ...]:
        if purpose not in self._mac_keys:  # purposes are constants of the code, so this stays small
            self._mac_keys[purpose] = tuple(key.derive(f"mac:{purpose}") for key in self._keys)
        return self._mac_keys[purpose]

    @staticmethod
    def _digest(key: bytes, parts: tuple[str, ...]) -> bytes:
        # surrogatepass: JSON from strangers may hold lone surrogates; a digest has an answer for every text.
        encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
        return hmac.digest(key, b"".join(len(part).to_bytes(4, "big") + part for part in encoded), "sha256")


def _key_id(sealed: bytes) -> bytes:
    """The key id in the header; empty for anything that is no sealed value of this version."""
    if len(sealed) < HEADER_BYTES or sealed[0] != VERSION:
        return b""
    return sealed[HEADER_BYTES : HEADER_BYTES + sealed[1]]
