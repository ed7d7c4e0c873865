"""The process environment, which nothing else in the house reads: `IDP_SECTION__KEY`, and secrets from `IDP_…_FILE`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

from idp.errors import ConfigurationError

PREFIX = "IDP_"
SEPARATOR = "__"
FROM_FILES = frozenset(
    {
        ("database", "url"),
        ("secrets", "sealing_keys"),
        ("mail", "password"),
        ("sms", "auth_token"),
        ("sms", "webhook_secret"),
        ("sms", "webhook_url"),
    }
)
"""Secrets, which an orchestrator mounts as files so that they stand in no process listing."""
TOP_LEVEL = ("profile", "clients_dir")


class Environment(PydanticBaseSettingsSource):
    """Variables as the nested tables that they override. Every `IDP_X__Y` counts, known or not, so that a typing error is
    refused like one in the file; other `IDP_…` names (Kubernetes makes some) are left alone."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False  # whole tables are answered at once, by `__call__`

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in sorted(os.environ.items()):
            if not name.startswith(PREFIX):
                continue
            section, separator, key = name.removeprefix(PREFIX).lower().partition(SEPARATOR)
            if separator:
                key, value = _from_file(section, key, name, value)
                found.setdefault(section, {})[key] = value
            elif section in TOP_LEVEL:
                found[section] = value
        return found


def _from_file(section: str, key: str, name: str, value: str) -> tuple[str, str]:
    """The key and value that a variable stands for: `…_FILE` names a file with the secret, without its last line break."""
    target = key.removesuffix("_file")
    if (section, target) not in FROM_FILES or target == key:
        return key, value
    try:
        return target, Path(value).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{name} names the file {value}, which cannot be read. Correct the path or its permissions."
        ) from error


def variable_of(key: str) -> str:
    """The variable that set `section.key`, or any key of an unknown section; empty when the file did."""
    name = PREFIX + key.replace(".", SEPARATOR).upper()
    return next((found for found in sorted(os.environ) if found == name or found.startswith(name + SEPARATOR)), "")


def insecure_transport_allowed() -> bool:
    """Whether `AUTHLIB_INSECURE_TRANSPORT` is set: it would let the OAuth library accept plain http anywhere."""
    return bool(os.environ.get("AUTHLIB_INSECURE_TRANSPORT"))
