"""What all sections share: strictness, paths that are relative to the configuration file, and lists from one variable."""

from __future__ import annotations

import ipaddress
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

FOLDER: ContextVar[Path | None] = ContextVar("FOLDER", default=None)
"""Where relative paths start: the configuration file's folder while it is being read, else the working directory."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
SQLITE = frozenset({"sqlite", "sqlite+aiosqlite"})


class Section(BaseModel):
    """A table of `config.toml`. Its values never change while the house runs."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, hide_input_in_errors=True)


def located(path: Path) -> Path:
    """An absolute path; a relative one starts at the configuration file's folder."""
    return ((FOLDER.get() or Path.cwd()) / path.expanduser()).absolute()


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


def _listed(value: Any) -> Any:
    """A variable holds a list as text: one item on a line, or separated by commas."""
    if isinstance(value, str):
        return tuple(item.strip() for item in value.replace("\n", ",").split(",") if item.strip())
    return value


def is_loopback_url(url: str) -> bool:
    """Whether a URL's host is this machine, by name or address."""
    return urlsplit(url).hostname in LOOPBACK


def is_sqlite(database_url: str) -> bool:
    return database_url.partition(":")[0] in SQLITE


def _issuer(url: str) -> str:
    try:
        parts = urlsplit(url)
        well_formed = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        well_formed = False
    if not well_formed or parts.scheme not in ("https", "http") or url != url.strip() or not url.isascii():
        raise ValueError("is not a URL. Write it as https://id.example.")
    if parts.query or parts.fragment or "@" in parts.netloc or "?" in url or "#" in url:
        raise ValueError("must have no user, query or fragment. Write it as https://id.example.")
    if url.endswith("/") or parts.netloc != parts.netloc.lower():
        raise ValueError("must be in lower case and end without a slash. Write it as https://id.example.")
    if parts.scheme == "http" and not is_loopback_url(url):
        raise ValueError(
            "is plain http, which is for localhost, 127.0.0.1 and [::1] only. Use https, behind a proxy or with "
            "server.tls_cert and server.tls_key."
        )
    return url


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text.strip()))
    except ValueError as error:
        raise ValueError(
            "holds something that is no address or network. Write it as 10.0.0.1 or 10.0.0.0/8."
        ) from error


def _database_url(url: str) -> str:
    """The URL with an SQLite file made absolute; whether it is one that the house can use, `storage/engine.py` says."""
    scheme, separator, file = url.strip().partition(":///")
    if scheme not in SQLITE or not separator or not file or ":memory:" in file:
        return url.strip()
    return f"{scheme}:///{located(Path(file))}"


OptionalFile = Annotated[Path | None, BeforeValidator(_none_if_empty), AfterValidator(lambda p: p and located(p))]
Folder = Annotated[Path, AfterValidator(located)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Numbers = Annotated[tuple[Annotated[int, Field(ge=0, le=86_400)], ...], BeforeValidator(_listed)]
Issuer = Annotated[str, AfterValidator(_issuer)]
Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], BeforeValidator(_listed)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url), Field(repr=False)]
Secret = Annotated[str, Field(repr=False)]
Secrets = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(repr=False)]
