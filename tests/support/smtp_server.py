"""A real SMTP server (aiosmtpd) on a free loopback port, which takes mail or misbehaves as told.

`behaviour` may be changed at any time; `messages` holds what was accepted, and only that.
"""

from __future__ import annotations

import asyncio
import email.policy
import ssl
import threading
from email.message import EmailMessage
from email.parser import BytesParser
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Behaviour(StrEnum):
    """How the next mails are treated. `HANG` never answers after the mail, `DROP` cuts the line there instead."""

    ACCEPT = "accept"
    TRY_LATER = "4xx"
    REFUSE = "5xx"
    REFUSE_CONTENT = "5xx after the mail"
    HANG = "hang"
    DROP = "drop"
    DROP_AT_QUIT = "drop at quit"


class SmtpServer:
    """Runs in a thread of its own while the `with` block lasts. With `login` it offers AUTH, with `tls` STARTTLS."""

    def __init__(self, *, login: tuple[str, str] | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.behaviour = Behaviour.ACCEPT
        self.host = "127.0.0.1"
        self.port = 0
        self.recipients: list[list[str]] = []
        self._login = login
        self._tls = tls
        self._messages: list[EmailMessage] = []
        self._arrived = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._stop = asyncio.Event()
        self._connections: set[SMTP] = set()

    @property
    def messages(self) -> list[EmailMessage]:
        """What was accepted so far, oldest first."""
        with self._arrived:
            return list(self._messages)

    def wait_for(self, count: int, seconds: float = 10) -> list[EmailMessage]:
        """The messages as soon as there are `count` of them. Raises TimeoutError."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self._messages) >= count, seconds):
                raise TimeoutError(f"{len(self._messages)} of {count} mails arrived within {seconds} s.")
            return list(self._messages)

    def __enter__(self) -> Self:
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self.port = server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        self._server = await self._loop.create_server(self._connection, self.host, 0)
        return self._server

    def _connection(self) -> SMTP:
        connection = SMTP(
            self,
            hostname="mail.test",
            tls_context=self._tls,
            authenticator=self._authenticate if self._login else None,
            auth_require_tls=self._tls is not None,
            loop=self._loop,
        )
        self._connections.add(connection)
        return connection

    async def _end(self) -> None:
        self._server.close()
        self._stop.set()
        for connection in self._connections:
            _cut(connection)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        assert self._login is not None
        return AuthResult(success=(given.login.decode(), given.password.decode()) == self._login, handled=False)

    # aiosmtpd's hooks: what they return is the server's answer to the command of their name.

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        match self.behaviour:
            case Behaviour.TRY_LATER:
                return "450 4.2.0 Greylisted, come back later"
            case Behaviour.REFUSE:
                return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        match self.behaviour:
            case Behaviour.HANG:
                await self._stop.wait()
            case Behaviour.DROP:
                _cut(server)
            case Behaviour.REFUSE_CONTENT:
                return "554 5.7.1 This looks like spam"
        if self.behaviour in (Behaviour.HANG, Behaviour.DROP):
            return "421 Closing"
        assert isinstance(envelope.content, bytes)
        message = BytesParser(EmailMessage, policy=email.policy.SMTP).parsebytes(envelope.content)
        with self._arrived:
            self._messages.append(message)
            self.recipients.append(list(envelope.rcpt_tos))
            self._arrived.notify_all()
        return "250 2.0.0 Taken"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.behaviour is Behaviour.DROP_AT_QUIT:
            _cut(server)
        return "221 Bye"


def _cut(connection: SMTP) -> None:
    """Closes a client's connection without a word."""
    if isinstance(connection.transport, asyncio.Transport):
        connection.transport.abort()
