"""Opening the database: which URLs there are, and how each database is told to be durable, bounded and honest.

SQLite: one connection that writes (WAL, `synchronous=FULL`, `BEGIN IMMEDIATE`) and a few that only read; one server process.
PostgreSQL: one pool, short timeouts, durable commits; any number of processes. Sources: SECURITY-CASES section 4 and T13.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from idp.errors import ConfigurationError
from idp.storage.gate import WriteGate
from idp.storage.unit_of_work import Store

SQLITE_READERS = 4
POOL_SECONDS = 3
"""How long a request waits for a connection of the pool before it is answered with 503."""
CONNECT_SECONDS = 3
COMMAND_SECONDS = 5
"""Beyond the server's own timeouts: a server that went silent does not hold a request for longer."""

POSTGRESQL_SERVING = {
    "statement_timeout": "3s",
    "lock_timeout": "1s",
    "idle_in_transaction_session_timeout": "5s",
    "synchronous_commit": "on",
    "jit": "off",
}


def open_store(
    database_url: str,
    *,
    busy_timeout: float = 5.0,
    pool_size: int = 10,
    application_name: str = "idp",
) -> Store:
    """The store at `database_url`. Connects to nothing yet: `migrate.check_schema` does, and says what is wrong.

    `busy_timeout` (seconds) is how long SQLite waits for another process's lock, and how long a caller waits for its turn.
    Raises `errors.ConfigurationError` for a URL that is not ours.
    """
    url = parse_url(database_url)
    if url.get_backend_name() == "sqlite":
        writing = sqlite_engine(url, SQLITE_WRITER, busy_timeout)
        reading = sqlite_engine(url, SQLITE_READER, busy_timeout, SQLITE_READERS)
        return Store(writing, reading, WriteGate(busy_timeout))
    engine = postgresql_engine(url, POSTGRESQL_SERVING | {"application_name": application_name}, pool_size)
    snapshot = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Store(engine, snapshot, WriteGate(None))


def parse_url(database_url: str) -> URL:
    """The URL with its driver. Raises `errors.ConfigurationError`."""
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError) as error:
        raise ConfigurationError(f"database.url is not a URL. {_EXAMPLES}") from error
    match url.drivername:
        case "sqlite" | "sqlite+aiosqlite":
            if not url.database or ":memory:" in url.database or url.host:
                raise ConfigurationError(f"database.url names no file for SQLite. {_EXAMPLES}")
            return url.set(drivername="sqlite+aiosqlite")
        case "postgresql" | "postgresql+asyncpg":
            return url.set(drivername="postgresql+asyncpg")
    raise ConfigurationError(f"database.url names a database that is not supported: {url.drivername}. {_EXAMPLES}")


_EXAMPLES = "Use sqlite:///data/idp.db or postgresql://user:password@host/name."


def sqlite_path(url: URL) -> Path:
    return Path(url.database or "")


SQLITE_WRITER = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
SQLITE_READER = ("query_only=ON",)
SQLITE_MIGRATION = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=OFF")
"""A migration may copy a table and drop the old one; with foreign keys on, that would delete whatever refers to it."""


def sqlite_engine(url: URL, pragmas: Sequence[str], busy_timeout: float, pool_size: int = 1) -> AsyncEngine:
    """An engine whose connections are told `pragmas` first."""
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=busy_timeout,
        hide_parameters=True,
        # No transaction control by the driver: we begin ourselves, below.
        connect_args={"isolation_level": None, "timeout": busy_timeout},
    )
    # A deferred transaction that has read and then writes fails at once when somebody else wrote in between, whatever
    # the busy timeout (T13). So who may write takes the lock before reading.
    begin = "BEGIN" if pragmas is SQLITE_READER else "BEGIN IMMEDIATE"

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        # SQLite's own knows ASCII only; a search for "Zoë" finds "ZOË", as on PostgreSQL.
        connection.create_function("lower", 1, _lower, deterministic=True)

    @event.listens_for(engine.sync_engine, "begin")
    def begin_transaction(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _lower(text: str | None) -> str | None:
    return text.lower() if text is not None else None


def postgresql_engine(
    url: URL, settings: Mapping[str, str], pool_size: int = 1, command_seconds: float | None = COMMAND_SECONDS
) -> AsyncEngine:
    """`settings` are the server's, for every connection. What stands behind `?` in the URL is libpq's (`sslmode`, ...)."""
    query = url.set(drivername="postgresql", username=None, password=None, host=None, port=None, database=None)
    return create_async_engine(
        url.set(query={}),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "dsn": query.render_as_string() if url.query else None,
            "server_settings": dict(settings),
            "timeout": CONNECT_SECONDS,
            "command_timeout": command_seconds,
        },
    )
