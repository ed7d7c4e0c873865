"""Returned means committed, raised means rolled back, cancelled means rolled back too."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.exc import DBAPIError

from idp.domain.people import Person
from idp.errors import Conflict, NotFound, StorageUnavailable
from idp.storage.unit_of_work import Store
from tests.storage.world import NOW, World, a_session, names, somebody


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
    # SQLite says so as it does of a read-only file, which is a database that is away for writers.
    with pytest.raises(StorageUnavailable if store.dialect == "sqlite" else DBAPIError):
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
