"""The operations on PostgreSQL: each is one statement that commits by itself, straight on asyncpg.

asyncpg prepares a statement on first use of a connection and keeps it. Isolation is READ COMMITTED: a competitor waits for the
row, then looks at the condition again, so exactly one of any number of replicas wins (SECURITY-CASES F26, F27).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import asyncpg
from sqlalchemy import URL, Select, insert, select, update
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from idp.errors import StorageUnavailable
from idp.storage.engine import COMMAND_SECONDS, CONNECT_SECONDS, POOL_SECONDS, POSTGRESQL_SERVING
from idp.storage.faults import POSTGRESQL_AWAY
from idp.storage.rows import Row
from idp.storage.statements.expressions import EVENT_COLUMNS, SUBJECT_COLUMNS, Change, event_values
from idp.storage.statements.prepared import Prepared
from idp.storage.tables import audit_events, grants

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]


class PostgreSQLRunner:
    """Runs prepared operations. `read` and `change` raise `errors.StorageUnavailable` when the database is away."""

    def __init__(self, url: URL, pool_size: int) -> None:
        self._connections = _Connections(url, pool_size)

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
            return await self._connections.fetch(prepared.text, prepared.arguments(values))

    change = read

    async def close(self) -> None:
        await self._connections.close()


class _Connections:
    """At most `size` connections, the one used last first. asyncpg's own pool would cost a third of so short a trip."""

    def __init__(self, url: URL, size: int) -> None:
        self._dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._places = size
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._idle: list[asyncpg.Connection] = []

    async def fetch(self, text: str, arguments: Sequence[Any]) -> Row | None:
        await self._take_place()
        try:
            connection = await self._connected()
            try:
                row: Row | None = await connection.fetchrow(text, *arguments)
            except asyncpg.PostgresError:
                self._give_back(connection)  # the server refused the statement; the line is in order
                raise
            except BaseException:
                connection.terminate()  # nobody knows what is still on its way over this line
                raise
            self._give_back(connection)
            return row
        finally:
            self._leave_place()

    async def _take_place(self) -> None:
        """First come, first served. A semaphore under a timeout would do the same at the price of a quarter of the trip."""
        if self._places:
            self._places -= 1
            return
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        impatience = loop.call_later(POOL_SECONDS, _give_up, turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # the place was ours already when the caller went away
                self._leave_place()
            raise
        finally:
            impatience.cancel()

    def _leave_place(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._places += 1

    async def _connected(self) -> asyncpg.Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return await asyncpg.connect(
            self._dsn,
            timeout=CONNECT_SECONDS,
            command_timeout=COMMAND_SECONDS,
            server_settings=POSTGRESQL_SERVING | {"application_name": "idp back channel"},
        )

    def _give_back(self, connection: asyncpg.Connection) -> None:
        if not connection.is_closed():
            self._idle.append(connection)

    async def close(self) -> None:
        for connection in self._idle:
            await connection.close()
        self._idle.clear()


def _give_up(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_exception(TimeoutError())


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
