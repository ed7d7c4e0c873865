"""What is said about a password that somebody wants."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle

import pytest

from idp.domain.passwords import Choice, looks_temporary, normalise, problem_with, temporary_password
from idp.domain.rules import PasswordRules

RULES = PasswordRules()
GOOD = Choice("winter-kettle-orbit", ("dana", "Harbour Dental", "Inbound"), False, False, False, False)


def test_a_passphrase_is_welcome() -> None:
    assert problem_with(GOOD, RULES) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "kettle-orbit"}, "too short"),
        ({"password": "k" * 257}, "too long"),
        ({"password": "€" * 250 + "𝄞" * 100}, "too long"),
        ({"password": "winter-kettle-\x00orbit"}, "cannot be stored"),
        ({"password": "winter-kettle-\ud800orbit"}, "cannot be stored"),
        ({"is_temporary": True}, "temporary"),
        ({"is_current": True}, "current"),
        ({"is_breached": True}, "stolen"),
        ({"password": "winter-INBOUND-orbit"}, "Inbound"),
        ({"password": "dana-kettle-orbit"}, "dana"),
        ({"advice": "Add another word or two."}, "Add another word"),
    ],
)
def test_PW09_every_refusal_gives_its_reason(change: dict[str, object], words: str) -> None:
    problem = problem_with(replace(GOOD, **change), RULES)  # type: ignore[arg-type]
    assert problem is not None
    assert words in problem


def test_eight_characters_do_where_a_second_factor_is_enforced() -> None:
    short = replace(GOOD, password="kettle-9", has_second_factor=True)
    assert problem_with(short, RULES) is None
    assert problem_with(replace(short, password="kettle9"), RULES) is not None


@pytest.mark.parametrize("password", ["a" * 64, "a b" * 20, " leading and trailing ", "🔑" * 20, "ﬁne-ligature-words"])
def test_LG11_nothing_is_trimmed_or_cut(password: str) -> None:
    assert problem_with(replace(GOOD, password=password), RULES) is None
    assert len(normalise(password)) >= len(password)


def test_temporary_passwords_are_letters_and_digits_and_known_by_their_shape() -> None:
    numbers = cycle(range(51))
    password = temporary_password(lambda bound: next(numbers) % bound)
    assert password.isalnum()
    assert password.isascii()
    assert looks_temporary(password)
    assert not looks_temporary("Correct-Horse-9")
