"""Messages on their way to a person: what the outbox holds and the transports take."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"


class DeliveryState(StrEnum):
    """What became of a message. `ABANDONED`: its content expired, or the provider refused it for good."""

    QUEUED = "queued"
    SENT = "sent"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Mail:
    """One purpose, one recipient; the text part says everything the HTML part says."""

    to: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class TextMessage:
    """A text message; `code` is its one-time code for providers that compose the text themselves (Twilio Verify)."""

    to: str
    text: str
    code: str = ""
