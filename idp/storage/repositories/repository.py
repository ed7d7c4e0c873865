"""What all repositories stand on: one connection, and five ways to put a statement to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Executable, Select, Table, and_, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult, RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from idp.domain.people import identifier_key
from idp.storage.faults import translated


class Repository:
    """Statements of one aggregate in the transaction of one unit of work. Nothing here begins or commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @property
    def _is_postgresql(self) -> bool:
        return self._connection.dialect.name == "postgresql"

    async def _run(self, statement: Executable, rows: Sequence[dict[str, Any]] | None = None) -> CursorResult[Any]:
        with translated():
            return await self._connection.execute(statement, rows)

    async def _all(self, statement: Executable) -> Sequence[RowMapping]:
        return (await self._run(statement)).mappings().all()

    async def _first(self, statement: Executable) -> RowMapping | None:
        return (await self._run(statement)).mappings().first()

    async def _happened(self, statement: Executable) -> bool:
        """For a statement with RETURNING: whether it touched a row. This is how one winner knows (SECURITY-CASES F26)."""
        return (await self._run(statement)).first() is not None

    async def _count(self, statement: Executable) -> int:
        """For an UPDATE or DELETE without RETURNING: how many rows it touched."""
        return (await self._run(statement)).rowcount

    def _insert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """An INSERT that knows ON CONFLICT: unlike an error it leaves the transaction usable on PostgreSQL."""
        return postgresql.insert(table) if self._is_postgresql else sqlite.insert(table)

    async def _lock(self, *names: str) -> None:
        """Holds what no row stands for yet, by name, until the transaction ends. SQLite has one writer anyway.

        In one order always, so that two transactions cannot wait for each other.
        """
        if not self._is_postgresql:
            return
        for name in sorted(set(names)):
            await self._run(select(func.pg_advisory_xact_lock(func.hashtextextended(name, LOCK_SPACE))))


LOCK_SPACE = 500
"""Seeds the hash, so that names of ours do not meet those of other programs in the same database."""


def starts_with(column: ColumnElement[str], path: str) -> ColumnElement[bool]:
    """At or below `path`, which ends in a slash. A range, not a LIKE: both databases answer it from the index."""
    return and_(column >= path, column < path[:-1] + chr(ord("/") + 1))


def matches(
    search: str, keys: Sequence[ColumnElement[str]], names: Sequence[ColumnElement[str]]
) -> ColumnElement[bool]:
    """What somebody typed into a search field is the start of a key, or a part of a name; `%` and `_` mean themselves."""
    typed, key = search.strip(), identifier_key(search)
    starts = [column.startswith(key, autoescape=True) for column in keys if key]
    return or_(*starts, *(column.icontains(typed, autoescape=True) for column in names))


def page(statement: Select[Any], key: ColumnElement[str], after: str, limit: int) -> Select[Any]:
    """The next `limit` rows beyond `after` in the order of a unique key; unlike an offset it neither skips nor repeats."""
    return statement.where(key > after).order_by(key).limit(limit)
