"""The operator's policy for a client as `[clients.policy]` writes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

from idp.domain.clients import ClientPolicy, SecondFactor

PROFILES = ("oidc",)
ACCENT = re.compile(r"#[0-9a-f]{6}")
LOGO = re.compile(r"[a-z0-9-]{1,80}\.svg|data:image/(?:svg\+xml|png);base64,[A-Za-z0-9+/=]{1,60000}")
ACCESS_SECONDS = (5, 900)
MAX_AGE_DAYS = 3650
NAMES = tuple(field.name for field in fields(ClientPolicy))


class PolicyRefused(ValueError):
    """A policy that cannot be. `name` is the setting, the text a sentence with the mend."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        super().__init__(text)


def read_policy(table: Any) -> ClientPolicy:
    """Raises `PolicyRefused`."""
    if not isinstance(table, Mapping):
        raise PolicyRefused("", "policy must be a table, [clients.policy].")
    for name in table:
        if name not in NAMES:
            near = get_close_matches(str(name), NAMES, 1, 0.5)
            mend = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(NAMES)}."
            raise PolicyRefused(str(name), f"policy.{name} is no setting of a client. {mend}")
    return ClientPolicy(
        second_factor=SecondFactor(_one_of(table, "second_factor", tuple(f.value for f in SecondFactor), "none")),
        first_party=_flag(table, "first_party", True),
        require_pkce=_flag(table, "require_pkce", True),
        profile=_one_of(table, "profile", PROFILES, "oidc"),
        password_max_age_days=_number(table, "password_max_age_days", 0, MAX_AGE_DAYS) or 0,
        access_seconds=_number(table, "access_seconds", *ACCESS_SECONDS),
        accent=_matching(table, "accent", ACCENT, 'written "#rrggbb" in lower case'),
        logo=_matching(table, "logo", LOGO, "the name of an SVG file among our static files, or a data: image"),
    )


def _one_of(table: Mapping[str, Any], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = table.get(name, default)
    if value not in allowed:
        raise PolicyRefused(name, f"policy.{name} must be {' or '.join(allowed)}. Set it to that.")
    return str(value)


def _flag(table: Mapping[str, Any], name: str, default: bool) -> bool:
    value = table.get(name, default)
    if not isinstance(value, bool):
        raise PolicyRefused(name, f"policy.{name} must be true or false.")
    return value


def _number(table: Mapping[str, Any], name: str, least: int, most: int) -> int | None:
    value = table.get(name)
    if value is None:
        return None
    if type(value) is not int or not least <= value <= most:
        raise PolicyRefused(name, f"policy.{name} must be a whole number from {least} to {most}.")
    return value


def _matching(table: Mapping[str, Any], name: str, pattern: re.Pattern[str], shape: str) -> str:
    value = table.get(name, "")
    if not isinstance(value, str) or (value and not pattern.fullmatch(value)):
        raise PolicyRefused(name, f"policy.{name} must be {shape}.")
    return value
