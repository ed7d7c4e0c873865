"""Names under which people are found: one person per name, whatever a keyboard makes of it."""

from __future__ import annotations

import pytest

from idp.domain.people import identifier_key, is_valid_email, is_valid_username

VARIANTS = ["dana", "DANA", " dana ", "ｄａｎａ", "da\u200bna", "dana.", "\ufeffdana", "Dana\t", "d\u00adana"]


@pytest.mark.parametrize("typed", VARIANTS)
def test_LG04_variants_are_one_person(typed: str) -> None:
    assert identifier_key(typed) == "dana"


def test_LG04_composed_and_decomposed_are_one() -> None:
    assert identifier_key("zoë") == identifier_key("zoe\u0308")


def test_different_people_stay_different() -> None:
    assert len({identifier_key(name) for name in ("dana", "dane", "d.ana", "dana1")}) == 4


@pytest.mark.parametrize("name", ["dana", "d.ana-1_x", "zoë", "李雷", "dana@harbour.example"])
def test_ordinary_usernames_are_welcome(name: str) -> None:
    assert is_valid_username(name)


@pytest.mark.parametrize(
    "name", ["", "da na", "dana\n", "ｄａｎａ", "da\u200bna", "<dana>", "dana.", "a" * 65, "a@b@c", "zoe\u0308", "\x00"]
)
def test_LG04_confusable_usernames_are_refused(name: str) -> None:
    assert not is_valid_username(name)


@pytest.mark.parametrize("address", ["dana@harbour.example", "a.b+c@x.co.uk"])
def test_ordinary_addresses(address: str) -> None:
    assert is_valid_email(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "dana",
        "a@b,c@d",
        "a@b\nBcc: x@y",
        "a@b\r\n",
        "Dana <a@b.example>",
        "a@@b",
        "a@b..c",
        "a b@c",
        "a@-b",
        "a@" + "b" * 260,
    ],
)
def test_PW23_one_bare_address_and_nothing_else(address: str) -> None:
    assert not is_valid_email(address)
