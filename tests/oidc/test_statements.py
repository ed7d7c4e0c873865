"""How the back channel's operations share a database with everything else: batches, neighbours, faults."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace

import asyncpg
import pytest

from idp.domain.audit import Actor, Event
from idp.storage.engine import open_store
from idp.storage.statements import Statements
from idp.storage.unit_of_work import Store
from tests.oidc.house import RULES, House, body_of, error_of, grant_id_of


async def test_a_hundred_refreshes_and_the_pages_writes_all_come_through(house: House) -> None:
    session_id = await house.session()
    families = [await house.signed_in(session_id=session_id) for _ in range(100)]

    async def page(number: int) -> None:
        async with house.store.write() as uow:
            await uow.browsers.remember(number.to_bytes(2, "big"), "usr_dana", house.clock.now())

    refreshes = [house.refresh(family["refresh_token"]) for family in families]
    answers, _ = await asyncio.gather(
        asyncio.gather(*refreshes), asyncio.gather(*(page(number) for number in range(50)))
    )
    bodies = [body_of(answer) for answer in answers]
    assert [grant_id_of(body) for body in bodies] == [grant_id_of(family) for family in families]
    async with house.store.read() as uow:
        for number in range(50):
            assert await uow.browsers.is_known(number.to_bytes(2, "big"), "usr_dana", house.clock.now(), 60)


async def test_an_operation_that_fails_by_itself_takes_no_other_with_it(house: House) -> None:
    families = [await house.signed_in() for _ in range(8)]
    impossible = Actor(request_id="\ud800")  # no driver can send this text

    async def end(number: int) -> bool:
        actor = impossible if number == 3 else Actor()
        grant_id = grant_id_of(families[number])
        now = house.clock.now()
        return await house.back.statements.revoke_grant(grant_id, "inbound", "test", Event.GRANT_REVOKED, actor, now)

    outcomes = await asyncio.gather(*(end(number) for number in range(8)), return_exceptions=True)
    assert isinstance(outcomes.pop(3), ValueError | asyncpg.DataError)
    assert outcomes == [True] * 7
    assert [await house.is_alive(family) for family in families] == [number == 3 for number in range(8)]
    assert await house.events(Event.GRANT_REVOKED) == 7


async def test_an_operation_inside_a_pages_write_is_refused_on_sqlite_instead_of_waiting_for_ever(
    house: House,
) -> None:
    response = await house.signed_in()
    grant_id, now = grant_id_of(response), house.clock.now()
    async with house.store.write():
        if house.store.dialect == "sqlite":
            with pytest.raises(RuntimeError):
                await house.back.statements.revoke_grant(grant_id, "inbound", "test", Event.GRANT_REVOKED, Actor(), now)
        assert await house.back.statements.read_grant(grant_id, now)


async def test_a_caller_that_goes_away_leaves_the_queue_in_order(house: House) -> None:
    families = [await house.signed_in() for _ in range(6)]
    tasks = [asyncio.ensure_future(house.refresh(family["refresh_token"])) for family in families]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes[::2])
    for outcome in outcomes[1::2]:
        assert not isinstance(outcome, BaseException)
        assert body_of(outcome)
    # Whatever became of the cancelled ones: their clients ask again and are within the grace.
    for family in families[::2]:
        assert body_of(await house.refresh(family["refresh_token"]))


async def test_F01_a_code_is_used_up_together_with_the_first_generation_or_not_at_all(house: House) -> None:
    response = await house.signed_in()
    state = await house.back.statements.family_state(grant_id_of(response), house.clock.now())
    assert state is not None
    assert (state.generation, state.rotated_at, state.is_live) == (1, None, True)


class TestOnSqlite:
    """What is about one file and its lock."""

    @pytest.fixture
    def migrated_url(self, sqlite_url: str) -> str:
        return sqlite_url

    async def test_F11_F12_a_locked_file_is_a_503_for_writes_and_nothing_for_reads(
        self, house: House, sqlite_url: str
    ) -> None:
        response = await house.signed_in()
        impatient = await Statements.open(house.store, RULES, busy_timeout=0.05)
        patient, house.back = house.back, replace(house.back, statements=impatient)
        other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        refused = await house.refresh(response["refresh_token"])
        assert error_of(refused, 503) == "temporarily_unavailable"
        assert dict(refused.headers)["Retry-After"]
        assert (await house.userinfo(response["access_token"])).status == 200
        other.execute("ROLLBACK")
        other.close()
        assert body_of(await house.refresh(response["refresh_token"]))
        await impatient.close()
        house.back = patient


@pytest.mark.slow
class TestOnPostgresql:
    """What is about connections."""

    @pytest.fixture
    def migrated_url(self, postgres_url: str) -> str:
        return postgres_url

    async def test_F07_connections_that_the_server_cut_are_replaced(self, house: House, postgres_url: str) -> None:
        response = await house.signed_in()
        await asyncio.gather(*(house.userinfo(response["access_token"]) for _ in range(20)))
        await cut_connections(postgres_url)
        answers = [await house.userinfo(response["access_token"]) for _ in range(30)]
        assert {answer.status for answer in answers} <= {200, 503}
        assert answers[-1].status == 200
        assert body_of(await house.refresh(response["refresh_token"]))

    async def test_F07_a_server_that_is_not_there_is_a_503(self, house: House) -> None:
        response = await house.signed_in()
        gone = open_store("postgresql://idp:idp@127.0.0.1:1/idp")
        away = await Statements.open(gone, RULES)
        near, house.back = house.back, replace(house.back, statements=away)
        refused = await house.refresh(response["refresh_token"])
        assert error_of(refused, 503) == "temporarily_unavailable"
        assert (await house.userinfo(response["access_token"])).status == 503
        house.back = near
        assert await house.is_alive(response)
        await away.close()
        await gone.close()

    async def test_more_callers_than_connections_take_their_turns(self, house: House, store: Store) -> None:
        response = await house.signed_in()
        few = await Statements.open(store, RULES, pool_size=2)
        grant_id, now = grant_id_of(response), house.clock.now()
        found = await asyncio.gather(*(few.read_grant(grant_id, now) for _ in range(50)))
        assert all(grant is not None for grant in found)
        await few.close()


async def cut_connections(url: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'idp back channel'"
    )
    await connection.close()
