"""Ports for tests: a clock that moves when told, a clock that several processes share, an entropy that repeats."""

from __future__ import annotations

import builtins
import os
import random
import time
from pathlib import Path

NEW_YEAR_2026 = 1_767_258_000
"""2026-01-01 09:00 UTC: where a `ManualClock` starts unless told otherwise."""


class ManualClock:
    """A clock that stands still until a test moves it. Like every `Clock` it never goes back."""

    def __init__(self, start: int = NEW_YEAR_2026) -> None:
        self._now = start

    def now(self) -> int:
        return self._now

    def advance(self, seconds: int) -> int:
        """Moves `seconds` forward and answers the new time. Raises ValueError for a negative step."""
        return self.set(self._now + seconds)

    def set(self, moment: int) -> int:
        """Moves to `moment` (seconds since the epoch). Raises ValueError when that lies in the past."""
        if moment < self._now:
            raise ValueError(f"A clock never goes back: {moment} is before {self._now}.")
        self._now = moment
        return moment


class FileClock:
    """Real time plus an offset that lies in a small file, so that a test can move the clock of servers in other processes.

    Every process makes its own `FileClock` over the same path; `advance` is for one of them, the test. A missing file is
    an offset of nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last = 0

    def now(self) -> int:
        self._last = max(self._last, int(time.time()) + self._offset())
        return self._last

    def advance(self, seconds: int) -> int:
        """Moves every clock over this file forward by `seconds`. Raises ValueError for a negative step."""
        if seconds < 0:
            raise ValueError(f"A clock never goes back: {seconds} is negative.")
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.write_text(str(self._offset() + seconds), encoding="ascii")
        os.replace(
            fresh, self._path
        )  # a reader in another process sees the old offset or the new one, never half of it
        return self.now()

    def _offset(self) -> int:
        try:
            return int(self._path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return 0


class SeededEntropy:
    """Randomness that is the same in every run: two instances with one seed give the same values in the same order."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)

    def bytes(self, count: int) -> builtins.bytes:
        return self._random.randbytes(count)

    def below(self, bound: int) -> int:
        return self._random.randrange(bound)
