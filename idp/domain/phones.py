"""Mobile numbers in E.164 (ITU-T E.164), as values. Parsing needs number plans and is an adapter (`ports.PhoneNumbers`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PhoneProblem(StrEnum):
    """Why a number is not accepted, in words for the person who typed it."""

    UNREADABLE = "Enter a mobile number in international format, for example 447700900123."
    NOT_MOBILE = "That is not a mobile number. Text messages need a mobile number in international format."
    COUNTRY = "We cannot send text messages to that country. Enter a mobile number of a country we serve."
    EXTENSION = "A mobile number has no extension. Leave the extension out."


class PhoneRefused(ValueError):
    """Raised by `ports.PhoneNumbers`; `problem` says why."""

    def __init__(self, problem: PhoneProblem) -> None:
        self.problem = problem
        super().__init__(problem.value)


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number that was understood: `e164` is stored, `grouped` is echoed so that a transposed digit is seen (SM08)."""

    e164: str
    grouped: str
    region: str


def mask(e164: str) -> str:
    """The last three digits behind a mask of constant length, which tells nothing of the rest (SM19)."""
    return "•••• ••• " + e164[-3:]
