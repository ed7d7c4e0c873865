"""A small HTTP or HTTPS server on a free loopback port, for whatever our clients talk to in tests. It records requests."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.support.certificates import Certificate


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came in; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer. None in place of one closes the connection without a word."""

    status: int = 200
    body: bytes = b"{}"
    content_type: str = "application/json"
    location: str = ""
    encoding: str = ""


class HttpServer:
    """Serves in a thread of its own while the `with` block lasts. `answer` is called in one thread for each connection.

    With a certificate it speaks TLS, and its URL names `localhost`."""

    def __init__(self, answer: Callable[[Asked], Answer | None], certificate: Certificate | None = None) -> None:
        self.asked: list[Asked] = []
        self._answer = answer
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._base = "http://127.0.0.1"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.chain, certificate.key)
            # The handshake is the connection's own thread's: a client that refuses the certificate stops nobody else.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            self._base = "https://localhost"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"{self._base}:{self.port}"

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self) -> None:
                with suppress(ssl.SSLError, ConnectionError):  # the client did not like the certificate, or left
                    super().handle()

            def do_POST(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(
                    self.command, self.path, headers, self.rfile.read(int(headers.get("content-length", "0")))
                )
                server.asked.append(asked)
                answer = server._answer(asked)
                self.close_connection = True
                if answer is None:
                    return
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.content_type)
                self.send_header("Content-Length", str(len(answer.body)))
                self.send_header("Connection", "close")
                if answer.encoding:
                    self.send_header("Content-Encoding", answer.encoding)
                if answer.location:
                    self.send_header("Location", answer.location)
                self.end_headers()
                self.wfile.write(answer.body)

            do_GET = do_POST
            do_PUT = do_POST

            def log_message(self, format: str, *args: object) -> None:
                """Quiet: pytest shows what matters."""

        return Handler
