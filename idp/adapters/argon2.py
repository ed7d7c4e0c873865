"""Password hashes: Argon2id (RFC 9106) by argon2-cffi, in threads of its own."""

from __future__ import annotations

import base64
import os

from argon2 import PasswordHasher as Argon2
from argon2 import Type
from argon2.exceptions import HashingError, InvalidHashError, VerificationError, VerifyMismatchError
from argon2.low_level import error_to_str

from idp.adapters.pool import BoundedPool
from idp.errors import Busy, ConfigurationError
from idp.ports import Entropy

SALT_BYTES = 16
HASH_BYTES = 32
KIB_PER_MIB = 1024

FLOOR_MIB = {1: 46, 2: 19, 3: 12}
"""Passes -> the least memory in MiB (OWASP ASVS 5.0 appendix C); more passes than three allow no less memory."""

UNREADABLE = error_to_str(-32)
"""ARGON2_DECODING_FAIL, as argon2-cffi words it in an exception that has no code."""

QUEUE_PER_THREAD = 32
"""About three seconds of work at the default settings: whoever would wait longer is told to come back."""


def check_settings(time_cost: int, memory_kib: int, parallelism: int) -> None:
    """Refuses Argon2id settings below the floor, or ones that Argon2 cannot run with. Raises `errors.ConfigurationError`."""
    if time_cost < 1:
        raise ConfigurationError("passwords.argon2_time_cost must be at least 1. Set it to 3.")
    if not 1 <= parallelism <= 64:
        raise ConfigurationError(
            "passwords.argon2_parallelism must be between 1 and 64. Set it to 4, or to 1 on a small machine."
        )
    floor = FLOOR_MIB[min(time_cost, max(FLOOR_MIB))]
    if memory_kib < floor * KIB_PER_MIB:
        raise ConfigurationError(
            f"passwords.argon2_memory_kib = {memory_kib} is too weak for passwords.argon2_time_cost = {time_cost}. "
            f"Set it to {floor * KIB_PER_MIB} or more; 65536 is the default."
        )


def default_threads() -> int:
    """All cores but one: Argon2 releases the GIL, and `/token` needs a core to itself."""
    return max(1, (os.cpu_count() or 1) - 1)


class ArgonHasher:
    """`ports.PasswordHasher`. Memory in use is at most `threads` times `memory_kib`, whatever the load (SECURITY-CASES F16)."""

    def __init__(
        self,
        entropy: Entropy,
        *,
        time_cost: int = 3,
        memory_kib: int = 64 * KIB_PER_MIB,
        parallelism: int = 4,
        threads: int | None = None,
        queue: int | None = None,
    ) -> None:
        check_settings(time_cost, memory_kib, parallelism)
        self._entropy = entropy
        self._argon2 = Argon2(time_cost, memory_kib, parallelism, HASH_BYTES, SALT_BYTES, type=Type.ID)
        threads = threads or default_threads()
        self._pool = BoundedPool("argon2", threads, QUEUE_PER_THREAD * threads if queue is None else queue)
        self._nobody = self._dummy()

    async def hash(self, password: str) -> str:
        return await self._pool.run(self._hash, password)

    async def verify(self, phc: str | None, password: str) -> bool:
        if phc is None:
            await self._pool.run(self._verify, self._nobody, password)
            return False
        return await self._pool.run(self._verify, phc, password)

    def is_outdated(self, phc: str) -> bool:
        """True for any other parameters than today's, and for a hash of another kind."""
        try:
            return self._argon2.check_needs_rehash(phc)
        except InvalidHashError:
            return True

    def close(self) -> None:
        """Ends the threads. Waiting callers are cancelled."""
        self._pool.close()

    def _hash(self, password: str) -> str:
        try:
            return self._argon2.hash(password, salt=self._entropy.bytes(SALT_BYTES))
        except HashingError as error:
            raise Busy(detail=f"Argon2 could not hash: {error}") from error

    def _verify(self, phc: str, password: str) -> bool:
        try:
            return self._argon2.verify(phc, password)
        except (VerifyMismatchError, InvalidHashError):
            return False
        except VerificationError as error:
            if str(error) == UNREADABLE:
                return False
            # No memory left, for one. "Wrong password" would be a lie, and would count against the person.
            raise Busy(detail=f"Argon2 could not verify: {error}") from error

    def _dummy(self) -> str:
        """A hash of no password, with today's parameters: random bytes in its place cost nothing at start-up."""
        a = self._argon2
        salt, digest = (
            base64.b64encode(self._entropy.bytes(count)).decode("ascii").rstrip("=")
            for count in (SALT_BYTES, HASH_BYTES)
        )
        return f"$argon2id$v=19$m={a.memory_cost},t={a.time_cost},p={a.parallelism}${salt}${digest}"
