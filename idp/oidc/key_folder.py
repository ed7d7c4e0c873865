"""Signing keys as files: `<kid>.<state>.jwk`, the public part in clear, the private part sealed.

A key moves on by being written under its next state and then removed under the earlier one; between the two it lies there
twice and the further state counts. Of two active keys of one algorithm the later in line (`serial`) counts. So every moment
at which a process may be killed reads as one active key per algorithm, and `repair` only tidies up (SECURITY-CASES F06).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from idp.domain.rules import DAY
from idp.errors import ConfigurationError
from idp.ports import KeyFiles, Sealer

KEY_TYPES = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC"}
"""The algorithms that this house signs with, and the key each needs. One key serves one algorithm."""

PREVIOUS_KEPT_SECONDS = 30 * DAY
"""How long a retired key stays published: longer than any token lives, and old ID tokens still serve as hints at sign-out."""


class KeyState(IntEnum):
    """In the order in which a key passes through them."""

    NEXT = 0
    ACTIVE = 1
    PREVIOUS = 2

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key. `jwk` can sign unless the key is `PREVIOUS`: what is retired has no private part any more."""

    kid: str
    alg: str
    state: KeyState
    serial: int
    created_at: int
    activated_at: int | None
    retired_at: int | None
    jwk: RSAKey | ECKey

    @property
    def file_name(self) -> str:
        return f"{self.kid}.{self.state.word}.jwk"

    @property
    def public(self) -> dict[str, Any]:
        """The JWK that `/jwks` publishes (RFC 7517 §4)."""
        return self.jwk.as_dict(private=False)


class KeyFolder:
    """Reads and writes key files. Every change is made under the folder's lock, by the caller."""

    def __init__(self, files: KeyFiles, sealer: Sealer, rsa_bits: int) -> None:
        self.files = files
        self._sealer = sealer
        self._rsa_bits = rsa_bits

    def read(self, known: Mapping[str, SigningKey]) -> dict[str, SigningKey]:
        """Every key by file name. A file that was read before is not read again: its name holds all that can change.

        Raises `errors.WrongSealingKey` and, for a file that is no key of ours, `errors.ConfigurationError`.
        """
        found = dict(known)
        while (names := self.files.names()) != found.keys():  # again when another process moved a key meanwhile
            found = {name: found[name] for name in names if name in found}
            for name in names - found.keys():
                if (content := self.files.read(name)) is not None:
                    found[name] = self._parse(name, content)
        return found

    def create(self, alg: str, serial: int, now: int) -> SigningKey:
        """Makes and stores the next key of an algorithm. Slow for RSA: call it in an executor."""
        jwk = (
            RSAKey.generate_key(self._rsa_bits, {"use": "sig", "alg": alg}, auto_kid=True)
            if KEY_TYPES[alg] == "RSA"
            else ECKey.generate_key("P-256", {"use": "sig", "alg": alg}, auto_kid=True)
        )
        key = SigningKey(str(jwk.kid), alg, KeyState.NEXT, serial, now, None, None, jwk)
        self._write(key)
        return key

    def activate(self, key: SigningKey, now: int) -> SigningKey:
        return self._move(key, replace(key, state=KeyState.ACTIVE, activated_at=now))

    def retire(self, key: SigningKey, now: int) -> SigningKey:
        """Keeps the public part for tokens that are still about; the private one is destroyed."""
        return self._move(key, replace(key, state=KeyState.PREVIOUS, retired_at=now, jwk=_public_jwk(key.public)))

    def remove(self, key: SigningKey) -> None:
        self.files.remove(key.file_name)

    def _move(self, old: SigningKey, new: SigningKey) -> SigningKey:
        self._write(new)
        self.files.remove(old.file_name)
        return new

    def _write(self, key: SigningKey) -> None:
        content = key.public | {
            "serial": key.serial,
            "created_at": key.created_at,
            "activated_at": key.activated_at,
            "retired_at": key.retired_at,
        }
        if key.state is not KeyState.PREVIOUS:
            sealed = self._sealer.seal(_to_der(key.jwk), _place(key.kid))
            content["sealed"] = urlsafe_b64encode(sealed).decode("ascii")
        self.files.write(key.file_name, json.dumps(content, indent=1).encode("ascii"))

    def _parse(self, name: str, content: bytes) -> SigningKey:
        try:
            kid, state, _ = name.split(".")
            values = json.loads(content)
            public = {k: v for k, v in values.items() if k in ("kty", "n", "e", "crv", "x", "y", "use", "alg", "kid")}
            jwk = _public_jwk(public)
            if "sealed" in values:
                der = self._sealer.open(urlsafe_b64decode(values["sealed"].encode("ascii")), _place(kid))
                jwk = _private_jwk(der, {name: public[name] for name in ("use", "alg", "kid")})
            if jwk.thumbprint() != kid or KEY_TYPES[public["alg"]] != public["kty"]:
                raise ValueError("the name does not fit the content")
            return SigningKey(
                kid, public["alg"], KeyState[state.upper()], int(values["serial"]),
                values["created_at"], values["activated_at"], values["retired_at"], jwk,
            )  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(
                f"{name} in the folder of signing keys is not a key file. Take it out of keys.directory.",
                detail=f"{name}: {error!r}",
            ) from error


def by_kid(found: Mapping[str, SigningKey]) -> list[SigningKey]:
    """One entry for each key, the one of its furthest state, in the order in which the keys were made."""
    latest: dict[str, SigningKey] = {}
    for key in sorted(found.values(), key=lambda k: k.state):
        latest[key.kid] = key
    return sorted(latest.values(), key=lambda k: (k.alg, k.serial))


def signer_of(keys: Sequence[SigningKey], alg: str) -> SigningKey | None:
    """The active key of an algorithm: the last in line when a rotation is under way and there are two."""
    active = [key for key in keys if key.alg == alg and key.state is KeyState.ACTIVE]
    return max(active, key=lambda key: key.serial, default=None)


def repair(folder: KeyFolder, algorithms: Sequence[str], now: int) -> None:
    """Leaves exactly one active and one next key for each algorithm, whatever was there: nothing, or half a rotation."""
    found = folder.read({})
    keys = by_kid(found)
    for stale in set(found) - {key.file_name for key in keys}:
        folder.files.remove(stale)
    for alg in algorithms:
        line = [key for key in keys if key.alg == alg]
        waiting = [key for key in line if key.state is KeyState.NEXT]
        serial = max((key.serial for key in line), default=0)
        signer = signer_of(line, alg)
        for late in (key for key in line if key.state is KeyState.ACTIVE and key is not signer):
            folder.retire(late, now)
        if signer is None:
            serial += not waiting
            folder.activate(waiting.pop(0) if waiting else folder.create(alg, serial, now), now)
        if not waiting:
            folder.create(alg, serial + 1, now)
        for surplus in waiting[1:]:
            folder.remove(surplus)


def advance(folder: KeyFolder, algorithms: Sequence[str], now: int) -> None:
    """The next keys become active, the active ones previous, and new next ones are made. Call `repair` before."""
    keys = by_kid(folder.read({}))
    for alg in algorithms:
        line = [key for key in keys if key.alg == alg]
        waiting = next(key for key in line if key.state is KeyState.NEXT)
        signer = signer_of(line, alg)
        # In this order there is an active key and a published successor at every moment in between.
        folder.create(alg, waiting.serial + 1, now)
        folder.activate(waiting, now)
        if signer is not None:
            folder.retire(signer, now)
    for key in keys:
        if key.retired_at is not None and key.retired_at < now - PREVIOUS_KEPT_SECONDS:
            folder.remove(key)


def _place(kid: str) -> str:
    return f"keys:{kid}:private"


def _to_der(jwk: RSAKey | ECKey) -> bytes:
    private = jwk.private_key
    if private is None:
        raise ValueError("a public key has no private part to store")
    return private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _public_jwk(values: dict[str, Any]) -> RSAKey | ECKey:
    return RSAKey.import_key(values) if values["kty"] == "RSA" else ECKey.import_key(values)


def _private_jwk(der: bytes, parameters: dict[str, Any]) -> RSAKey | ECKey:
    # The seal proves that we wrote these bytes. OpenSSL's own check of an RSA key would cost each start 0.4 s a key.
    key = load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=True)
    if isinstance(key, RSAPrivateKey):
        return RSAKey.import_key(key, parameters)  # type: ignore[arg-type]
    if isinstance(key, EllipticCurvePrivateKey):
        return ECKey.import_key(key, parameters)  # type: ignore[arg-type]
    raise ValueError("neither an RSA nor an EC key")
