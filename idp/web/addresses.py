"""From which address a request really comes.

`X-Forwarded-For` is written by anybody; only what a trusted proxy appended counts (SECURITY-CASES LG07). Read from the
right, the first address that is not a trusted proxy's is the client.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.types import Scope

from idp.errors import ConfigurationError

MOST_HOPS = 20


class Addresses:
    """Knows the trusted proxies. Raises `ConfigurationError` for an entry that is neither an address nor a network."""

    def __init__(self, trusted_proxies: Sequence[str] = ()) -> None:
        self._trusted = tuple(_network(entry) for entry in trusted_proxies)

    def client(self, scope: Scope) -> str:
        """The client's address in its shortest form; empty when the server does not know it (a Unix socket)."""
        peer = peer_of(scope)
        if peer is None:
            return ""
        if self._trusted and self._is_trusted(peer):
            for entry in _forwarded(scope):
                hop = _address(entry)
                if hop is None:
                    break  # what stands further left was not written by somebody we trust
                peer = hop
                if not self._is_trusted(peer):
                    break
        return _shown(peer)

    def came_by_plain_http(self, scope: Scope) -> bool:
        """Whether a trusted proxy says that it received this request without TLS (HD08)."""
        protocols = [value.lower() for name, value in scope["headers"] if name == b"x-forwarded-proto"]
        if not protocols:
            return False
        peer = peer_of(scope)
        return peer is not None and self._is_trusted(peer) and protocols[-1].endswith(b"http")

    def _is_trusted(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._trusted if network.version == address.version)


def peer_of(scope: Scope) -> IPv4Address | IPv6Address | None:
    """The address at the other end of the connection, whatever headers say."""
    return _address(scope["client"][0]) if scope.get("client") else None


def _forwarded(scope: Scope) -> list[str]:
    """The hops from the right. Several headers are one list, in order (RFC 9110 §5.3)."""
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return [hop.strip() for hop in reversed(",".join(lines).split(","))][:MOST_HOPS]


@lru_cache(maxsize=4096)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An address as proxies write it: bare, with a port, or bracketed; IPv4 in IPv6 is IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


_shown = lru_cache(maxsize=4096)(str)
"""Written once for each address: the same few ask again and again."""


def _network(entry: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(entry, strict=False)
    except ValueError as error:
        raise ConfigurationError(
            f"server.trusted_proxies: {entry!r} is neither an address nor a network like 10.0.0.0/8."
        ) from error
