"""Mail by SMTP (RFC 5321), one connection for each message, within one deadline."""

from __future__ import annotations

import asyncio
import hashlib
import re
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, getaddresses
from pathlib import Path
from typing import Literal

import aiosmtplib

from idp.adapters.tls import client_context
from idp.domain.delivery import Mail
from idp.errors import ConfigurationError, DeliveryFailed
from idp.ports import Clock, Mac

BARE_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,64}@[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,253}")
MAX_ADDRESS = 254
ENHANCED_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}", re.ASCII)
LOOPBACK = ("localhost", "127.0.0.1", "::1")
DAY_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed in. `tls`: `starttls` and `tls` check the certificate, `none` is for a server on this machine."""

    host: str
    port: int = 587
    username: str = ""
    password: str = field(default="", repr=False)
    tls: Literal["none", "starttls", "tls"] = "starttls"
    timeout_seconds: float = 20
    ca_bundle: Path | None = None


class SmtpMailer:
    """`ports.Mailer`. `sender` and `reply_to` read `name@example.com` or `Name <name@example.com>`.

    A retry of the same mail within a day carries the same Message-ID, so that a mailbox may drop the second copy (F24).
    """

    def __init__(self, server: SmtpServer, *, sender: str, reply_to: str = "", clock: Clock, mac: Mac) -> None:
        if server.username and server.tls == "none" and server.host not in LOOPBACK:
            raise ConfigurationError(
                'mail.tls = "none" would send mail.password in clear. Set it to "starttls" or "tls".'
            )
        self._server = server
        self._sender = _configured_address(sender, "mail.from")
        self._reply_to = _configured_address(reply_to, "mail.reply_to") if reply_to else None
        self._tls_context = client_context(server.ca_bundle)
        self._clock = clock
        self._mac = mac

    async def send(self, mail: Mail) -> None:
        message = self._message(mail)
        accepted = False
        try:
            async with asyncio.timeout(self._server.timeout_seconds), self._client() as client:
                await client.send_message(message, sender=self._sender.addr_spec, recipients=[mail.to])
                accepted = True
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            if not accepted:  # a clumsy farewell after "250 OK" must not send the mail twice
                raise _failure(error) from error

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username or None,
            password=server.password or None,
            use_tls=server.tls == "tls",
            start_tls=server.tls == "starttls",
            tls_context=self._tls_context,
            local_hostname=self._sender.domain,  # the library would ask the DNS for this machine's name at every mail
            timeout=server.timeout_seconds,
        )

    def _message(self, mail: Mail) -> EmailMessage:
        # One bare address: "victim@x,attacker@y" or a line break would make more recipients or headers of it (PW23).
        if len(mail.to) > MAX_ADDRESS or not BARE_ADDRESS.fullmatch(mail.to):
            raise DeliveryFailed("the recipient is not one bare e-mail address", permanent=True)
        message = EmailMessage()
        now = self._clock.now()
        try:
            message["From"] = self._sender
            message["To"] = mail.to
            if self._reply_to is not None:
                message["Reply-To"] = self._reply_to
            message["Subject"] = mail.subject
            message["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
            message["Message-ID"] = f"<{self._message_id(mail, now)}@{self._sender.domain}>"
            message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday replies
            message.set_content(mail.text)
            if mail.html:
                message.add_alternative(mail.html, subtype="html")
        except ValueError as error:
            raise DeliveryFailed(
                "the mail cannot be written down: a header holds a line break", permanent=True
            ) from error
        return message

    def _message_id(self, mail: Mail, now: int) -> str:
        """Keyed, because the content may be a password. The day keeps next month's identical notice from being dropped."""
        content = hashlib.sha256(f"{mail.text}\0{mail.html}".encode("utf-8", "surrogatepass")).hexdigest()
        return self._mac.digest("message-id", str(now // DAY_SECONDS), mail.to, mail.subject, content)[:16].hex()


def _configured_address(text: str, key: str) -> Address:
    readings = getaddresses([text])
    name, address = readings[0] if len(readings) == 1 else ("", "")
    if not address.isascii() or not BARE_ADDRESS.fullmatch(address) or not text.isprintable():
        raise ConfigurationError(f'{key} is not an e-mail address. Write it as "Name <name@example.com>".')
    return Address(display_name=name, addr_spec=address)


def _failure(error: Exception) -> DeliveryFailed:
    """What went wrong, without the server's own words: they may quote the mail.

    Only what the server says about *this* mail is final. A refused login, a broken certificate or a full disk is the operator's
    to mend, and the mail goes out afterwards unless it has expired.
    """
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    match error:
        case aiosmtplib.SMTPAuthenticationError() | aiosmtplib.SMTPConnectResponseError() | aiosmtplib.SMTPHeloError():
            return DeliveryFailed(f"smtp {error.code} before the mail ({type(error).__name__})")
        case aiosmtplib.SMTPResponseException():
            enhanced = ENHANCED_CODE.search(error.message)
            code = f"{error.code} {enhanced[0]}" if enhanced else str(error.code)
            return DeliveryFailed(f"smtp {code} ({type(error).__name__})", permanent=500 <= error.code < 600)
        case aiosmtplib.SMTPNotSupported() if "SMTPUTF8" in error.message:
            return DeliveryFailed("the server does not take addresses beyond ASCII", permanent=True)
        case TimeoutError():
            return DeliveryFailed("smtp timeout")
        case ssl.SSLError():
            return DeliveryFailed("smtp tls: the certificate or the handshake failed")
        case ValueError():
            return DeliveryFailed(f"the mail cannot be written down ({type(error).__name__})", permanent=True)
        case _:
            return DeliveryFailed(f"smtp connection ({type(error).__name__})")
