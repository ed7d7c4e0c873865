"""The throw-away cluster itself: databases of their own, copies of a template, nothing left behind."""

from __future__ import annotations

import socket

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.support.postgres import PostgresCluster


async def _fetch(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_a_new_database_is_empty_durable_and_utf8(postgres: PostgresCluster) -> None:
    url = postgres.create_database()
    assert await _fetch(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    assert await _fetch(url, "SHOW fsync") == "on"
    assert await _fetch(url, "SELECT lower('ÄÉΩ')") == "äéω"


async def test_a_template_is_copied_and_left_alone(postgres: PostgresCluster) -> None:
    template = postgres.create_database()
    await _fetch(template, "CREATE TABLE people (name text)")
    copy = postgres.create_database(template=template)
    await _fetch(copy, "INSERT INTO people VALUES ('dana')")
    assert await _fetch(copy, "SELECT count(*) FROM people") == 1
    assert await _fetch(template, "SELECT count(*) FROM people") == 0


async def test_a_wrong_password_opens_nothing(postgres: PostgresCluster) -> None:
    url = postgres.create_database()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(host="127.0.0.1", port=postgres.port, user="idp", password="guess", database=url)


async def test_a_dropped_database_is_gone_even_while_somebody_is_connected(postgres: PostgresCluster) -> None:
    url = postgres.create_database()
    connection = await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))
    postgres.drop_database(url)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await _fetch(url, "SELECT 1")
    connection.terminate()


@pytest.mark.slow
def test_a_stopped_cluster_leaves_neither_data_nor_listener() -> None:
    with PostgresCluster() as cluster:
        home, port = cluster.home, cluster.port
        assert home.exists()
    assert not home.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


async def test_database_urls_name_an_empty_database_each(database_url: str) -> None:
    engine = create_async_engine(database_url)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE people (name text)"))
    finally:
        await engine.dispose()
