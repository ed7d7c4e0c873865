"""A Core expression as a driver takes it: compiled once, then only text and arguments in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ClauseElement
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler


class Prepared:
    """`text` in the driver's own parameter style. Values the expression fixes itself ("active") are filled in here."""

    __slots__ = ("_constants", "_names", "text")

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError(f"{dialect.name} compiles no SQL")
        expanded = compiled.construct_expanded_state()
        self.text = expanded.statement
        self._names = tuple(expanded.positiontup or ())
        self._constants = {name: bind.value for bind, name in compiled.bind_names.items() if bind.unique}

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """Raises KeyError for a parameter that nobody gave."""
        constants = self._constants
        return [constants[name] if name in constants else values[name] for name in self._names]
