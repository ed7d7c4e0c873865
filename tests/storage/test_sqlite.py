"""SQLite: the write gate, other processes, and a disk that is believed."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from idp.errors import StorageUnavailable
from idp.storage.engine import open_store
from idp.storage.unit_of_work import Store
from tests.storage.world import NOW, names, somebody


async def test_writers_pass_the_gate_in_the_order_they_came(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    order: list[int] = []

    async def write(number: int) -> None:
        async with store.write():
            order.append(number)

    await asyncio.gather(*(write(number) for number in range(50)))
    assert order == list(range(50))
    await store.close()


async def test_batches_of_the_back_channel_take_their_turn(sqlite_url: str) -> None:
    store = open_store(sqlite_url)

    async def batch(number: int) -> None:
        async with store.gate.turn(), store.writer() as connection:
            await connection.begin()
            await connection.execute(text("UPDATE users SET auth_epoch = auth_epoch + 1"))
            await connection.commit()

    async def page() -> None:
        async with store.write() as uow:
            await uow.people.bump_epoch("usr_ann")

    async with store.write() as uow:
        await uow.people.add(somebody("ann"), NOW)
    await asyncio.gather(*(batch(number) if number % 2 else page() for number in range(20)))
    async with store.read() as uow:
        person = await uow.people.get("usr_ann")
    assert person is not None
    assert person.auth_epoch == 20
    with pytest.raises(RuntimeError):
        async with store.gate.turn(), store.write():
            pass
    await store.close()


async def test_what_a_batch_does_not_commit_is_rolled_back(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    async with store.write() as uow:
        await uow.people.add(somebody("ann"), NOW)
    async with store.gate.turn(), store.writer() as connection:
        await connection.execute(text("DELETE FROM users"))
    assert await names(store) == {"ann"}
    await store.close()


async def test_a_lock_of_another_process_is_waited_for_and_then_given_up(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url, busy_timeout=0.2)
    another = sqlite3.connect(tmp_path / "idp.db", isolation_level=None)
    another.execute("BEGIN IMMEDIATE")

    with pytest.raises(StorageUnavailable, match="locked"):
        async with store.write() as uow:
            await uow.people.add(somebody("ann"), NOW)
    assert await names(store) == set()  # reading goes on (F12)

    another.execute("ROLLBACK")
    another.close()
    async with store.write() as uow:
        await uow.people.add(somebody("ann"), NOW)
    assert await names(store) == {"ann"}
    await store.close()


async def test_nobody_waits_long_behind_a_stalled_writer(sqlite_url: str) -> None:
    store = open_store(sqlite_url, busy_timeout=0.1)
    inside, done = asyncio.Event(), asyncio.Event()

    async def stall() -> None:
        async with store.write() as uow:
            inside.set()
            await done.wait()
            await uow.people.add(somebody("ann"), NOW)

    async def other() -> None:
        async with store.write() as uow:
            await uow.people.add(somebody("ben"), NOW)

    stalled = asyncio.create_task(stall())
    await inside.wait()
    results = await asyncio.gather(*(other() for _ in range(5)), return_exceptions=True)
    assert all(isinstance(result, StorageUnavailable) for result in results)
    done.set()
    await stalled
    await other()
    assert await names(store) == {"ann", "ben"}
    await store.close()


async def test_a_reader_that_then_writes_is_never_out_of_date(sqlite_url: str) -> None:
    """T13: the lock is taken before the first read, so no other writer comes between reading and writing."""
    one, two = open_store(sqlite_url), open_store(sqlite_url)
    async with one.write() as uow:
        await uow.people.add(somebody("ann"), NOW)

    async def bump(store: Store) -> None:
        async with store.write() as uow:
            person = await uow.people.by_username("ann")
            assert person is not None
            await uow.people.bump_epoch(person.id)

    await asyncio.gather(*(bump(store) for store in (one, two) * 10))
    async with one.read() as uow:
        person = await uow.people.by_username("ann")
    assert person is not None
    assert person.auth_epoch == 20
    await one.close()
    await two.close()


async def test_the_writer_is_durable(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    async with store.writer() as connection:
        pragmas = {
            name: (await connection.execute(text(f"PRAGMA {name}"))).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    await store.close()
