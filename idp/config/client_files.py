"""Clients that are configured in files: `[[clients]]`, `clients_dir`, and what `idp client apply` is given.

A file is TOML or JSON with RFC 7591 names: one client, a list, or a table with the list `clients`. Only the shape is read
here; `domain/registration.py` judges the content.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idp.config.settings import Settings
from idp.errors import ConfigurationError

SUFFIXES = (".toml", ".json")


@dataclass(frozen=True, slots=True)
class ClientEntry:
    """One client as written. `origin` says where it stands, for messages; the secret is in `metadata["client_secret"]`."""

    origin: str
    metadata: Mapping[str, Any]


def client_entries(settings: Settings) -> tuple[ClientEntry, ...]:
    """Every client of the configuration. Raises `errors.ConfigurationError`."""
    listed = tuple(
        ClientEntry(f"clients[{position}]", _with_secret(f"clients[{position}]", client, Path()))
        for position, client in enumerate(settings.clients, 1)
    )
    return listed + (read_client_files(settings.clients_dir) if settings.clients_dir else ())


def read_client_files(path: Path) -> tuple[ClientEntry, ...]:
    """The clients of a file, or of the `.toml` and `.json` files of a folder. Raises `errors.ConfigurationError`."""
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
    elif path.is_file():
        files = [path]
    else:
        raise ConfigurationError(f"There is no file or folder {path}. Correct the path.")
    return tuple(entry for file in files for entry in _read(file))


def _read(file: Path) -> Iterator[ClientEntry]:
    try:
        text = file.read_text(encoding="utf-8")
        content = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:  # both parsers' errors are ValueErrors
        raise ConfigurationError(f"{file} cannot be read as TOML or JSON: {error}. Correct the file.") from error
    clients = content.get("clients", content) if isinstance(content, dict) else content
    several = isinstance(clients, list)
    for position, client in enumerate(clients if several else [clients], 1):
        origin = f"{file.name}: client {position}" if several else file.name
        if not isinstance(client, dict):
            raise ConfigurationError(f'{origin} is no table of RFC 7591 names. Write client_id = "…" and so on.')
        yield ClientEntry(origin, _with_secret(origin, client, file.absolute().parent))


def _with_secret(origin: str, client: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The client with the content of `client_secret_file`, a path relative to the file that names it, as its secret."""
    metadata = dict(client)
    name = metadata.pop("client_secret_file", None)
    if name is None:
        return metadata
    if "client_secret" in metadata or not isinstance(name, str):
        raise ConfigurationError(f"{origin}: give client_secret_file a path, and no client_secret beside it.")
    try:
        metadata["client_secret"] = (folder / name).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{origin}: client_secret_file names {name}, which cannot be read. Correct the path."
        ) from error
    return metadata
