"""A migrated database per test, on SQLite and on PostgreSQL, and stores that look at it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from idp.storage.engine import open_store
from idp.storage.migrate import upgrade
from idp.storage.tables import metadata
from idp.storage.unit_of_work import Store
from tests.storage.world import World, build_world
from tests.support.postgres import PostgresCluster


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file, to be copied: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("storage") / "template.db"
    asyncio.run(upgrade(f"sqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite database."""
    shutil.copy(sqlite_template, tmp_path / "idp.db")
    return f"sqlite:///{tmp_path}/idp.db"


@pytest.fixture(scope="session")
def shared_postgres_url(postgres: PostgresCluster) -> str:
    url = postgres.create_database()
    asyncio.run(upgrade(url))
    return url


@pytest.fixture
def postgres_url(shared_postgres_url: str) -> Iterator[str]:
    """A migrated PostgreSQL database: one for all tests, emptied after each, because making one takes a second."""
    yield shared_postgres_url
    asyncio.run(_empty(shared_postgres_url))


async def _empty(url: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute(";".join(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)))
    await connection.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def migrated_url(request: pytest.FixtureRequest) -> str:
    """Each test that asks for it, or for a store, runs once per database."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
async def store(migrated_url: str) -> AsyncIterator[Store]:
    opened = open_store(migrated_url)
    yield opened
    await opened.close()


@pytest.fixture
async def other_store(migrated_url: str) -> AsyncIterator[Store]:
    """The same database as another process sees it: with connections, and on SQLite a gate, of its own."""
    opened = open_store(migrated_url, application_name="idp other")
    yield opened
    await opened.close()


@pytest.fixture
async def world(store: Store) -> World:
    return await build_world(store)
