"""Which passwords are too common or too guessable."""

from __future__ import annotations

import string
import time
from pathlib import Path

import pytest

from idp.adapters.strength import ZxcvbnStrength
from idp.errors import ConfigurationError

STRENGTH = ZxcvbnStrength()


@pytest.mark.parametrize("password", ["password", "PASSWORD", "iloveyou", "trustno1", "1qaz2wsx", "ｐａｓｓｗｏｒｄ"])
def test_common_passwords_are_on_the_list_in_any_case_and_width(password: str) -> None:
    assert STRENGTH.is_breached(password)


@pytest.mark.parametrize("password", ["", "Correct-Horse-9", "three quiet harbour seals", "password" * 30])
def test_other_passwords_are_not(password: str) -> None:
    assert not STRENGTH.is_breached(password)


def test_the_operator_may_add_a_list(tmp_path: Path) -> None:
    own = tmp_path / "breached.txt"
    own.write_text("Northern-Voice-2026\n\nstraße 12 berlin\n", encoding="utf-8")
    strength = ZxcvbnStrength(own)
    assert strength.is_breached("northern-voice-2026")
    assert strength.is_breached("STRASSE 12 Berlin")
    assert strength.is_breached("password")
    assert not strength.is_breached("")


def test_a_list_that_is_not_there_refuses_to_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"passwords\.breached_list"):
        ZxcvbnStrength(tmp_path / "none.txt")


@pytest.mark.parametrize(
    "password", ["Correct-Horse-9", "three quiet harbour seals", "xK3#vQ9!mZ7&wL2@", "ünïcödé wörds ärë finé"]
)
def test_a_strong_password_needs_no_advice(password: str) -> None:
    assert STRENGTH.advice(password, ["sam", "Quayside Legal"]) is None


@pytest.mark.parametrize(
    "password",
    ["aaaaaaaaaaaaaaaaaaaa", "qwertyuiop1234567890", "abcabcabcabcabcabc", "P@$$w0rd1234", "1234567890!@#$%^&*("],
)
def test_a_guessable_password_gets_a_sentence(password: str) -> None:
    advice = STRENGTH.advice(password, [])
    assert advice is not None
    assert advice.endswith("Add another word or two; uncommon words are best.")


def test_nothing_is_no_password() -> None:
    assert STRENGTH.advice("", ["sam"]) == "Enter a password."


def test_the_words_of_the_context_are_guessed_first() -> None:
    assert STRENGTH.advice("harbourdental2024", ["Harbour Dental"]) is not None
    assert STRENGTH.advice("harbourdental2024", []) is None


def test_one_persons_context_does_not_reach_the_next() -> None:
    STRENGTH.advice("anything", ["zebrafinchoak"])
    assert STRENGTH.advice("zebrafinchoak17", []) is None


@pytest.mark.parametrize(
    "password", ["".join(sorted(string.punctuation + string.digits)) * 2, "4@8({[<369!1|0$57+%2" * 4, "i" * 256]
)
def test_no_password_is_expensive_to_judge(password: str) -> None:
    """Seconds of the server's time for one form are an attack; without the limits the second of these took five."""
    started = time.process_time()
    STRENGTH.advice(password, ["sam"])
    assert time.process_time() - started < 1
