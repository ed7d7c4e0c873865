"""The HTTP server: uvicorn, started from code, with the limits that its own defaults leave out.

It prints nothing and logs no addresses with their query strings: those carry codes and states (SECURITY-CASES IO11).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
import uvloop
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from idp.errors import ConfigurationError

REQUEST_SECONDS = 20
"""How long a client may take to send one request, first byte to last (IO02)."""
HEAD_BYTES = 64 * 1024
KEEP_ALIVE_SECONDS = 75
"""Longer than proxies keep their idle connections (60 s is usual), so that the proxy is the one that closes them."""
GRACE_SECONDS = 10
BACKLOG = 1024

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end on uvloop, the event loop that this server is meant for."""
    return uvloop.run(main)


async def serve(
    app: ASGIApp, host: str, port: int, *, tls_cert: Path | None = None, tls_key: Path | None = None
) -> None:
    """Serves until SIGINT or SIGTERM, then lets running requests finish. Raises `ConfigurationError` as `serving` does."""
    async with serving(app, host, port, tls_cert=tls_cert, tls_key=tls_key):
        await stop_signal()


@asynccontextmanager
async def serving(
    app: ASGIApp, host: str, port: int, *, tls_cert: Path | None = None, tls_key: Path | None = None
) -> AsyncIterator[int]:
    """Serves while the block lasts, and gives the port, which is a free one for port 0.

    Raises `ConfigurationError` when the address cannot be used, or the certificate and key cannot be read.
    """
    config = _config(app, tls_cert, tls_key)
    [listener] = listen(host, port)
    async with _serving(config, listener):
        yield listener.getsockname()[1]


@asynccontextmanager
async def serving_on(
    app: ASGIApp, listener: socket.socket, *, tls_cert: Path | None = None, tls_key: Path | None = None
) -> AsyncIterator[None]:
    """Serves a socket of `listen` while the block lasts. Raises `ConfigurationError` as `serving` does."""
    async with _serving(_config(app, tls_cert, tls_key), listener):
        yield


@asynccontextmanager
async def _serving(config: uvicorn.Config, listener: socket.socket) -> AsyncIterator[None]:
    server = _Server(config)
    running = asyncio.create_task(_run(server, listener))
    try:
        while not server.started:
            await asyncio.wait({running}, timeout=0.01)
            if running.done():
                await running
                raise ConfigurationError("The server could not start. Its log says why.")
        yield
    finally:
        server.should_exit = True
        await asyncio.gather(running, return_exceptions=True)
        listener.close()


async def stop_signal() -> None:
    """Waits for SIGINT (Ctrl+C) or SIGTERM. A second one ends the process at once, as signals do without us."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        await stopped.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the caller's: several servers may run in one process, as in the demo."""
        yield


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol with a deadline for each request, a bound on its head, and an eye on absolute-form targets."""

    _due: float | None = None
    _watch: asyncio.TimerHandle | None = None
    _in_head = False
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_deadline()
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._head_bytes = self._head_bytes + len(data) if self._in_head else 0
        if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._start_deadline()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._name_target_host()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._end_deadline()
        super().on_message_complete()

    def _name_target_host(self) -> None:
        """A target in absolute form (`GET http://host/path`) names a host that counts more than the `Host` header (RFC 9112
        §3.2.2), and that uvicorn drops. One that differs joins the headers, where two hosts are refused (HD07)."""
        _, absolute, rest = self.url.partition(b"://")
        if absolute and not self.url.startswith(b"/"):
            authority = rest.partition(b"/")[0].partition(b"?")[0]
            if (b"host", authority) not in self.headers:
                self.headers.append((b"host", authority))

    def _start_deadline(self) -> None:
        """Sets the time only: one timer looks after a connection, however many requests come over it."""
        self._due = self.loop.time() + REQUEST_SECONDS
        if self._watch is None:
            self._watch = self.loop.call_later(REQUEST_SECONDS, self._look)

    def _end_deadline(self) -> None:
        self._due = None

    def _look(self) -> None:
        self._watch = None
        if self._due is None or self.transport.is_closing():
            return
        left = self._due - self.loop.time()
        if left > 0:
            self._watch = self.loop.call_later(left, self._look)
        else:
            self.transport.close()


async def _run(server: uvicorn.Server, listener: socket.socket) -> None:
    # A failed start-up of the application is a SystemExit in uvicorn; it must not end the caller's event loop.
    with contextlib.suppress(SystemExit):
        await server.serve(sockets=[listener])


def _config(app: ASGIApp, tls_cert: Path | None, tls_key: Path | None) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="on",
        workers=1,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=tls_cert,
        ssl_keyfile=tls_key,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"server.tls_cert and server.tls_key cannot be used: {error}. Name the PEM files of a certificate and its key."
        ) from error
    return config


def listen(host: str, port: int, count: int = 1) -> list[socket.socket]:
    """Sockets bound to one address; port 0 takes a free one. Raises `ConfigurationError` when it cannot be used.

    More than one are for as many processes, among which the kernel spreads the connections (SO_REUSEPORT).
    """
    with contextlib.ExitStack() as cleanup:
        first = cleanup.enter_context(_bound(host, port))
        listeners = [first]
        if count > 1:
            # The first said whether somebody is there: sharing sockets would let a second server start beside the one running.
            port = first.getsockname()[1]
            first.close()
            listeners = [cleanup.enter_context(_bound(host, port, shared=True)) for _ in range(count)]
        cleanup.pop_all()
        return listeners


def _bound(host: str, port: int, *, shared: bool = False) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with contextlib.ExitStack() as cleanup:
            listener = cleanup.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shared:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.setblocking(False)
            listener.bind(address)
            cleanup.pop_all()
            return listener
    except OSError as error:
        raise ConfigurationError(_unusable(host, port, error)) from error


def _unusable(host: str, port: int, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"Port {port} on {host} is in use already. Stop the program that uses it, or choose another server.port."
        case errno.EACCES:
            return f"This user may not open port {port}. Choose a server.port above 1023 and put a proxy in front."
        case _:
            return f"server.host: this machine cannot listen on {host} ({error.strerror}). Use 127.0.0.1 or 0.0.0.0."
