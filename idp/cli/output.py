"""How commands print data: JSON for programs, plain columns for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.cells import cell_len

GAP = "  "


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, nothing: str) -> None:
    """Aligned columns under upper-case headings, without lines or colours; `nothing` is said when there is no row."""
    cells = [[printable(cell) for cell in row] for row in rows]
    if not cells:
        print(nothing)
        return
    lines = [[heading.upper() for heading in headings], *cells]
    widths = [max(cell_len(line[column]) for line in lines) for column in range(len(headings))]
    for line in lines:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True))
        print(GAP.join(padded).rstrip())


def print_facts(facts: Mapping[str, object]) -> None:
    """One thing's properties, a name and a value on each line; empty ones are left out."""
    shown = {name: printable(value) for name, value in facts.items() if value not in (None, "", (), [])}
    width = max(map(cell_len, shown), default=0)
    for name, value in shown.items():
        print(f"{name}{' ' * (width - cell_len(name))}{GAP}{value}")


def printable(value: object) -> str:
    """A value as one line. What came from strangers must not move the cursor or colour the terminal (SECURITY-CASES AD23)."""
    match value:
        case None:
            text = ""
        case bool():
            text = "yes" if value else "no"
        case str():
            text = value
        case Iterable():
            text = ", ".join(map(str, value))
        case _:
            text = str(value)
    return "".join(character if character.isprintable() else "�" for character in text)


def moment(at: int | None) -> str | None:
    """Seconds since the epoch as RFC 3339, UTC."""
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
