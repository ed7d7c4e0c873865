"""Text messages by a webhook: any provider that a small HTTP service of the operator's can reach.

The request is JSON `{"to": E.164, "text": …}` and signed as Standard Webhooks 1.0.0 has it: `webhook-id`, `webhook-timestamp` and
`webhook-signature: v1,base64(HMAC-SHA-256(secret, id.timestamp.body))`. Any 2xx answer means that the text was taken on.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import ipaddress
import json
import logging
from pathlib import Path

import httpx2

from idp.adapters.tls import client_context
from idp.domain.delivery import TextMessage
from idp.errors import ConfigurationError, DeliveryFailed
from idp.ports import Clock

SECRET_PREFIX = "whsec_"  # noqa: S105  the standard's marker, not a secret
SECRET_MIN_BYTES = 24
FINAL_STATUS = frozenset({400, 410, 413, 422})
"""What the receiver says about this message. Anything else (credentials, routes, limits, faults) may be mended meanwhile."""
MAX_PORT = 65_535
DAY_SECONDS = 24 * 60 * 60


class WebhookTexter:
    """`ports.Texter`. A retry of the same text within a day has the same `webhook-id`, so the receiver can drop the second."""

    def __init__(
        self, url: str, secret: str, clock: Clock, *, timeout_seconds: float = 4, ca_bundle: Path | None = None
    ) -> None:
        is_local = _is_loopback(url)
        self._url = url
        self._key = _key(secret)
        self._clock = clock
        self._timeout = timeout_seconds
        for name in ("httpx2", "httpcore2"):  # the URL may hold a token of the operator's
            logging.getLogger(name).setLevel(logging.WARNING)
        self._client = httpx2.AsyncClient(
            timeout=timeout_seconds,
            follow_redirects=False,
            trust_env=not is_local,
            verify=client_context(ca_bundle),
        )

    async def send(self, text: TextMessage) -> None:
        now = self._clock.now()
        body = json.dumps({"to": text.to, "text": text.text}).encode("ascii")
        message_id = "msg_" + hmac.digest(self._key, b"id.%d." % (now // DAY_SECONDS) + body, "sha256")[:16].hex()
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(now),
            "webhook-signature": sign(self._key, message_id, now, body),
        }
        try:
            # Streamed, and left unread: the status says it all, and a body could be endless.
            async with (
                asyncio.timeout(self._timeout),
                self._client.stream("POST", self._url, content=body, headers=headers) as response,
            ):
                _check(response)
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise DeliveryFailed("webhook: timeout") from error
        except httpx2.HTTPError as error:
            raise DeliveryFailed(f"webhook: no connection ({type(error).__name__})") from error

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()


def sign(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header of Standard Webhooks 1.0.0."""
    signed = f"{message_id}.{timestamp}.".encode("ascii") + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode("ascii")


def _check(response: httpx2.Response) -> None:
    if not response.is_success:
        permanent = response.status_code in FINAL_STATUS
        raise DeliveryFailed(f"webhook: refused (http {response.status_code})", permanent=permanent)
    if "html" in response.headers.get("content-type", ""):
        raise DeliveryFailed("webhook: answered by a page instead of a service")  # a captive portal or a proxy (F46)


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(SECRET_PREFIX) or len(key) < SECRET_MIN_BYTES:
        raise ConfigurationError(
            "sms.webhook_secret is too weak. Set it to whsec_ and 24 to 64 random bytes in base64."
        )
    return key


def _is_loopback(url: str) -> bool:
    """Whether the URL stays on this machine. Raises `errors.ConfigurationError` for one that would show codes on the wire."""
    try:
        parts = httpx2.URL(url)
    except httpx2.InvalidURL:
        raise ConfigurationError("sms.webhook_url is not a URL. Correct it.") from None
    is_local = parts.host == "localhost" or _is_loopback_address(parts.host)
    is_private = parts.scheme == "https" or (parts.scheme == "http" and is_local)
    if not parts.host or (parts.port or 0) > MAX_PORT or not is_private or parts.userinfo or parts.fragment:
        raise ConfigurationError(
            "sms.webhook_url must be https, or http on this machine, without a user name. Correct it."
        )
    return is_local


def _is_loopback_address(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
