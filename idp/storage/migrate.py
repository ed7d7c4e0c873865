"""Bringing a database to this program's schema, and saying plainly when it is not there.

Each upgrade is one transaction on both databases, so a process that is killed in it leaves what was there before
(SECURITY-CASES F35), and two that start at once do it one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from sqlalchemy import URL, Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from idp.errors import ConfigurationError, StorageUnavailable
from idp.storage.engine import SQLITE_MIGRATION, parse_url, postgresql_engine, sqlite_engine, sqlite_path
from idp.storage.faults import translated
from idp.storage.schema import configuration, head, known_revisions, revision_of
from idp.storage.tables import metadata
from idp.storage.unit_of_work import Store

__all__ = ["check_schema", "current", "head", "upgrade"]

WAIT_SECONDS = 60
"""How long an upgrade of SQLite waits for another one, or for a writer, to finish."""

LOCK_NUMBER = 500_000_001
"""Ours among the advisory locks of a PostgreSQL database."""

DDL_LOCK_TIMEOUT = "5s"
"""A change of a busy table gives up rather than let every sign-in queue behind it (SECURITY-CASES F36)."""


async def current(database_url: str) -> str | None:
    """The revision of the database; None when it holds nothing yet. Raises `errors.ConfigurationError`."""
    url = parse_url(database_url)
    if url.get_backend_name() == "sqlite" and not sqlite_path(url).exists():
        return None
    engine = _engine(url)
    try:
        with _explained(url):
            async with engine.connect() as connection:
                return await connection.run_sync(revision_of)
    finally:
        await engine.dispose()


async def upgrade(database_url: str) -> str:
    """Brings the database to `head()` and returns that; does nothing when it is there already.

    Raises `errors.ConfigurationError`: not reachable, not writable, or made by a newer version of this program.
    """
    url = parse_url(database_url)
    if url.get_backend_name() == "sqlite":
        _create_file(sqlite_path(url))
    engine = _engine(url)
    try:
        with _explained(url):
            async with engine.begin() as connection:
                await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()
    return head()


async def erase(database_url: str) -> None:
    """Removes every table of this program with all that is in it. For the demo's data and nothing else.

    Raises `errors.ConfigurationError`.
    """
    url = parse_url(database_url)
    if url.get_backend_name() == "sqlite":
        file = sqlite_path(url)
        for path in (file, *(file.with_name(file.name + ending) for ending in ("-wal", "-shm"))):
            path.unlink(missing_ok=True)
        return
    engine = _engine(url)
    try:
        with _explained(url):
            async with engine.begin() as connection:
                await connection.run_sync(metadata.drop_all)
                await connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
    finally:
        await engine.dispose()


async def check_schema(store: Store) -> None:
    """Whether the database can be served from. Raises `errors.ConfigurationError` with the mend when it cannot."""
    if store.dialect == "sqlite" and not sqlite_path(store.url).exists():
        raise ConfigurationError(f"database.url: there is no database at {store.url.database} yet. {_MIGRATE}")
    with _explained(store.url):
        async with store.writer() as connection:
            with translated():
                await connection.begin()
                revision = await connection.run_sync(revision_of)
    _refuse_newer(revision)
    if revision is None:
        raise ConfigurationError(f"database.url: the database {store.url} holds no tables yet. {_MIGRATE}")
    if revision != head():
        raise ConfigurationError(f"database.url: the database is of an older version ({revision}). {_MIGRATE}")


_MIGRATE = "Run `idp migrate`."


def _engine(url: URL) -> AsyncEngine:
    if url.get_backend_name() == "sqlite":
        return sqlite_engine(url, SQLITE_MIGRATION, WAIT_SECONDS)
    return postgresql_engine(url, {"application_name": "idp migrate"}, command_seconds=None)


def _create_file(path: Path) -> None:
    """For its owner alone: it will hold people's data. SQLite gives the files that it puts beside it the same mode."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(_not_writable(path, error.strerror or str(error))) from error


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK_NUMBER})")
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{DDL_LOCK_TIMEOUT}'")
    _refuse_newer(revision_of(connection))
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise AssertionError("the migration left rows that refer to nothing")


def _refuse_newer(revision: str | None) -> None:
    if revision is not None and revision not in known_revisions():
        raise ConfigurationError(
            f"database.url: a newer version of this program made the database ({revision}). Install that version."
        )


@contextmanager
def _explained(url: URL) -> Iterator[None]:
    """Whatever keeps a command from the database is a matter of configuration: one sentence, and what to do."""
    try:
        with translated():
            yield
    except (StorageUnavailable, SQLAlchemyError) as error:
        reason = str(getattr(error, "orig", None) or error)
        if url.get_backend_name() == "sqlite":
            raise ConfigurationError(_not_writable(sqlite_path(url), reason)) from error
        raise ConfigurationError(
            f"database.url: {url} does not answer as it should ({reason}). "
            "Start the server, or correct the address, name and password."
        ) from error


def _not_writable(path: Path, reason: str) -> str:
    return (
        f"database.url: {path} cannot be used ({reason}). Let the user who runs this program write to {path.parent}, "
        "and stop any other program that holds the database."
    )
