"""How tests reach a server process: by the issuer's name, or straight at one of several processes behind that name."""

from __future__ import annotations

import random
import socket
import ssl

import httpx2

NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody, and so reads no list of certificates, which takes a tenth of a second for every client. Loopback is plain."""


class ToPort(httpx2.AsyncHTTPTransport):
    """Connects to `port` of this machine, whatever the URL says; the `Host` header stays the issuer's, as behind a proxy.

    None connects where the URL says.
    """

    def __init__(self, port: int | None = None) -> None:
        super().__init__(verify=NO_AUTHORITIES)
        self._port = port

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._port is not None:
            url = request.url.copy_with(host="127.0.0.1", port=self._port)
            headers = request.headers  # with the issuer's Host
            request = httpx2.Request(
                request.method, url, headers=headers, stream=request.stream, extensions=request.extensions
            )
        return await super().handle_async_request(request)


def free_port() -> int:
    """A loopback port that nobody listens on, outside the range from which the system serves outgoing connections: between
    asking and listening nobody takes it by accident."""
    while True:
        port = random.randrange(10_240, 32_768)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
