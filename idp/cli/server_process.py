"""One server process: the whole of `idp serve`, or one of its workers."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from contextlib import AbstractAsyncContextManager

from idp.bootstrap import build
from idp.cli.logs import log_as_server
from idp.cli.workers import READY
from idp.config import Settings
from idp.web.app import create_app
from idp.web.server import run, serving, serving_on, stop_signal


def serve_alone(settings: Settings) -> None:
    """Serves until it is told to stop. Raises `errors.ConfigurationError`."""
    log_as_server()
    run(_serve(settings, None))


def serve_as_worker(settings: Settings, listener: int) -> None:
    """Serves the socket with this file descriptor until it is told to stop, or its parent has ended."""
    log_as_server()
    run(_serve(settings, socket.socket(fileno=listener)))


async def _serve(settings: Settings, listener: socket.socket | None) -> None:
    house = await build(settings)
    try:
        server, app = settings.server, create_app(house)
        where: AbstractAsyncContextManager[int | None]
        if listener is None:
            where = serving(app, server.host, server.port, tls_cert=server.tls_cert, tls_key=server.tls_key)
        else:
            where = serving_on(app, listener, tls_cert=server.tls_cert, tls_key=server.tls_key)
        async with where as port:
            if listener is None:
                print(f"{server.issuer} is served at {server.host} port {port}.", file=sys.stderr)
            else:
                _stop_with_parent()
                print(READY, flush=True)
            await stop_signal()
    finally:
        await house.close()


def _stop_with_parent() -> None:
    """Standard input is a pipe from the parent, which ends with it, however it ends."""
    loop, pipe = asyncio.get_running_loop(), sys.stdin.fileno()

    def ended() -> None:
        loop.remove_reader(pipe)
        signal.raise_signal(signal.SIGTERM)

    loop.add_reader(pipe, ended)
