"""How structured values lie in text columns: JSON without blanks, ASCII only, written and read whole.

ASCII, because PostgreSQL refuses NUL in text and neither driver encodes a lone surrogate: escaped, both are just letters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from idp.domain.accounts import AccountNode, Kind


def to_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def from_json(text: str) -> Any:
    return json.loads(text)


def lineage_to_json(ancestors: Iterable[AccountNode]) -> str:
    """The `accounts.lineage` column: `[[id, number, name, kind], ...]`, root first, without the account itself."""
    return to_json([[node.id, node.number, node.name, node.kind.value] for node in ancestors])


def lineage_from_json(text: str) -> tuple[AccountNode, ...]:
    return tuple(AccountNode(id_, number, name, Kind(kind)) for id_, number, name, kind in from_json(text))
