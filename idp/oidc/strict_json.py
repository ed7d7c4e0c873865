"""JSON that strangers sent, read so that no other reader could read it in another way (SECURITY-CASES JO09)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NoReturn


def loads(text: str | bytes) -> Any:
    """The value. Raises ValueError for what is no JSON, names a member twice, or says NaN or Infinity."""
    try:
        return json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    except RecursionError as error:  # thousands of opening brackets
        raise ValueError("nested too deep") from error


def _without_repeats(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
