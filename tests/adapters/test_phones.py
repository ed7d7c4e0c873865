"""What people type as a mobile number, and what becomes of it (SECURITY-CASES SM05-SM08)."""

from __future__ import annotations

import pytest

from idp.adapters.phones import NumberPlans
from idp.domain.phones import PhoneProblem, PhoneRefused
from idp.errors import ConfigurationError
from idp.ports import PhoneNumbers

UK: PhoneNumbers = NumberPlans(["GB"], "GB")
DEMO: PhoneNumbers = NumberPlans(["GB"], "GB", drama_numbers=True)
ISLANDS: PhoneNumbers = NumberPlans(["gb", "GG", "IM", "JE"], "GB")
AMERICA: PhoneNumbers = NumberPlans(["US", "CA"], "US")
EUROPE: PhoneNumbers = NumberPlans(["GB", "FR", "DE", "IT"], "GB")

UNREADABLE, NOT_MOBILE, COUNTRY, EXTENSION = (
    PhoneProblem.UNREADABLE,
    PhoneProblem.NOT_MOBILE,
    PhoneProblem.COUNTRY,
    PhoneProblem.EXTENSION,
)


@pytest.mark.parametrize(
    "typed",
    [
        "07890123456",
        "447890123456",
        "+447890123456",
        "00447890123456",
        "07890 123456",
        "07890-123-456",
        "(07890) 123456",
        "(0)7890 123456",
        "+44 7890 123456",
        "+44 (0)7890 123456",
        "+44(0)7890123456",
        "44 (0)7890 123456",
        "0044 (0)7890 123456",
        "+44 07890 123456",
        "  07890 123456  ",
        "+44\u00a07890\u00a0123456",
        "07890.123.456",
        "07890 123\u2011456",
    ],
)
def test_sm07_every_way_of_writing_it_is_one_number(typed: str) -> None:
    number = UK.parse(typed)
    assert (number.e164, number.grouped, number.region) == ("+447890123456", "+44 7890 123456", "GB")


def test_sm08_the_articles_transposed_example_is_seen_in_the_echo() -> None:
    assert UK.parse("07890123456").grouped == "+44 7890 123456"
    assert UK.parse("447980123456").grouped == "+44 7980 123456"


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", UNREADABLE),
        ("   ", UNREADABLE),
        ("+", UNREADABLE),
        ("0", UNREADABLE),
        ("00", UNREADABLE),
        ("my mobile", UNREADABLE),
        ("07890 12345", UNREADABLE),
        ("07890 1234567", UNREADABLE),
        ("07890O23456", UNREADABLE),
        ("0789O 123456", UNREADABLE),
        ("+44+7890123456", UNREADABLE),
        ("tel:+447890123456", UNREADABLE),
        ("０７８９０１２３４５６", UNREADABLE),
        ("٠٧٨٩٠١٢٣٤٥٦", UNREADABLE),
        ("+4478901234567890", UNREADABLE),
        ("1" * 16, UNREADABLE),
        ("1" * 100_000, UNREADABLE),
        ("07890123456\x00", UNREADABLE),
        ("07890123456;ext=5", EXTENSION),
        ("+44 7890 123456 ext 5", EXTENSION),
        ("+44 7890 123456 x5", EXTENSION),
        ("07890 123456#5", EXTENSION),
        ("07890123456,5", EXTENSION),
        ("020 7946 0000", NOT_MOBILE),
        ("+44 70 1234 5678", NOT_MOBILE),
        ("0901 234 5678", NOT_MOBILE),
        ("+44 7640 123456", NOT_MOBILE),
        ("+44 56 0012 3456", NOT_MOBILE),
        ("0800 123 4567", NOT_MOBILE),
        ("+8816 1234 5678", COUNTRY),
        ("+882 16 123 4567", COUNTRY),
        ("+447624123456", COUNTRY),
        ("+447781123456", COUNTRY),
        ("+447911123456", COUNTRY),
        ("+447797712345", COUNTRY),
        ("+33612345678", COUNTRY),
        ("+14155552671", COUNTRY),
        ("+447700900123", UNREADABLE),
    ],
)
def test_sm05_sm07_what_cannot_take_a_text_is_refused_with_the_reason(typed: str, problem: PhoneProblem) -> None:
    with pytest.raises(PhoneRefused) as caught:
        UK.parse(typed)
    assert caught.value.problem is problem


@pytest.mark.parametrize(
    ("typed", "region"),
    [
        ("+447624123456", "IM"),
        ("+447781123456", "GG"),
        ("+447911123456", "GG"),
        ("07797 712345", "JE"),
        ("07890123456", "GB"),
    ],
)
def test_sm06_the_islands_count_when_they_are_listed(typed: str, region: str) -> None:
    assert ISLANDS.parse(typed).region == region


@pytest.mark.parametrize(
    ("typed", "e164", "region"),
    [
        ("33612345678", "+33612345678", "FR"),
        ("0033 6 12 34 56 78", "+33612345678", "FR"),
        ("+33 (0)6 12 34 56 78", "+33612345678", "FR"),
        ("+49 (0)1511 2345678", "+4915112345678", "DE"),
        ("+39 312 345 6789", "+393123456789", "IT"),
    ],
)
def test_other_countries_are_written_internationally(typed: str, e164: str, region: str) -> None:
    number = EUROPE.parse(typed)
    assert (number.e164, number.region) == (e164, region)


@pytest.mark.parametrize(
    "typed", ["415 555 2671", "(415) 555-2671", "1 415 555 2671", "+1 415 555 2671", "0014155552671"]
)
def test_where_no_zero_is_dialled_ten_digits_are_a_number_of_that_country(typed: str) -> None:
    number = AMERICA.parse(typed)
    assert (number.e164, number.region) == ("+14155552671", "US")


def test_a_free_number_is_no_mobile_even_where_the_plan_mixes_them() -> None:
    with pytest.raises(PhoneRefused) as caught:
        AMERICA.parse("+1 800 253 0000")
    assert caught.value.problem is NOT_MOBILE


@pytest.mark.parametrize("typed", ["07700 900000", "447700900123", "+44 (0)7700 900999", "00447700900118"])
def test_the_demo_also_takes_ofcoms_drama_numbers(typed: str) -> None:
    number = DEMO.parse(typed)
    assert number.region == "GB"
    assert number.grouped.startswith("+44 7700 900")
    assert DEMO.describe(number.e164) == number


@pytest.mark.parametrize("typed", ["07700 901000", "07700 899999", "+44770090012", "+4477009001234", "+447624123456"])
def test_the_demo_takes_nothing_else_that_is_not_a_mobile(typed: str) -> None:
    with pytest.raises(PhoneRefused):
        DEMO.parse(typed)


def test_a_stored_number_is_judged_by_todays_rules() -> None:
    assert ISLANDS.describe("+447781123456").grouped == "+44 7781 123456"
    with pytest.raises(PhoneRefused) as caught:
        UK.describe("+447781123456")
    assert caught.value.problem is COUNTRY


@pytest.mark.parametrize("stored", ["07890123456", "447890123456", "+44 7890 123456", "+0447890123456", ""])
def test_only_e164_is_a_stored_number(stored: str) -> None:
    with pytest.raises(PhoneRefused):
        UK.describe(stored)


@pytest.mark.parametrize(
    ("countries", "home", "key"),
    [
        ([], "GB", "sms.countries"),
        (["UK"], "GB", "sms.countries"),
        (["001"], "GB", "sms.countries"),
        (["GB"], "", "default_region"),
    ],
)
def test_a_country_that_is_none_refuses_to_start(countries: list[str], home: str, key: str) -> None:
    with pytest.raises(ConfigurationError, match=key):
        NumberPlans(countries, home)
