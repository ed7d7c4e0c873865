"""Adding many people from a file, each under the names of the OpenID Connect standard claims (OIDC Core §5.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from idp.domain.audit import Actor
from idp.domain.claims import FREE_CLAIMS
from idp.domain.people import Role
from idp.errors import IdpError, InvalidInput
from idp.ports import Ports
from idp.services.people import CreateUser, create_user
from idp.storage.unit_of_work import Store

MAX_ROWS = 100_000
MAX_CLAIM = 2000
KNOWN = (
    *FREE_CLAIMS, "name", "given_name", "family_name", "preferred_username", "email", "email_verified",
    "phone_number", "phone_number_verified", "updated_at", "account", "role", "username",
)  # fmt: skip
"""`updated_at` is accepted and counted anew: it tells when the record here was changed."""
ADDRESS_MEMBERS = ("formatted", "street_address", "locality", "region", "postal_code", "country")
"""OIDC Core §5.1.1."""


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """What became of one row, counted from 1: `created`, `unchanged` or `refused` with a reason."""

    row: int
    username: str
    outcome: str
    reason: str = ""


def read_people(file: Path) -> list[Any]:
    """The rows of a JSON list, or of a file with one JSON object on each line. Raises `InvalidInput`."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput("file", f"{file} cannot be read as text. Correct the path, or save it as UTF-8.") from error
    try:
        if text.lstrip().startswith("["):
            return list(json.loads(text))
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise InvalidInput("file", f"{file} is not JSON: {error}. Write a list, or one object on each line.") from error


async def import_people(
    store: Store, ports: Ports, rows: Sequence[Any], *, mail: bool = True, actor: Actor = Actor(id="cli")
) -> list[ImportedRow]:
    """Adds whoever is not there yet; each row stands or falls by itself, and a second run changes nothing (AD21).

    Raises `InvalidInput` for more rows than can be told apart in a report.
    """
    if len(rows) > MAX_ROWS:
        raise InvalidInput("file", f"The file holds {len(rows)} people. Import at most {MAX_ROWS} at a time.")
    return [await _import(store, ports, position, row, mail, actor) for position, row in enumerate(rows, 1)]


async def _import(store: Store, ports: Ports, position: int, row: Any, mail: bool, actor: Actor) -> ImportedRow:
    username = str(row.get("preferred_username", row.get("username", ""))) if isinstance(row, Mapping) else ""
    try:
        command = read_row(row, actor, mail=mail)
        async with store.read() as uow:
            present = await uow.people.by_username(command.username)
        if present is not None and present.email == command.email:
            return ImportedRow(position, username, "unchanged")
        await create_user(store, ports, command)
    except IdpError as refusal:
        return ImportedRow(position, username, "refused", refusal.public)
    return ImportedRow(position, username, "created")


def read_row(row: Any, actor: Actor, *, mail: bool = True) -> CreateUser:
    """One person of the file. Raises `InvalidInput` naming the claim."""
    if not isinstance(row, Mapping):
        raise InvalidInput("row", "A row is a JSON object with claims. Put it in braces.")
    if "sub" in row:
        raise InvalidInput("sub", "sub is given out here, and never twice. Remove it.")
    for name in row:
        if name not in KNOWN:
            near = get_close_matches(str(name), KNOWN, 1, 0.6)
            raise InvalidInput(str(name), f"{name} is no claim. {f'Did you mean {near[0]}?' if near else 'Remove it.'}")
    if "username" in row and "preferred_username" in row and row["username"] != row["preferred_username"]:
        raise InvalidInput("username", "username and preferred_username differ. Keep preferred_username.")
    role = _text(row, "role") or Role.USER.value
    if role not in set(Role):
        raise InvalidInput("role", f"role must be {', '.join(Role)}. Choose one.")
    return CreateUser(
        username=_text(row, "preferred_username") or _text(row, "username"),
        email=_text(row, "email"),
        account=_text(row, "account"),
        role=Role(role),
        phone=_text(row, "phone_number") or None,
        email_verified=_flag(row, "email_verified"),
        phone_verified=_flag(row, "phone_number_verified"),
        standard_claims=_standard_claims(row),
        mail=mail,
        actor=actor,
        given_name=_text(row, "given_name"),
        family_name=_text(row, "family_name"),
        name=_text(row, "name"),
    )


def _standard_claims(row: Mapping[str, Any]) -> dict[str, Any]:
    claims: dict[str, Any] = {}
    for name in FREE_CLAIMS:
        if name == "address":
            if "address" in row:
                claims["address"] = _address(row["address"])
        elif text := _text(row, name):
            claims[name] = text
    return claims


def _address(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not set(value) <= set(ADDRESS_MEMBERS):
        raise InvalidInput("address", f"address is an object with {', '.join(ADDRESS_MEMBERS)}. Correct it.")
    # Lines of an address are separated by a line break (OIDC Core §5.1.1); nothing else unprintable belongs there.
    return {name: _checked(f"address.{name}", text, lines=True) for name, text in value.items()}


def _text(row: Mapping[str, Any], name: str) -> str:
    return _checked(name, row[name]) if row.get(name) is not None else ""


def _checked(name: str, text: Any, *, lines: bool = False) -> str:
    shown = text.replace("\r\n", "").replace("\n", "") if lines and isinstance(text, str) else text
    if not isinstance(shown, str) or len(shown) > MAX_CLAIM or not shown.isprintable():
        raise InvalidInput(name, f"{name} must be text of at most {MAX_CLAIM} printable characters. Correct it.")
    return str(text)


def _flag(row: Mapping[str, Any], name: str) -> bool:
    value = row.get(name, False)
    if not isinstance(value, bool):
        raise InvalidInput(name, f"{name} must be true or false, without quotes.")
    return value
