"""The issuer as a place: the one source of absolute URLs, and the judge of what a `Host` header may say.

Nothing in this project reads a URL off a request: `Host` is whatever the sender wrote (SECURITY-CASES HD07, T6).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Self
from urllib.parse import urlsplit

from idp.errors import ConfigurationError

_DEFAULT_PORTS = {"http": 80, "https": 443}
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(?::([0-9]{1,5}))?")


class Host(Enum):
    """Whom a request believes to talk to."""

    OWN = auto()
    """The issuer, by its name."""
    ALIAS = auto()
    """This machine, by another loopback name than the issuer's."""
    PLAIN = auto()
    """The issuer, by plain http in place of https."""
    FOREIGN = auto()


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer taken apart. `origin` is written as browsers write it, without a default port; `prefix` is its path
    without a trailing slash, mostly empty; `authority` is what a browser sends as `Host`."""

    url: str
    origin: str
    prefix: str
    authority: str
    name: str
    port: int
    is_secure: bool

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises `ConfigurationError` for an issuer that OpenID Connect Discovery §3 does not allow: https (http on loopback
        only), no query, no fragment."""
        parts = urlsplit(url)
        authority = _AUTHORITY.fullmatch(parts.netloc.lower())
        if parts.scheme not in _DEFAULT_PORTS or authority is None or parts.query or parts.fragment or "?" in url:
            raise ConfigurationError(f"server.issuer must be a URL like https://id.example.com, not {url!r}.")
        name, port = authority[1], int(authority[2] or _DEFAULT_PORTS[parts.scheme])
        if parts.scheme == "http" and not is_loopback(name):
            raise ConfigurationError(
                "server.issuer must be https; plain http is for localhost, 127.0.0.1 and [::1] only."
            )
        shown = name if port == _DEFAULT_PORTS[parts.scheme] else f"{name}:{port}"
        return cls(url, f"{parts.scheme}://{shown}", parts.path.rstrip("/"), shown, name, port, parts.scheme == "https")

    def path(self, local: str) -> str:
        """`/account` as a link on a page: with the issuer's prefix."""
        return self.prefix + local

    def absolute(self, local: str) -> str:
        """`/account` as an absolute URL."""
        return self.origin + self.prefix + local

    def local(self, path: str) -> str:
        """The path of a request without the issuer's prefix. Proxies may strip it or leave it; RFC 8414 §3.1 puts it last."""
        if not self.prefix:
            return path
        if path.startswith("/.well-known/") and path.endswith(self.prefix):
            return path.removesuffix(self.prefix)
        return path.removeprefix(self.prefix) if path.startswith(self.prefix + "/") else path

    def judge(self, host: str) -> Host:
        """What the value of a `Host` header names."""
        if host == self.authority:
            return Host.OWN
        authority = _AUTHORITY.fullmatch(host.lower())
        if authority is None:
            return Host.FOREIGN
        if int(authority[2] or (443 if self.is_secure else 80)) != self.port:
            return Host.FOREIGN
        if authority[1] == self.name:
            return Host.OWN
        return Host.ALIAS if is_loopback(self.name) and is_loopback(authority[1]) else Host.FOREIGN


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own: `localhost`, 127.0.0.0/8, `::1`."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
