"""The system's time, made monotone."""

from __future__ import annotations

import threading
import time


class SystemClock:
    """`ports.Clock` over the system's clock. A step back (NTP, an operator) freezes it instead of reviving what expired (F18)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest = 0

    def now(self) -> int:
        with self._lock:
            self._latest = max(self._latest, int(time.time()))
            return self._latest
