"""The key ring: which keys sign, which verify, and what `/jwks` publishes.

One ring per process over a folder that several processes may share. It looks at the folder's listing every few seconds, so a
rotation or revocation on the command line reaches a running server without a restart.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from idp.errors import ConfigurationError, IdpError, NotFound
from idp.oidc.key_folder import KEY_TYPES, KeyFolder, KeyState, SigningKey, advance, by_kid, repair, signer_of
from idp.oidc.signing import Signatory
from idp.ports import Clock, KeyFiles, Sealer

LOOK_SECONDS = 5
MANDATORY = "RS256"
PREFERRED = "ES256"
"""Access tokens: a tenth of the cost of RS256, and every API library knows it."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """One key for people: instants are seconds since the epoch, None when it has not come to that."""

    kid: str
    alg: str
    state: str
    created_at: int
    activated_at: int | None
    retired_at: int | None


class KeyRing:
    """Made by `KeyRing.open`. Reading never blocks; `rotate` and `revoke` work in an executor."""

    def __init__(self, folder: KeyFolder, clock: Clock, algorithms: tuple[str, ...]) -> None:
        self._folder = folder
        self._clock = clock
        self.algorithms = algorithms
        self._files: dict[str, SigningKey] = {}
        self._signers: dict[str, SigningKey] = {}
        self._by_kid: dict[str, SigningKey] = {}
        self._signatories: dict[str, Signatory] = {}
        self._by_header: dict[str, dict[str, Signatory]] = {}
        self._jwks: dict[str, Any] = {"keys": []}
        self._looked_at = 0

    @classmethod
    async def open(
        cls,
        files: KeyFiles,
        sealer: Sealer,
        clock: Clock,
        *,
        algorithms: Sequence[str] = (MANDATORY, PREFERRED),
        rsa_bits: int = 3072,
    ) -> KeyRing:
        """Reads the folder; makes the keys on first start and finishes what a killed process left half done.

        Raises `errors.ConfigurationError` for an algorithm that is not offered or a file that is no key, and
        `errors.WrongSealingKey`.
        """
        for alg in algorithms:
            if alg not in KEY_TYPES:
                raise ConfigurationError(f"keys.algorithms names {alg!r}. Choose from {', '.join(KEY_TYPES)}.")
        if MANDATORY not in algorithms:
            raise ConfigurationError("keys.algorithms lacks RS256, which every OpenID provider offers (Discovery §3).")
        if rsa_bits < 2048:
            raise ConfigurationError("keys.rsa_bits must be at least 2048; 3072 is the default.")
        ring = cls(KeyFolder(files, sealer, rsa_bits), clock, tuple(dict.fromkeys(algorithms)))
        await asyncio.to_thread(ring._change, lambda: None)
        return ring

    def signing_key(self, alg: str) -> SigningKey:
        """The active key of an algorithm. Raises `errors.ConfigurationError` for one that this house does not offer."""
        key = self._signers.get(alg)
        if key is None:
            raise ConfigurationError(f"There is no key for {alg}. Add it to keys.algorithms.")
        return key

    @property
    def access_token_alg(self) -> str:
        return PREFERRED if PREFERRED in self.algorithms else MANDATORY

    def sign(self, alg: str, typ: str, claims: Mapping[str, Any]) -> str:
        """A token by the active key of an algorithm. Raises `errors.ConfigurationError` as `signing_key` does."""
        return self._signatories[self.signing_key(alg).kid].sign(typ, claims)

    def signatory_of(self, header: str, typ: str) -> Signatory | None:
        """The key that writes this header, encoded as it stands in a token, for tokens of this type.

        Of whatever state: the next one may sign on another replica already.
        """
        known = self._by_header.get(typ)
        if known is None:
            known = {signatory.header(typ): signatory for signatory in self._signatories.values()}
            self._by_header[typ] = known
        return known.get(header)

    def jwks(self) -> dict[str, Any]:
        """The JWK Set: public parts of next, active and previous keys (RFC 7517 §5)."""
        return self._jwks

    def list(self) -> list[KeyInfo]:
        return [
            KeyInfo(key.kid, key.alg, key.state.word, key.created_at, key.activated_at, key.retired_at)
            for key in self._by_kid.values()
        ]

    async def refresh(self) -> None:
        """Notices what other processes changed. Costs a comparison unless `LOOK_SECONDS` have passed since the last look."""
        now = self._clock.now()
        if now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        try:
            if self._folder.files.names() != self._files.keys():
                await asyncio.to_thread(self._load)
        except (OSError, IdpError) as error:
            # A folder that cannot be read is no reason to stop: what is in memory goes on signing.
            log.error("the folder of signing keys cannot be read: %s", error)

    async def rotate(self) -> bool:
        """Next becomes active, active previous, and new next keys are made. False: another process did so just before."""
        signing = {key.kid for key in self._signers.values()}
        rotated = False

        def change() -> None:
            nonlocal rotated
            # Replicas that rotate on the same schedule wait here for one another; only the first finds its old key (F32).
            rotated = signing == {key.kid for key in self._signers.values()}
            if rotated:
                advance(self._folder, self.algorithms, self._clock.now())

        await asyncio.to_thread(self._change, change)
        return rotated

    async def revoke(self, kid: str) -> None:
        """Takes a compromised key out at once: its successor signs, and nothing that it ever signed is accepted any more.

        Raises `errors.NotFound`.
        """

        def change() -> None:
            key = self._by_kid.get(kid)
            if key is None:
                raise NotFound("There is no such key. idp keys list shows what there is.")
            if key.state is KeyState.ACTIVE:
                advance(self._folder, (key.alg,), self._clock.now())
            for name in self._folder.files.names():
                if name.split(".")[0] == kid:
                    self._folder.files.remove(name)

        await asyncio.to_thread(self._change, change)

    def _change(self, change: Callable[[], None]) -> None:
        """Under the folder's lock: tidies up, shows `change` the keys as they are now, tidies up after it and reads again."""
        with self._folder.files.lock():
            repair(self._folder, self.algorithms, self._clock.now())
            self._load()
            change()
            repair(self._folder, self.algorithms, self._clock.now())
            self._load()

    def _load(self) -> None:
        files = self._folder.read(self._files)
        keys = by_kid(files)
        self._files = files
        self._signers = {alg: signer for alg in self.algorithms if (signer := signer_of(keys, alg)) is not None}
        self._by_kid = {key.kid: key for key in keys}
        self._signatories = {key.kid: Signatory(key) for key in keys}
        self._by_header = {}
        self._jwks = {"keys": [key.public for key in keys]}
