"""How guessable a password is: zxcvbn, and the list of common and stolen passwords that it ships (30,000, MIT licence).

zxcvbn enumerates every combination of substitutions (`@` or `4` for a, `1`, `!` or `|` for i): 72 characters that hold all of its
signs cost five seconds, which anyone who may choose a password could spend for us. It is given the common signs only, and fewer
characters: 0.1 s at worst, 3 ms for most.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from zxcvbn import zxcvbn
from zxcvbn.matching import L33T_TABLE, RANKED_DICTIONARIES

from idp.errors import ConfigurationError

MAX_JUDGED = 48
"""Characters that zxcvbn gets to see: its time grows with their cube, and the rest can only make a password stronger."""
STRONG_SCORE = 3
"""zxcvbn: "safely unguessable", more than 10^8 guesses."""
SHORTEST_WORD = 3
WORD = re.compile(r"\w+")

COMMON_SIGNS = {
    "a": ["4", "@"],
    "b": ["8"],
    "e": ["3"],
    "g": ["9"],
    "i": ["1", "!"],
    "l": ["1"],
    "o": ["0"],
    "s": ["$", "5"],
    "t": ["7"],
    "z": ["2"],
}


class ZxcvbnStrength:
    """`ports.PasswordStrength`. `more_breached` is a file of the operator's own, one password on a line."""

    def __init__(self, more_breached: Path | None = None) -> None:
        if more_breached is not None and not more_breached.is_file():
            raise ConfigurationError(
                f"passwords.breached_list: there is no file {more_breached}. Correct the path or remove it."
            )
        self._more_breached = more_breached
        self._own_list: frozenset[str] | None = None
        self._lock = threading.Lock()
        L33T_TABLE.clear()  # the library offers no parameter for it
        L33T_TABLE.update(COMMON_SIGNS)

    def is_breached(self, password: str) -> bool:
        """The comparison ignores case and width; memory and time do not grow with the password."""
        folded = _fold(password)
        return folded in RANKED_DICTIONARIES["passwords"] or folded in self._more()

    def advice(self, password: str, context: Sequence[str]) -> str | None:
        if not password:
            return "Enter a password."  # zxcvbn fails on nothing
        with self._lock:  # zxcvbn puts the context into a dictionary that all its callers share
            result = zxcvbn(password[:MAX_JUDGED], user_inputs=_words(context))
        if result["score"] >= STRONG_SCORE:
            return None
        reason = result["feedback"]["warning"] or "That password is easy to guess."
        return f"{reason} Add another word or two; uncommon words are best."

    def _more(self) -> frozenset[str]:
        if self._own_list is None:
            if self._more_breached is None:
                self._own_list = frozenset()
            else:
                lines = self._more_breached.read_text(encoding="utf-8", errors="replace").splitlines()
                self._own_list = frozenset(_fold(line) for line in lines if line)
        return self._own_list


def _fold(password: str) -> str:
    return unicodedata.normalize("NFKC", password).casefold()


def _words(context: Sequence[str]) -> list[str]:
    """Each entry whole, run together, and word by word: "Harbour Dental", "HarbourDental", "Harbour", "Dental"."""
    words: list[str] = []
    for entry in context:
        parts = WORD.findall(entry)
        words += [entry, "".join(parts), *parts]
    return [word for word in dict.fromkeys(words) if len(word) >= SHORTEST_WORD]
