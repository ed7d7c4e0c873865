"""The `claims` parameter (OIDC Core §5.5): untrusted JSON, read strictly, kept in one shape.

The shape: `{"id_token": {name: {...}}, "userinfo": {name: {...}}}`; a claim asked for by `null` becomes `{}`. Below a name
stand `essential` and, for the two claims whose value we compare, `value` and `values`. For any other claim a wanted value
changes nothing: the person's own is returned (OIDC Core §5.5.1 leaves that open).
"""

from __future__ import annotations

from typing import Any

from idp.oidc import strict_json
from idp.oidc.authorization.parameters import CONTROLS

PLACES = ("id_token", "userinfo")
COMPARED = frozenset({"acr", "sub"})
MOST_CLAIMS = 100


class ClaimsMalformed(ValueError):
    """The parameter is not what OIDC Core §5.5 describes; the text says where."""


def parse_claims(text: str | None) -> dict[str, dict[str, dict[str, Any]]]:
    """Reads the parameter; None is an empty one. Unknown claims stay in and unknown members go. Raises `ClaimsMalformed`."""
    if text is None:
        return {}
    asked = _object(_decode(text), "claims")
    return {place: _parse_place(place, asked[place]) for place in PLACES if place in asked}


def _decode(text: str) -> Any:
    try:
        return strict_json.loads(text)
    except ValueError as error:
        raise ClaimsMalformed("claims is not JSON, or names a member twice.") from error


def _parse_place(place: str, value: Any) -> dict[str, dict[str, Any]]:
    names = _object(value, f"claims.{place}")
    if len(names) > MOST_CLAIMS or any(CONTROLS.search(name) for name in names):
        raise ClaimsMalformed(f"claims.{place} asks for too much, or for names with control characters.")
    return {name: _parse_claim(name, how) for name, how in names.items()}


def _parse_claim(name: str, how: Any) -> dict[str, Any]:
    if how is None:
        return {}
    asked = _object(how, name)
    if not isinstance(asked.get("essential", False), bool):
        raise ClaimsMalformed(f"{name}.essential is not true or false.")
    kept = {"essential": asked["essential"]} if "essential" in asked else {}
    return {**kept, **_parse_values(name, asked)} if name in COMPARED else kept


def _parse_values(name: str, asked: dict[str, Any]) -> dict[str, Any]:
    values = asked.get("values", [""])
    if not isinstance(values, list) or not values:
        raise ClaimsMalformed(f"{name}.values is not a list of values.")
    for value in (asked.get("value", ""), *values):
        if not isinstance(value, str) or CONTROLS.search(value):
            raise ClaimsMalformed(f"{name} is compared with plain strings only.")
    return {member: asked[member] for member in ("value", "values") if member in asked}


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ClaimsMalformed(f"{where} is not an object.")
    return value
