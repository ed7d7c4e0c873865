"""PostgreSQL: a server that goes away, rows that somebody holds, and waits that end."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from sqlalchemy import text

from idp.errors import StorageUnavailable
from idp.storage.engine import open_store
from tests.storage.world import NOW, names, somebody


async def test_the_server_is_told_our_limits(postgres_url: str) -> None:
    store = open_store(postgres_url, application_name="idp test")
    wanted = {
        "statement_timeout": "3s",
        "lock_timeout": "1s",
        "idle_in_transaction_session_timeout": "5s",
        "synchronous_commit": "on",
        "application_name": "idp test",
        "transaction_isolation": "read committed",
    }
    async with store.writer() as connection:
        told = {name: (await connection.execute(text(f"SHOW {name}"))).scalar() for name in wanted}
    assert told == wanted
    await store.close()


async def test_a_write_whose_connection_dies_is_rolled_back_and_the_next_one_works(postgres_url: str) -> None:
    store = open_store(postgres_url)

    async def write() -> None:
        async with store.write() as uow:
            await uow.people.add(somebody("ann"), NOW)
            await _cut_connections(postgres_url)
            await uow.people.add(somebody("ben"), NOW)

    with pytest.raises(StorageUnavailable):
        await write()
    async with store.write() as uow:
        await uow.people.add(somebody("cas"), NOW)
    await _cut_connections(postgres_url)
    assert await names(store) == {"cas"}  # a pooled connection that died unseen is replaced before it is used (F07)
    await store.close()


async def _cut_connections(url: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()


async def test_a_row_that_somebody_holds_is_waited_for_and_then_given_up(postgres_url: str) -> None:
    store = open_store(postgres_url)
    async with store.write() as uow:
        await uow.people.add(somebody("ann"), NOW)
    holder = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    await holder.execute("BEGIN")
    await holder.execute("SELECT 1 FROM users FOR UPDATE")

    with pytest.raises(StorageUnavailable, match="lock timeout"):
        async with store.write() as uow:
            await uow.people.bump_epoch("usr_ann")

    await holder.close()
    async with store.write() as uow:
        assert await uow.people.bump_epoch("usr_ann") == 1
    await store.close()


async def test_two_that_wait_for_each_other_get_an_answer(postgres_url: str) -> None:
    store = open_store(postgres_url)
    async with store.write() as uow:
        await uow.people.add(somebody("ann"), NOW)
        await uow.people.add(somebody("ben"), NOW)
    both = asyncio.Barrier(2)

    async def bump(first: str, second: str) -> None:
        async with store.write() as uow:
            await uow.people.bump_epoch(first)
            await both.wait()
            await uow.people.bump_epoch(second)

    results = await asyncio.gather(bump("usr_ann", "usr_ben"), bump("usr_ben", "usr_ann"), return_exceptions=True)
    assert any(isinstance(result, StorageUnavailable) for result in results)
    assert all(result is None or isinstance(result, StorageUnavailable) for result in results)
    await store.close()


async def test_a_pool_that_is_used_up_answers_in_seconds(postgres_url: str) -> None:
    store = open_store(postgres_url, pool_size=1)
    async with store.writer() as connection:
        await connection.execute(text("SELECT 1"))
        with pytest.raises(StorageUnavailable):
            await names(store)
    assert await names(store) == set()
    await store.close()


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    store = open_store("postgresql://idp:secret@127.0.0.1:1/idp")
    with pytest.raises(StorageUnavailable) as caught:
        await names(store)
    assert "secret" not in str(caught.value)
    await store.close()
