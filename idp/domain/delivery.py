"""Messages on their way to a person or a client: what the outbox holds and the transports take."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    LOGOUT = "logout"
    """To a client: a session is over (OpenID Connect Back-Channel Logout 1.0)."""


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


@dataclass(frozen=True, slots=True)
class LogoutNotice:
    """To tell a client that a person's session is over. The signed token is made when it is sent, because it lives for two
    minutes only."""

    client_id: str
    user_id: str
    session_id: str


Message = Mail | TextMessage | LogoutNotice
