"""Returned means committed, raised means rolled back; and what happens when the database is away, locked or slow."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from idp.domain.people import Person
from idp.errors import Conflict, NotFound, StorageUnavailable
from idp.storage.engine import open_store
from idp.storage.unit_of_work import Store
from tests.storage.world import NOW, World, a_session


def somebody(name: str) -> Person:
    return Person(f"usr_{name}", name, f"{name}@x.example")


async def names(store: Store) -> set[str]:
    async with store.read() as uow:
        found = [await uow.people.by_username(name) for name in ("ann", "ben", "cas", "dan")]
    return {person.username for person in found if person}


async def test_returned_means_committed(store: Store, other_store: Store) -> None:
    async with store.write() as uow:
        await uow.people.add(somebody("ann"), NOW)
    assert await names(other_store) == {"ann"}


async def test_raised_means_rolled_back(store: Store) -> None:
    async def fail() -> None:
        async with store.write() as uow:
            await uow.people.add(somebody("ann"), NOW)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await names(store) == set()


async def test_a_conflict_leaves_the_transaction_usable(store: Store) -> None:
    async with store.write() as uow:
        await uow.people.add(somebody("ann"), NOW)
        with pytest.raises(Conflict):
            await uow.people.add(Person("usr_2", "ANN", "other@x.example"), NOW)
        await uow.people.add(somebody("ben"), NOW)
    assert await names(store) == {"ann", "ben"}


async def test_nothing_is_seen_before_the_commit(store: Store, other_store: Store) -> None:
    async with store.write() as uow:
        await uow.people.add(somebody("ann"), NOW)
        await uow.people.add(somebody("ben"), NOW)
        assert await asyncio.create_task(names(other_store)) == set()
    assert await names(other_store) == {"ann", "ben"}


async def test_a_read_is_one_snapshot(store: Store, other_store: Store) -> None:
    async with store.read() as uow:
        assert await uow.people.by_username("ann") is None
        async with other_store.write() as writing:
            await writing.people.add(somebody("ann"), NOW)
        assert await uow.people.by_username("ann") is None
    assert await names(store) == {"ann"}


async def test_a_read_cannot_write(store: Store) -> None:
    with pytest.raises(DBAPIError):
        async with store.read() as uow:
            await uow.people.add(somebody("ann"), NOW)
    assert await names(store) == set()


async def test_no_transaction_opens_inside_a_write(store: Store) -> None:
    async with store.write():
        with pytest.raises(RuntimeError, match="inside a write"):
            async with store.write():
                pass
        with pytest.raises(RuntimeError, match="inside a write"):
            await names(store)
        with pytest.raises(RuntimeError, match="inside a write"):
            await asyncio.create_task(names(store))  # its caller waits for it, so it may not wait for its caller
    async with store.write() as uow:
        await uow.people.add(somebody("ann"), NOW)


async def test_a_task_that_outlives_the_write_it_began_in_may_write(store: Store) -> None:
    begun = asyncio.Event()

    async def later() -> None:
        await begun.wait()
        async with store.write() as uow:
            await uow.people.add(somebody("ann"), NOW)

    async with store.write():
        task = asyncio.create_task(later())
    begun.set()
    await task
    assert await names(store) == {"ann"}


async def test_a_write_inside_a_read_is_allowed(store: Store) -> None:
    async with store.read(), store.write() as uow:
        await uow.people.add(somebody("ann"), NOW)
    assert await names(store) == {"ann"}


async def test_a_cancelled_write_is_rolled_back_and_lets_others_in(store: Store) -> None:
    inside = asyncio.Event()

    async def hang() -> None:
        async with store.write() as uow:
            await uow.people.add(somebody("ann"), NOW)
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with store.write() as uow:
        await uow.people.add(somebody("ben"), NOW)
    assert await names(store) == {"ben"}


async def test_writes_cancelled_at_any_point_leave_the_store_working(store: Store, world: World) -> None:
    entered = asyncio.Event()

    async def write(name: str) -> None:
        async with store.write() as uow:
            entered.set()
            await uow.sessions.add(a_session(name))
            await uow.people.bump_epoch(world.dana)

    for turns in range(0, 400, 10):
        entered.clear()
        task = asyncio.create_task(write(f"ses_{turns}"))
        if store.dialect == "postgresql":
            await entered.wait()  # asyncpg complains to the loop when it is cancelled while it connects
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await write("ses_last")

    async with store.read() as uow:
        person = await uow.people.get(world.dana)
        sessions = await uow.sessions.of_user(world.dana, NOW)
    assert person is not None
    assert person.auth_epoch == len(sessions)  # both or neither, each time
    assert sessions


async def test_text_that_no_row_can_hold_is_not_found(store: Store) -> None:
    for strange in ("usr_\x00", "usr_\ud800"):
        async with store.read() as uow:
            try:
                assert await uow.people.get(strange) is None
            except NotFound:
                continue


async def test_numbers_beyond_64_bits_are_not_found(store: Store, world: World) -> None:
    with pytest.raises(NotFound):
        async with store.write() as uow:
            await uow.sessions.touch("ses_1", 2**70)
    async with store.read() as uow:
        assert await uow.audit.list(before_seq=2**70) == []


async def test_what_refers_to_nothing_is_a_conflict(store: Store) -> None:
    with pytest.raises(Conflict):
        async with store.write() as uow:
            await uow.sessions.add(a_session())


async def test_errors_do_not_quote_what_was_stored(store: Store) -> None:
    with pytest.raises(Conflict) as caught:
        async with store.write() as uow:
            await uow.sessions.add(a_session(address="192.0.2.99"))
    assert "192.0.2.99" not in str(caught.value)
    assert "192.0.2.99" not in str(caught.value.__cause__)


# SQLite: the gate, and other processes


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


# PostgreSQL: a server that goes away, and rows that somebody holds


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
