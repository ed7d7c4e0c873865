"""Calls to addresses that others gave us, a client's key set or its logout endpoint: one guarded way out for all of them.

Such an address may be meant for our own network (server-side request forgery). So a name is resolved here, only public addresses
are called, and the connection goes to exactly the address that was judged: what the name resolves to a moment later does not
matter. TLS and the `Host` header keep the name. No redirect is followed, no cookie kept, no proxy of the environment asked.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlencode, urlsplit

from idp.adapters.tls import client_context
from idp.errors import OutboundFailed

if TYPE_CHECKING:
    import httpx2

CONNECT_SECONDS = 2.0
TOTAL_SECONDS = 5.0
MOST_BYTES = 256 * 1024
MOST_ADDRESSES = 3
"""So many of a name's addresses are tried: where IPv6 leads nowhere, IPv4 is the second."""
PORTS = {"https": 443, "http": 80}
TRANSLATED = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))
"""IPv6 addresses that carry an IPv4 address inside, which may be a private one (RFC 6052, 8215, 3056, 4380)."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[Collection[str]]]


async def resolved(host: str, port: int) -> Collection[str]:
    """The addresses of a host. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class GuardedClient:
    """`ports.Outbound`. `allow_hosts` are names in private networks that may be called all the same; `allow_loopback` lets it
    call this machine, also by http, for a house that lives there."""

    def __init__(
        self,
        *,
        allow_hosts: Collection[str] = (),
        allow_loopback: bool = False,
        ca_bundle: Path | None = None,
        resolve: Resolver = resolved,
    ) -> None:
        self._allow_hosts = frozenset(host.lower() for host in allow_hosts)
        self._allow_loopback = allow_loopback
        self._ca_bundle = ca_bundle
        self._resolve = resolve

    async def get(self, url: str) -> bytes:
        status, body = await self._call("GET", url)
        if status != 200:
            raise OutboundFailed(f"answered by http {status}")
        return body

    async def post_form(self, url: str, form: Mapping[str, str]) -> int:
        status, _ = await self._call("POST", url, urlencode(form).encode("ascii"))
        return status

    async def close(self) -> None:
        if "_transport" in self.__dict__:
            await self._transport.aclose()

    async def _call(self, method: str, url: str, content: bytes = b"") -> tuple[int, bytes]:
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                parts = _taken_apart(url)
                addresses = await self._permitted(parts)
                return await self._first_that_answers(method, parts, addresses, content)
        except TimeoutError as error:
            raise OutboundFailed("no answer in time") from error

    async def _permitted(self, parts: SplitResult) -> list[Address]:
        """The addresses that may be called for this URL, a few of them. Raises `OutboundFailed`."""
        host = parts.hostname or ""
        try:
            found = [ipaddress.ip_address(text) for text in await self._resolve(host, _port(parts))]
        except (OSError, ValueError) as error:
            raise OutboundFailed("the name does not resolve") from error
        allowed = [address for address in found if self._may_call(parts.scheme, host, address)]
        if not allowed:
            raise OutboundFailed(
                "refused: neither a public address by https nor a host of outbound.allow_hosts", refused=True
            )
        return allowed[:MOST_ADDRESSES]

    def _may_call(self, scheme: str, host: str, address: Address) -> bool:
        if self._allow_loopback and address.is_loopback:
            return True
        return scheme == "https" and (host in self._allow_hosts or _is_public(address))

    async def _first_that_answers(
        self, method: str, parts: SplitResult, addresses: list[Address], content: bytes
    ) -> tuple[int, bytes]:
        import httpx2  # noqa: PLC0415  a tenth of a second, which no start and no command should wait for

        failure = ""
        for address in addresses:
            request = _request(method, parts, address, content)
            try:
                response = await self._transport.handle_async_request(request)
                try:
                    return response.status_code, await _body(response) if method == "GET" else b""
                finally:
                    await response.aclose()
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failure = f"no connection ({type(error).__name__})"
            except httpx2.HTTPError as error:
                raise OutboundFailed(f"the answer broke off ({type(error).__name__})") from error
        raise OutboundFailed(failure)

    @cached_property
    def _transport(self) -> httpx2.AsyncHTTPTransport:
        import httpx2  # noqa: PLC0415

        for name in ("httpx2", "httpcore2"):  # they log addresses
            logging.getLogger(name).setLevel(logging.WARNING)
        # No connection is kept: one made for a name would serve another name at the same address, certificate and all.
        limits = httpx2.Limits(max_connections=100, max_keepalive_connections=0)
        return httpx2.AsyncHTTPTransport(verify=client_context(self._ca_bundle), trust_env=False, limits=limits)


def _taken_apart(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        known = parts.scheme in PORTS and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        known = False
    if not known or "@" in parts.netloc or not url.isascii() or not url.isprintable():
        raise OutboundFailed("refused: not a plain web address", refused=True)
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or PORTS[parts.scheme]


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(address.ipv4_mapped)
        if any(address in network for network in TRANSLATED):
            return False
    return address.is_global and not address.is_multicast


def _request(method: str, parts: SplitResult, address: Address, content: bytes) -> httpx2.Request:
    """To the address, in the name of the host."""
    import httpx2  # noqa: PLC0415

    shown = f"[{address}]" if address.version == 6 else str(address)
    target = parts._replace(netloc=f"{shown}:{_port(parts)}", fragment="").geturl()
    headers = {"host": parts.netloc, "accept": "application/json, */*;q=0.1", "accept-encoding": "identity"}
    if method == "POST":
        headers["content-type"] = "application/x-www-form-urlencoded"
    waiting = {"connect": CONNECT_SECONDS, "read": TOTAL_SECONDS, "write": TOTAL_SECONDS, "pool": TOTAL_SECONDS}
    extensions = {"timeout": waiting, "sni_hostname": parts.hostname}
    return httpx2.Request(method, target, headers=headers, content=content, extensions=extensions)


async def _body(response: httpx2.Response) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise OutboundFailed("the answer is compressed, which was not asked for")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MOST_BYTES:
            raise OutboundFailed("the answer is too long")
    return bytes(body)
