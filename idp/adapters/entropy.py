"""The system's randomness."""

from __future__ import annotations

import secrets


class SystemEntropy:
    """`ports.Entropy` over the operating system's cryptographically secure source."""

    def bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)

    def below(self, bound: int) -> int:
        return secrets.randbelow(bound)
