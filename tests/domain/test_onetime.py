"""Codes as people type them, and the verdict on a stored one."""

from __future__ import annotations

import pytest

from idp.domain.onetime import CodeVerdict, TextCode, clean_code, new_code


@pytest.mark.parametrize("typed", ["123456", " 123 456 ", "123-456", "1 2 3 4 5 6"])
def test_TO20_blanks_and_hyphens_do_not_matter(typed: str) -> None:
    assert clean_code(typed) == "123456"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12345",
        "1234567",
        "0000123456",
        "１２３４５６",
        "12345a",
        "123456\n",
        "123\u00a0456",
        "9" * 10_000,
        "+12345",
    ],
)
def test_TO20_anything_else_is_no_code(typed: str) -> None:
    assert clean_code(typed) is None


def test_codes_keep_their_leading_zeros() -> None:
    assert new_code(lambda _bound: 7) == "000007"


@pytest.mark.parametrize(
    ("tries", "age", "matches", "used", "verdict"),
    [
        (1, 299, True, None, CodeVerdict.RIGHT),
        (1, 300, True, None, CodeVerdict.EXPIRED),
        (5, 10, True, None, CodeVerdict.RIGHT),
        (6, 10, True, None, CodeVerdict.EXHAUSTED),
        (1, 10, False, None, CodeVerdict.WRONG),
        (1, 10, True, 1005, CodeVerdict.ALREADY_USED),
    ],
)
def test_SM09_SM11_the_verdict_on_a_text_code(
    tries: int, age: int, matches: bool, used: int | None, verdict: CodeVerdict
) -> None:
    code = TextCode("msg_1", b"", "+447700900118", 1000, 1300, tries, used)
    assert code.judge(matches, 1000 + age, 5) is verdict
