"""A running house for every flow: on SQLite, and for tests that ask for `either_house` on PostgreSQL as well."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.foundations import seeded_postgres
from tests.support.house import House, running_house
from tests.support.postgres import PostgresCluster


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path) as house:
        yield house


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
async def world_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A database for a house, on SQLite and on PostgreSQL: for what rests on the database's word (single use, counters)."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/idp.db"
        return
    cluster: PostgresCluster = request.getfixturevalue("postgres")
    url = await seeded_postgres(cluster)
    yield url
    cluster.drop_database(url)


@pytest.fixture
async def either_house(world_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async with running_house(world_url, tmp_path) as house:
        yield house
