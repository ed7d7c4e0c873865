"""Text messages by Twilio: Messages (our wording) and Verify v2 with our code (their wording, senders and fraud guard).

The SDK takes a fifth of a second to import, so it is imported only where a configuration names it. It has no default timeout
and is synchronous (SECURITY-CASES T8, F22): it works in threads of its own, under a deadline.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idp.adapters.pool import BoundedPool
from idp.domain.delivery import TextMessage
from idp.errors import Busy, ConfigurationError, DeliveryFailed

if TYPE_CHECKING:
    from requests import Session
    from twilio.rest import Client

THREADS = 4
QUEUE = 64

ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}", re.ASCII)
MESSAGING_SERVICE_SID = re.compile(r"MG[0-9a-fA-F]{32}", re.ASCII)
VERIFY_SERVICE_SID = re.compile(r"VA[0-9a-fA-F]{32}", re.ASCII)
SENDER_NUMBER = re.compile(r"\+[1-9][0-9]{4,14}|[0-9]{3,8}", re.ASCII)
SENDER_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}", re.ASCII)
GENERIC_NAMES = frozenset({"verify", "alert", "info", "notice", "message", "sms", "code"})
"""UK carriers drop texts that come from such names."""

FINAL = {
    21211: "invalid_number",
    21408: "country_not_enabled",
    21610: "opted_out",
    21612: "unroutable",
    21614: "not_mobile",
    60200: "invalid_parameter",
    60205: "landline",
    60410: "fraud_guard",
    60605: "country_not_enabled",
}
"""Twilio's error code -> what is wrong with this number for good."""

UNDELIVERED = frozenset({"failed", "undelivered", "canceled"})


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """Credentials and connection. With `api_key_sid` the secret is that key's, otherwise the account's auth token.

    `timeout_seconds` bounds the whole call. `base_url` replaces Twilio's hosts (another region, a test's server); it is reached
    without the proxy of the environment.
    """

    account_sid: str
    secret: str = field(repr=False)
    api_key_sid: str = ""
    timeout_seconds: float = 4
    base_url: str = ""
    ca_bundle: Path | None = None


class TwilioTexter:
    """`ports.Texter` by Twilio Messages. `sender`: a number in E.164, a short code, a name or a messaging service (`MG…`)."""

    def __init__(self, account: TwilioAccount, sender: str) -> None:
        check_sender(sender)
        self._sender = {"messaging_service_sid" if MESSAGING_SERVICE_SID.fullmatch(sender) else "from_": sender}
        self._api = TwilioApi(account)

    async def send(self, text: TextMessage) -> None:
        def create() -> None:
            message = self._api.client.messages.create(to=text.to, body=text.text, **self._sender)
            _check_accepted(message.sid, message.status, message.error_code)

        await self._api.call(create)

    def close(self) -> None:
        """Ends the threads."""
        self._api.close()


class TwilioVerifyTexter:
    """`ports.Texter` by Twilio Verify, which composes the text. Its service needs *custom verification code* enabled."""

    def __init__(self, account: TwilioAccount, service_sid: str) -> None:
        if not VERIFY_SERVICE_SID.fullmatch(service_sid):
            raise ConfigurationError(
                "sms.verify_service_sid is not a Verify service. Copy it from Twilio's console: VA and 32 digits."
            )
        self._service_sid = service_sid
        self._api = TwilioApi(account)

    async def send(self, text: TextMessage) -> None:
        if not text.code:
            raise DeliveryFailed("twilio verify sends codes only, and this message has none", permanent=True)

        def create() -> None:
            service = self._api.client.verify.v2.services(self._service_sid)
            verification = service.verifications.create(to=text.to, channel="sms", custom_code=text.code)
            _check_accepted(verification.sid, verification.status, None)

        await self._api.call(create)

    def close(self) -> None:
        """Ends the threads."""
        self._api.close()


class TwilioApi:
    """The SDK's client with its threads and its deadline, and the meaning of its errors."""

    def __init__(self, account: TwilioAccount) -> None:
        self.client, self._session = _connect(account)
        self._timeout = account.timeout_seconds
        self._pool = BoundedPool("twilio", THREADS, QUEUE)

    async def call(self, request: Callable[[], None]) -> None:
        """Runs one request. Raises only `errors.DeliveryFailed`: whatever the SDK trips over is a failed delivery (F46)."""
        try:
            async with asyncio.timeout(self._timeout):
                await self._pool.run(request)
        except DeliveryFailed:
            raise
        except Busy as error:
            raise DeliveryFailed("twilio: too many texts at once") from error
        except Exception as error:
            raise _failure(error) from error

    def close(self) -> None:
        """Ends the threads and the connections."""
        self._pool.close()
        self._session.close()


def check_sender(sender: str) -> None:
    """Refuses a sender that Twilio or the carriers would not take. Raises `errors.ConfigurationError`."""
    if MESSAGING_SERVICE_SID.fullmatch(sender) or SENDER_NUMBER.fullmatch(sender):
        return
    if not SENDER_NAME.fullmatch(sender):
        raise ConfigurationError(
            "sms.sender is no sender. Use a number such as +447700900123, a name of at most 11 letters and digits, "
            "or a messaging service (MG and 32 digits)."
        )
    if sender.strip().lower() in GENERIC_NAMES:
        raise ConfigurationError(
            f"sms.sender = {sender!r} is a generic name, which carriers block. Use the name of your company."
        )


def _connect(account: TwilioAccount) -> tuple[Client, Session]:
    if not ACCOUNT_SID.fullmatch(account.account_sid) or not account.secret:
        raise ConfigurationError(
            "sms.account_sid and sms.auth_token are not Twilio credentials. Copy them from Twilio's console."
        )

    from twilio.http.http_client import TwilioHttpClient  # noqa: PLC0415  heavy: only where it is configured
    from twilio.rest import Client  # noqa: PLC0415

    for name in ("twilio", "urllib3"):  # at INFO and DEBUG they log request lines and headers (T7)
        logging.getLogger(name).setLevel(logging.WARNING)
    http = TwilioHttpClient(timeout=account.timeout_seconds)
    session: Session = http.session
    session.trust_env = not account.base_url
    session.verify = str(account.ca_bundle) if account.ca_bundle else True
    client = Client(
        account.api_key_sid or account.account_sid,
        account.secret,
        account.account_sid,
        http_client=http,
        environment={"TWILIO": "configured"},  # an empty one would be replaced by the process's
    )
    if account.base_url:
        client.api.base_url = client.verify.base_url = account.base_url
    return client, session


def _check_accepted(sid: str | None, status: Any, error_code: Any) -> None:
    """Raises `errors.DeliveryFailed` unless the answer names a message that Twilio took on."""
    if error_code or status in UNDELIVERED:
        raise _refusal(201, error_code)
    if not isinstance(sid, str) or not sid:
        raise DeliveryFailed("twilio: an answer without a message")


def _refusal(status: int, code: Any) -> DeliveryFailed:
    """Never Twilio's own words: they repeat the number. Wrong credentials and limits pass, other refusals of a request do not."""
    reason = FINAL.get(code) if isinstance(code, int) else None
    if reason is not None:
        return DeliveryFailed(f"twilio: {reason} ({code})", permanent=True)
    permanent = 400 <= status < 500 and status not in (401, 403, 408, 429)
    return DeliveryFailed(
        f"twilio: refused (http {status}, code {code if isinstance(code, int) else 'none'})", permanent=permanent
    )


def _failure(error: Exception) -> DeliveryFailed:
    from requests import RequestException, Timeout  # noqa: PLC0415  came with the SDK
    from twilio.base.exceptions import TwilioRestException, TwilioServiceException  # noqa: PLC0415

    match error:
        case TwilioRestException() | TwilioServiceException():
            return _refusal(error.status, error.code)
        case TimeoutError() | Timeout():
            return DeliveryFailed("twilio: timeout")
        case RequestException():
            return DeliveryFailed(f"twilio: no connection ({type(error).__name__})")
        case _:
            return DeliveryFailed(f"twilio: unreadable answer ({type(error).__name__})")
