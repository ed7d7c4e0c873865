"""Reads `config.toml` and the environment into `Settings`, or says in one sentence for each fault what to mend."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from idp.config.base import FOLDER
from idp.config.environment import variable_of
from idp.config.settings import Settings
from idp.errors import ConfigurationError

EXPECTED = {
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text in quotes",
    "tuple_type": "must be a list in square brackets",
    "path_type": "must be a path in quotes",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
}


def load_settings(path: Path | str) -> Settings:
    """The configuration in `path`, overridden by the environment. Raises `errors.ConfigurationError`."""
    file = Path(path)
    return settings_from(read_toml(file), folder=file.absolute().parent)


def settings_from(values: dict[str, Any], *, folder: Path | None = None) -> Settings:
    """Settings from the values of a file that lies in `folder`. Raises `errors.ConfigurationError`."""
    token = FOLDER.set(folder)
    try:
        return Settings(**values)
    except ValidationError as error:
        sentences = dict.fromkeys(_sentence(fault) for fault in error.errors(include_url=False, include_input=False))
        raise ConfigurationError("\n".join(sentences)) from None  # the cause would print values, secrets among them
    finally:
        FOLDER.reset(token)


def read_toml(file: Path) -> dict[str, Any]:
    """The content of a TOML file. Raises `errors.ConfigurationError`."""
    try:
        with file.open("rb") as stream:
            return tomllib.load(stream)
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"There is no configuration file {file}. Write one with idp init, or name another with --config."
        ) from error
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}. Correct its permissions.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is not valid TOML: {error}. Correct that line.") from error


def known_keys() -> tuple[str, ...]:
    """Every key of the configuration as it is written, `section.key`."""
    found: list[str] = []
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            inner = field.annotation.model_fields.items()
            found += [f"{name}.{key.alias or key_name}" for key_name, key in inner]
        else:
            found.append(name)
    return tuple(found)


def _sentence(fault: ErrorDetails) -> str:
    kind, context = fault["type"], fault.get("ctx", {})
    key = _dotted(fault["loc"])
    variable = variable_of(key)
    origin = f" ({variable})" if variable else ""
    match kind:
        case "extra_forbidden":
            return f"{key}{origin} is no setting. {_suggestion(key)}"
        case "value_error":
            reason = str(context["error"])
            return f"{key}{origin} {reason}" if key else reason
        case "literal_error":
            return f"{key}{origin} must be {context['expected']}. Set it to one of these.".replace("'", '"')
        case "greater_than_equal":
            return f"{key}{origin} must be at least {context['ge']}. Set it to that or more."
        case "less_than_equal":
            return f"{key}{origin} must be at most {context['le']}. Set it to that or less."
        case _:
            wrong = EXPECTED.get(kind, "has a value that cannot be used")
            return f"{key}{origin} {wrong}. Correct it; config.example.toml shows how."


def _dotted(location: Sequence[str | int]) -> str:
    """`clients[2].policy` for a location; items are counted from 1, as people do."""
    key = ""
    for part in location:
        key += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if key else part
    return key


def _suggestion(key: str) -> str:
    """The known name nearest to a wrong one: the same key in another section first, then what is spelled alike."""
    known = known_keys()
    section, _, name = key.rpartition(".")
    sections = list(dict.fromkeys(k.partition(".")[0] for k in known))
    if not section:
        homes = [k for k in known if k.rpartition(".")[2] == key]
        nearest = homes or get_close_matches(key, sections, 1, 0.5)
    else:
        homes = [k for k in known if k.rpartition(".")[2] == name and section in sections]
        nearest = homes or get_close_matches(key, known, 1, 0.5)
    return f"Did you mean {nearest[0]}?" if nearest else "Remove it; config.example.toml lists every key."
