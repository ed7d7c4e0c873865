"""Passwords that people choose, and temporary ones that we mail (NIST SP 800-63B-4 §3.1.1.2, the Inbound article)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from idp.domain.rules import PasswordRules

TEMPORARY_ALPHABET = "abcdefghjkmnpqrstuvwxyzACDEFGHJKLMNPQRTUVWXYZ234679"
TEMPORARY_LENGTH = 16
"""51 letters to the sixteenth: 90 bits, without look-alikes, and every character survives a double click."""

CONTEXT_MIN = 4
"""Shorter names ("max") are too common inside good passphrases to forbid."""


def normalise(password: str) -> str:
    """NFKC, as NIST asks, so that the same password typed on two keyboards is the same; nothing is trimmed or cut."""
    return unicodedata.normalize("NFKC", password)


def fits(password: str, rules: PasswordRules) -> bool:
    """Whether a password is of a size that may be hashed at all; anything longer is refused *before* it costs a hash."""
    return len(password) <= rules.max_characters and len(password.encode("utf-8", "replace")) <= rules.max_bytes


def is_text(password: str) -> bool:
    """False for NUL and lone surrogates, which databases and encoders read in different ways (SECURITY-CASES LG11)."""
    return "\x00" not in password and not any("\ud800" <= c <= "\udfff" for c in password)


def temporary_password(below: Callable[[int], int]) -> str:
    """A temporary password; `below` is `Entropy.below`."""
    return "".join(TEMPORARY_ALPHABET[below(len(TEMPORARY_ALPHABET))] for _ in range(TEMPORARY_LENGTH))


def looks_temporary(password: str) -> bool:
    """Whether a typed password has the shape of a temporary one.

    Decides which hashes a sign-in is checked against, by what was typed and never by who it is for: the time an answer takes
    must not tell whether a person has a temporary password waiting (SECURITY-CASES LG02).
    """
    return len(password) == TEMPORARY_LENGTH and all(c in TEMPORARY_ALPHABET for c in password)


@dataclass(frozen=True, slots=True)
class Choice:
    """A password that somebody wants, with everything it is judged by.

    `context` are words that a guesser tries first: the person's names, the account, the portals. `has_second_factor`: whether a
    second factor is enforced for this person, which allows a shorter password.
    """

    password: str
    context: Sequence[str]
    has_second_factor: bool
    is_breached: bool
    is_current: bool
    is_temporary: bool
    advice: str | None = None


def problem_with(choice: Choice, rules: PasswordRules) -> str | None:
    """The first reason against this password as a sentence for the person, or None. No composition rules, on purpose."""
    minimum = rules.min_length_with_second_factor if choice.has_second_factor else rules.min_length
    password = choice.password
    if not is_text(password):
        return "Your password holds a character that cannot be stored. Choose other characters."
    if not fits(password, rules):
        return f"Your password is too long. Use at most {rules.max_characters} characters."
    if len(password) < minimum:
        return f"Your password is too short. Use at least {minimum} characters, for example three random words."
    if choice.is_temporary:
        return "That is the temporary password. Choose a password of your own."
    if choice.is_current:
        return "That is your current password. Choose a new one."
    if (word := contained_word(password, choice.context)) is not None:
        return f"Your password contains “{word}”, which is easy to guess for you. Leave it out."
    if choice.is_breached:
        return "That password is on lists of commonly used and stolen passwords. Choose another one."
    if choice.advice:
        return choice.advice
    return None


def contained_word(password: str, context: Sequence[str]) -> str | None:
    """The first context word that the password contains, in any case or width."""
    lowered = normalise(password).casefold()
    for word in context:
        key = normalise(word).casefold().strip()
        if len(key) >= CONTEXT_MIN and key in lowered:
            return word
    return None
