"""What a protocol endpoint answers, free of any web framework, and the one error that becomes such an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
"""Tokens and everything said about them are nobody's to keep (RFC 6749 §5.1)."""


@dataclass(frozen=True, slots=True)
class ProtocolAnswer:
    """A status, a JSON object (bytes: encoded already, None: an empty body) and headers. The edge adds `Content-Type` and
    lengths."""

    status: int
    body: Mapping[str, Any] | bytes | None = None
    headers: tuple[tuple[str, str], ...] = NO_STORE


class OAuthError(Exception):
    """A refusal as RFC 6749 §5.2 words it. `description` is for integrators: ASCII, one or two plain sentences."""

    def __init__(
        self, error: str, description: str, status: int = 400, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self.error = error
        self.description = description
        self.status = status
        self.headers = headers
        super().__init__(f"{error}: {description}")

    def to_answer(self) -> ProtocolAnswer:
        body = {"error": self.error, "error_description": self.description}
        return ProtocolAnswer(self.status, body, NO_STORE + self.headers)


def invalid_request(description: str) -> OAuthError:
    return OAuthError("invalid_request", description)


def invalid_grant(description: str) -> OAuthError:
    return OAuthError("invalid_grant", description)


def invalid_scope(description: str) -> OAuthError:
    return OAuthError("invalid_scope", description)


def invalid_client(*, tried_basic: bool) -> OAuthError:
    """Always the same words: an unknown client, a wrong secret and a wrong method must not be told apart (TK06)."""
    challenge = (("WWW-Authenticate", 'Basic realm="token", charset="UTF-8"'),) if tried_basic else ()
    return OAuthError("invalid_client", "Client authentication failed.", 401, challenge)


def unavailable(retry_after: int) -> OAuthError:
    """The database is away: nothing was half-written, and trying again is right."""
    return OAuthError(
        "temporarily_unavailable",
        "The service cannot reach its database. Try again in a few seconds.",
        503,
        (("Retry-After", str(retry_after)),),
    )
