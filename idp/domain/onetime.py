"""One-time codes: their shape, and how a text-message code is minted and judged."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

CODE_DIGITS = 6
CODE_PATTERN = re.compile(r"[0-9]{6}", re.ASCII)
SEPARATORS = str.maketrans("", "", " -")


def clean_code(text: str) -> str | None:
    """What was typed, without ASCII blanks and hyphens, when it is six ASCII digits; else None.

    The check stands before any library sees the code: pyotp folds full-width digits to ASCII (SECURITY-CASES T4, TO20).
    """
    if len(text) > 32:
        return None
    code = text.translate(SEPARATORS)
    return code if CODE_PATTERN.fullmatch(code) else None


def new_code(below: Callable[[int], int]) -> str:
    """Six random digits; `below` is `Entropy.below`."""
    return f"{below(10**CODE_DIGITS):0{CODE_DIGITS}d}"


class CodeVerdict(StrEnum):
    """What the page may say about a code that was typed."""

    RIGHT = "right"
    WRONG = "wrong"
    EXPIRED = "expired"
    EXHAUSTED = "exhausted"
    ALREADY_USED = "already_used"
    CLOCK_OFF = "clock_off"


@dataclass(frozen=True, slots=True)
class TextCode:
    """A text-message code as stored: never the digits, only their keyed digest. Bound to one login and one number."""

    id: str
    code_hash: bytes
    phone_number: str
    sent_at: int
    expires_at: int
    tries: int = 0
    used_at: int | None = None

    def judge(self, matches: bool, now: int, tries_allowed: int) -> CodeVerdict:
        """The verdict on one attempt, which the caller has counted in `tries` already (SECURITY-CASES SM09, SM11)."""
        if self.used_at is not None:
            return CodeVerdict.ALREADY_USED
        if self.tries > tries_allowed:
            return CodeVerdict.EXHAUSTED
        if now >= self.expires_at:
            return CodeVerdict.EXPIRED
        return CodeVerdict.RIGHT if matches else CodeVerdict.WRONG
