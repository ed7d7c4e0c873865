"""The folder of signing keys on disk. Knows nothing of keys: it writes whole files, durably, for their owner only."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SUFFIX = ".jwk"
LOCK = ".lock"
DRAFT = ".new"


class KeyDirectory:
    """`ports.KeyFiles` over a directory, which is made (for the owner only) when it does not exist."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def names(self) -> frozenset[str]:
        return frozenset(name for name in os.listdir(self._directory) if name.endswith(SUFFIX))

    def read(self, name: str) -> bytes | None:
        try:
            return (self._directory / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        # A killed process leaves the old file or the new one, never half of one: readers skip what does not end in `.jwk`.
        draft = self._directory / f"{name}{DRAFT}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self._directory / name)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        self._sync()

    def remove(self, name: str) -> None:
        (self._directory / name).unlink(missing_ok=True)
        self._sync()

    @contextmanager
    def lock(self) -> Iterator[None]:
        # flock, not the file's existence: the kernel lets go of it when the holder is killed, so no lock goes stale.
        handle = os.open(self._directory / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            for draft in self._directory.glob(f"*{DRAFT}"):
                draft.unlink(missing_ok=True)  # of a process that was killed: who writes holds this lock
            yield
        finally:
            os.close(handle)

    def _sync(self) -> None:
        """A rename is on disk once its directory is."""
        handle = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
