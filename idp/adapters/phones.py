"""Mobile numbers as people type them, by libphonenumber's number plans.

The country list stands before the type: libphonenumber calls satellite numbers (+881) mobile, and Jersey, Guernsey and Man share
+44 with the United Kingdom at another price (SECURITY-CASES SM05, SM06, T14).
"""

from __future__ import annotations

import re
from collections.abc import Collection

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumberFormat, PhoneNumberType

from idp.domain.phones import PhoneNumber, PhoneProblem, PhoneRefused
from idp.errors import ConfigurationError

MAX_TYPED = 40
MAX_DIGITS = 15
"""ITU-T E.164 §6.1, country code included."""
SHORTEST_NUMBER = 5

E164 = re.compile(r"\+[1-9][0-9]{1,14}", re.ASCII)
DIGITS = re.compile(r"[0-9]+", re.ASCII)
EXTENSION = re.compile(r"[0-9)\s]\s*(?:;|,|#|x|ext)", re.ASCII | re.IGNORECASE)
BLANKS = str.maketrans("", "", " \t\u00a0\u2011-.()/")
"""What people and address books put between digits; U+00A0 and U+2011 come with copying from a page."""

DRAMA = re.compile(r"\+447700900[0-9]{3}", re.ASCII)
"""Ofcom's numbers for drama, which nobody has; libphonenumber calls them invalid."""


class NumberPlans:
    """`ports.PhoneNumbers`. `countries` are ISO 3166 codes of where texts may go to, `default_region` is where `07…` belongs."""

    def __init__(self, countries: Collection[str], default_region: str, *, drama_numbers: bool = False) -> None:
        self._countries = frozenset(_region(code, "sms.countries") for code in countries)
        if not self._countries:
            raise ConfigurationError(
                'sms.countries is empty. List the countries that texts may go to, for example ["GB"].'
            )
        self._home = _region(default_region, "sms.default_region")
        self._home_plan = PhoneMetadata.metadata_for_region(self._home)
        self._drama_numbers = drama_numbers

    def parse(self, text: str) -> PhoneNumber:
        if len(text) > MAX_TYPED:
            raise PhoneRefused(PhoneProblem.UNREADABLE)
        typed = text.strip()
        if EXTENSION.search(typed):
            raise PhoneRefused(PhoneProblem.EXTENSION)
        return self._judge(self._international(typed))

    def describe(self, e164: str) -> PhoneNumber:
        if not E164.fullmatch(e164):
            raise PhoneRefused(PhoneProblem.UNREADABLE)
        return self._judge(e164)

    def _international(self, typed: str) -> str:
        """What was typed as `+` and digits, still unjudged."""
        plus = typed.startswith("+")
        head, zero, tail = typed.partition("(0)")
        # "+44 (0)7700": the zero is for callers at home. At the very start, "(0)7700", it is an ordinary zero.
        kept = head + tail if zero and head.strip() else typed
        digits = kept.removeprefix("+").translate(BLANKS)
        if not DIGITS.fullmatch(digits):
            raise PhoneRefused(PhoneProblem.UNREADABLE)
        if plus:
            return f"+{digits}"
        if digits.startswith("00"):
            return f"+{digits[2:]}"
        if digits.startswith("0") or self._is_home_number(digits):
            return self._from_home(digits)
        return f"+{digits}"

    def _is_home_number(self, digits: str) -> bool:
        """Where no zero is dialled at home (+1), ten digits alone are a number of that country and not of +41, say."""
        plan = self._home_plan
        if plan is None or plan.national_prefix == "0" or digits.startswith(str(plan.country_code)):
            return False
        return phonenumbers.is_valid_number(_read(digits, self._home))

    def _from_home(self, digits: str) -> str:
        return phonenumbers.format_number(_read(digits, self._home), PhoneNumberFormat.E164)

    def _judge(self, number: str) -> PhoneNumber:
        if not SHORTEST_NUMBER <= len(number) - 1 <= MAX_DIGITS:
            raise PhoneRefused(PhoneProblem.UNREADABLE)
        parsed = _read(number, None)
        e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
        grouped = phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)
        if self._drama_numbers and DRAMA.fullmatch(e164):
            return PhoneNumber(e164, grouped, "GB")
        if not phonenumbers.is_valid_number(parsed):
            raise PhoneRefused(PhoneProblem.UNREADABLE)
        region = phonenumbers.region_code_for_number(parsed)
        if region not in self._countries:
            raise PhoneRefused(PhoneProblem.COUNTRY)
        if not _takes_texts(parsed, region):
            raise PhoneRefused(PhoneProblem.NOT_MOBILE)
        return PhoneNumber(e164, grouped, region)


def _region(code: str, key: str) -> str:
    region = code.strip().upper()
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise ConfigurationError(f"{key}: {code!r} is not a country. Use two-letter ISO 3166 codes such as GB.")
    return region


def _read(text: str, region: str | None) -> phonenumbers.PhoneNumber:
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException as error:
        raise PhoneRefused(PhoneProblem.UNREADABLE) from error


def _takes_texts(number: phonenumbers.PhoneNumber, region: str) -> bool:
    """Mobile, or a plan that gives mobiles and landlines the same numbers (United States, Canada)."""
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.FIXED_LINE_OR_MOBILE:
        plan = PhoneMetadata.metadata_for_region(region)
        return plan is not None and bool(plan.same_mobile_and_fixed_line_pattern)
    return bool(kind == PhoneNumberType.MOBILE)
