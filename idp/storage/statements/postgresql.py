"""The operations on PostgreSQL: each is one statement that commits by itself, on asyncpg's own pool.

asyncpg prepares a statement on first use of a connection and keeps it. Isolation is READ COMMITTED: a competitor waits for the
row, then looks at the condition again, so exactly one of any number of replicas wins (SECURITY-CASES F26, F27).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import asyncpg
from sqlalchemy import URL, Select, insert, select, update
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from idp.errors import StorageUnavailable
from idp.storage.engine import COMMAND_SECONDS, CONNECT_SECONDS, POSTGRESQL_SERVING
from idp.storage.faults import POSTGRESQL_AWAY
from idp.storage.rows import Row
from idp.storage.statements.expressions import EVENT_COLUMNS, SUBJECT_COLUMNS, Change, event_values
from idp.storage.statements.prepared import Prepared
from idp.storage.tables import audit_events, grants

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]


class PostgreSQLRunner:
    """Runs prepared operations. `read` and `change` raise `errors.StorageUnavailable` when the database is away."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: URL, pool_size: int) -> PostgreSQLRunner:
        query = url.set(drivername="postgresql")
        pool = asyncpg.create_pool(
            query.render_as_string(hide_password=False),
            min_size=0,
            max_size=pool_size,
            timeout=CONNECT_SECONDS,
            command_timeout=COMMAND_SECONDS,
            server_settings=POSTGRESQL_SERVING | {"application_name": "idp back channel"},
            # Nothing of ours changes a connection's state, and asyncpg's own reset is a round trip after each statement.
            reset=_leave,
        )
        return cls(await pool)

    def prepare_read(self, statement: Select[Any]) -> Prepared:
        return Prepared(statement, _DIALECT)

    def prepare_change(self, change: Change) -> Prepared:
        changing = update(grants).where(*change.where).values(change.values).returning(*change.answer)
        if not change.event:
            return Prepared(changing, _DIALECT)
        changed = changing.cte("changed")
        subjects = [changed.c[name] for name in SUBJECT_COLUMNS]
        names = [*EVENT_COLUMNS, *SUBJECT_COLUMNS]
        adding = insert(audit_events).from_select(names, select(*event_values, *subjects))
        return Prepared(adding.returning(*(audit_events.c[name] for name in SUBJECT_COLUMNS)), _DIALECT)

    async def read(self, prepared: Prepared, values: Mapping[str, Any]) -> Row | None:
        with _translated():
            row: Row | None = await self._pool.fetchrow(prepared.text, *prepared.arguments(values))
        return row

    change = read

    async def close(self) -> None:
        await self._pool.close()


async def _leave(_connection: object) -> None:
    return None


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except asyncpg.PostgresError as error:
        if not (error.sqlstate or "").startswith(POSTGRESQL_AWAY):
            raise
        raise StorageUnavailable(detail=f"{type(error).__name__}: {error}") from error
    except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError) as error:
        raise StorageUnavailable(detail=f"{type(error).__name__}: {error}") from error
