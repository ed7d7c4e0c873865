"""The operations on SQLite: reads on a connection that cannot write, changes in batches that share one commit.

A commit waits for the disk, so changes that arrive while one is under way are done together by the next: one turn at the
write gate, one transaction, one fsync for up to `BATCH` of them.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context
from typing import Any

from sqlalchemy import Select, Text, insert, select, update
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from idp.errors import StorageUnavailable
from idp.storage.engine import SQLITE_READER, SQLITE_WRITER
from idp.storage.faults import SQLITE_AWAY
from idp.storage.gate import WriteGate
from idp.storage.rows import Row
from idp.storage.statements.expressions import EVENT_COLUMNS, SUBJECT_COLUMNS, Change, event_values, parameter
from idp.storage.statements.prepared import Prepared
from idp.storage.tables import audit_events, grants

BATCH = 64
READER_SECONDS = 0.1
"""In WAL mode no reader waits for a writer; only opening after a crash, or the last process leaving, holds it up at all."""
_DIALECT = SQLiteDialect_pysqlite()

Steps = tuple[Prepared, ...]
"""Of one change: the row that meets the condition, its change, and the audit event if there is one."""
Work = Callable[[sqlite3.Connection], Row | None]


class SQLiteRunner:
    """Runs prepared operations. `read` and `change` raise `errors.StorageUnavailable` when the file cannot be used."""

    def __init__(self, path: str, gate: WriteGate, busy_timeout: float) -> None:
        self._reading = _connect(path, SQLITE_READER, READER_SECONDS)
        self._writer = _Writer(_connect(path, SQLITE_WRITER, busy_timeout), gate)

    def prepare_read(self, statement: Select[Any]) -> Prepared:
        return Prepared(statement, _DIALECT)

    def prepare_change(self, change: Change) -> Steps:
        finding = select(*change.answer).where(*change.where)
        changing = update(grants).where(grants.c.id == parameter("found_id", Text)).values(change.values)
        if not change.event:
            return Prepared(finding, _DIALECT), Prepared(changing, _DIALECT)
        adding = insert(audit_events).values(
            dict(zip(EVENT_COLUMNS, event_values, strict=True))
            | {name: parameter(f"found_{name}", Text) for name in SUBJECT_COLUMNS}
        )
        return Prepared(finding, _DIALECT), Prepared(changing, _DIALECT), Prepared(adding.inline(), _DIALECT)

    async def read(self, prepared: Prepared, values: Mapping[str, Any]) -> Row | None:
        # On the event loop: a few rows by primary key from the page cache take a fifth of what a change of threads costs,
        # and in WAL mode no reader waits for a writer.
        with _translated():
            row: Row | None = self._reading.execute(prepared.text, prepared.arguments(values)).fetchone()
        return row

    async def change(self, steps: Steps, values: Mapping[str, Any]) -> Row | None:
        return await self._writer.do(lambda connection: _change(connection, steps, values))

    async def close(self) -> None:
        await self._writer.close()
        self._reading.close()


def _change(connection: sqlite3.Connection, steps: Steps, values: Mapping[str, Any]) -> Row | None:
    """Find, change, record. Nothing can come between: the transaction holds the database's only write lock."""
    finding, *doing = steps
    row: Row | None = connection.execute(finding.text, finding.arguments(values)).fetchone()
    if row is None:
        return None
    found = {f"found_{name}": row[name] for name in SUBJECT_COLUMNS if len(doing) > 1}
    known = {**values, **found, "found_id": row["grant_id"]}
    for step in doing:
        connection.execute(step.text, step.arguments(known))
    return row


class _Writer:
    """One connection in one thread, and the queue before it."""

    def __init__(self, connection: sqlite3.Connection, gate: WriteGate) -> None:
        self._connection = connection
        self._gate = gate
        self._waiting: deque[tuple[Work, asyncio.Future[Row | None]]] = deque()
        self._emptying: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="idp-statements")

    async def do(self, work: Work) -> Row | None:
        """Returns once the work is committed. Raises RuntimeError inside a turn of the gate, which it would wait for."""
        self._gate.refuse_inside_turn()
        done: asyncio.Future[Row | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, done))
        if self._emptying is None or self._emptying.done():
            # In a context of its own: it serves everybody who waits, not the request that happened to come first.
            self._emptying = asyncio.create_task(self._empty(), context=Context())
        return await done

    async def close(self) -> None:
        if self._emptying is not None:
            await self._emptying
        self._thread.shutdown()
        self._connection.close()

    async def _empty(self) -> None:
        while self._waiting:
            batch: list[tuple[Work, asyncio.Future[Row | None]]] = []
            try:
                async with self._gate.turn():
                    batch = self._next_batch()
                    works = [work for work, _ in batch]
                    outcomes = await asyncio.get_running_loop().run_in_executor(self._thread, self._run, works)
            except Exception as error:
                batch = batch or self._next_batch()
                outcomes = [error] * len(batch)
            for (_, done), outcome in zip(batch, outcomes, strict=True):
                if done.cancelled():
                    continue  # its caller went away; what was committed stays committed
                if isinstance(outcome, Exception):
                    done.set_exception(outcome)
                else:
                    done.set_result(outcome)

    def _next_batch(self) -> list[tuple[Work, asyncio.Future[Row | None]]]:
        return [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]

    def _run(self, works: Sequence[Work]) -> Sequence[Row | Exception | None]:
        """All in one transaction; when one of them fails by itself, each in its own, so that nobody pays for another."""
        try:
            return self._together(works)
        except StorageUnavailable:
            raise
        except Exception as error:
            return [error] if len(works) == 1 else [self._run([work])[0] for work in works]

    def _together(self, works: Sequence[Work]) -> Sequence[Row | None]:
        with _translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                rows = [work(self._connection) for work in works]
                self._connection.commit()
            finally:
                if self._connection.in_transaction:
                    self._connection.rollback()
        return rows


def _connect(path: str, pragmas: Sequence[str], timeout: float) -> sqlite3.Connection:
    with _translated():
        connection = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
    connection.row_factory = sqlite3.Row
    return connection


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in SQLITE_AWAY:
            raise
        raise StorageUnavailable(detail=f"{error.sqlite_errorname}: {error}") from error
