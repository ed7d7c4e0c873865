"""Throttles, the outbox, the audit trail, the house's values and the housekeeping."""

from __future__ import annotations

from sqlalchemy import Table, func, select

from idp.domain.audit import Actor, AuditEvent, Event
from idp.domain.delivery import Channel, DeliveryState
from idp.domain.rules import DAY
from idp.domain.throttling import Curve, ThrottleState, Windows
from idp.storage.records import OutboxRow, OutboxState
from idp.storage.repositories.housekeeping import BATCH
from idp.storage.tables import outbox, throttles
from idp.storage.unit_of_work import Store, UnitOfWork
from tests.storage.world import NOW, World, a_grant, a_login, a_session, a_text_code


async def rows_in(store: Store, table: Table) -> int:
    async with store.reader() as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def sealed_body(store: Store, message_id: str) -> bytes | None:
    async with store.reader() as connection:
        body: bytes | None = await connection.scalar(select(outbox.c.message_sealed).where(outbox.c.id == message_id))
        return body


async def put(uow: UnitOfWork, message_id: str, at: int = NOW) -> None:
    await uow.outbox.put(message_id, Channel.EMAIL, "notice", "d@x.example", b"sealed", at, at + 900)


# Throttles


async def test_a_throttle_remembers(store: Store) -> None:
    limit = Windows(((2, 60),))
    async with store.write() as uow:
        assert (await uow.throttles.peek("bucket", limit, NOW)).allowed
        assert (await uow.throttles.attempt("bucket", limit, NOW)).allowed
        assert (await uow.throttles.attempt("bucket", limit, NOW + 10)).allowed
        assert (await uow.throttles.attempt("other", limit, NOW + 10)).allowed
    async with store.read() as uow:
        assert (await uow.throttles.peek("bucket", limit, NOW + 20)).retry_after == 40
    async with store.write() as uow:
        refused = await uow.throttles.attempt("bucket", limit, NOW + 20)
        assert (refused.allowed, refused.retry_after) == (False, 40)
        assert (await uow.throttles.attempt("bucket", limit, NOW + 60)).allowed
        await uow.throttles.clear("bucket")
        assert (await uow.throttles.peek("bucket", limit, NOW + 60)).state == ThrottleState(1, 0, (NOW + 60,))


async def test_a_forgiven_attempt_does_not_count(store: Store) -> None:
    limit = Windows(((1, 60),))
    async with store.write() as uow:
        await uow.throttles.attempt("bucket", limit, NOW)
        assert not (await uow.throttles.attempt("bucket", limit, NOW)).allowed
        await uow.throttles.forgive("bucket", limit, NOW)
        assert (await uow.throttles.attempt("bucket", limit, NOW)).allowed
        await uow.throttles.forgive("never seen", limit, NOW)


async def test_an_expired_throttle_counts_for_nothing_before_the_housekeeping_comes(store: Store) -> None:
    limit = Curve()
    async with store.write() as uow:
        for _ in range(5):
            await uow.throttles.attempt("bucket", limit, NOW)
        assert not (await uow.throttles.peek("bucket", limit, NOW)).allowed
        assert (await uow.throttles.attempt("bucket", limit, NOW + limit.keep_seconds)).state.failures == 1


# The outbox


async def test_a_claim_is_a_lease(store: Store) -> None:
    async with store.write() as uow:
        assert not await uow.outbox.is_due(NOW)
        await put(uow, "msg_1")
        assert await uow.outbox.is_due(NOW)
        assert not await uow.outbox.is_due(NOW - 1)
        assert await uow.outbox.claim(NOW, 10, 60) == [
            OutboxRow("msg_1", Channel.EMAIL, "notice", "d@x.example", b"sealed", 1, NOW, NOW + 900)
        ]
        assert await uow.outbox.claim(NOW + 59, 10, 60) == []
        assert await uow.outbox.claim_one("msg_1", NOW + 59, 60) is None
        assert not await uow.outbox.is_due(NOW + 59)
        claimed = await uow.outbox.claim_one("msg_1", NOW + 60, 60)  # the first worker died
        assert claimed is not None
        assert claimed.attempts == 2
        assert await uow.outbox.claim_one("msg_none", NOW, 60) is None


async def test_those_who_wait_longest_are_claimed_first(store: Store) -> None:
    async with store.write() as uow:
        for number in (3, 1, 4, 0, 2):
            await put(uow, f"msg_{number}", NOW + number)
        assert [row.id for row in await uow.outbox.claim(NOW + 9, 3, 60)] == ["msg_0", "msg_1", "msg_2"]
        assert [row.id for row in await uow.outbox.claim(NOW + 9, 3, 60)] == ["msg_3", "msg_4"]


async def test_a_body_is_gone_once_it_is_sent_or_given_up(store: Store) -> None:
    async with store.write() as uow:
        for message_id in ("msg_1", "msg_2", "msg_3"):
            await put(uow, message_id)
        await uow.outbox.claim(NOW, 10, 60)
        await uow.outbox.sent("msg_1", NOW + 1)
        await uow.outbox.abandon("msg_2", "no such mailbox", NOW + 1)
        await uow.outbox.retry("msg_3", NOW + 30, "busy " * 200)
        assert await uow.outbox.state("msg_1") == OutboxState(DeliveryState.SENT, 1, "")
        assert await uow.outbox.state("msg_2") == OutboxState(DeliveryState.ABANDONED, 1, "no such mailbox")
        waiting = await uow.outbox.state("msg_3")
        assert waiting is not None
        assert (waiting.state, len(waiting.last_error)) == (DeliveryState.QUEUED, 500)
        assert await uow.outbox.state("msg_none") is None
    assert await sealed_body(store, "msg_1") is None
    assert await sealed_body(store, "msg_2") is None
    assert await sealed_body(store, "msg_3") == b"sealed"


async def test_a_late_worker_brings_nothing_back(store: Store) -> None:
    async with store.write() as uow:
        await put(uow, "msg_1")
        await uow.outbox.sent("msg_1", NOW)
        await uow.outbox.retry("msg_1", NOW, "late")
        await uow.outbox.abandon("msg_1", "late", NOW)
        assert await uow.outbox.state("msg_1") == OutboxState(DeliveryState.SENT, 0, "")
        assert await uow.outbox.claim(NOW + 9, 10, 60) == []


# The audit trail


async def test_an_event_is_read_as_written(store: Store) -> None:
    event = AuditEvent(
        Event.SIGN_IN_FAILED,
        NOW,
        Actor("usr_rita", "192.0.2.1", "Browser", "req_1"),
        user_id="usr_dana",
        account_id="acc_ha",
        client_id="inbound",
        reference="7QK4-M2XD",
        details={"reason": "wrong \x00 password"},
    )
    async with store.write() as uow:
        await uow.audit.add(event)
        await uow.audit.add(AuditEvent(Event.KEY_ROTATED, NOW))
        found = await uow.audit.list()
        assert [e for _, e in found] == [AuditEvent(Event.KEY_ROTATED, NOW), event]
        assert [e for _, e in await uow.audit.by_reference("7QK4-M2XD")] == [event]
        assert await uow.audit.by_reference("2222-2222") == []


async def test_a_strangers_nul_does_not_keep_an_event_out(store: Store) -> None:
    async with store.write() as uow:
        await uow.audit.add(
            AuditEvent(Event.CLIENT_AUTHENTICATION_FAILED, NOW, Actor(user_agent="a\x00b\ud800"), client_id="x\x00")
        )
        [(_, event)] = await uow.audit.list()
    assert event.actor.user_agent == "a\ufffdb?"
    assert event.client_id == "x\ufffd"


async def test_events_are_filtered_and_paged(store: Store, world: World) -> None:
    async with store.write() as uow:
        for number in range(6):
            await uow.audit.add(
                AuditEvent(
                    Event.SIGN_IN_SUCCEEDED if number % 2 else Event.SIGN_IN_FAILED,
                    NOW + number,
                    user_id=world.dana if number < 4 else world.rita,
                    account_id=world.harbour if number < 3 else world.south,
                    client_id="inbound" if number == 5 else None,
                )
            )

        async def ages(**filters: object) -> list[int]:
            return [event.at - NOW for _, event in await uow.audit.list(**filters)]  # type: ignore[arg-type]

        assert await ages() == [5, 4, 3, 2, 1, 0]
        assert await ages(event=Event.SIGN_IN_FAILED) == [4, 2, 0]
        assert await ages(user_id=world.dana) == [3, 2, 1, 0]
        assert await ages(account_id=world.south) == [5, 4, 3]
        assert await ages(under_path="/acc_op/acc_no/") == [2, 1, 0]
        assert await ages(under_path="/acc_op/acc_no/", account_id=world.south) == []
        assert await ages(client_id="inbound") == [5]
        assert await ages(since=NOW + 4) == [5, 4]
        first = await uow.audit.list(limit=4)
        assert await ages(before_seq=first[-1][0], limit=4) == [1, 0]


# The house, and the housekeeping


async def test_a_value_of_the_house_is_stored_once_and_sealed_anew(store: Store) -> None:
    async with store.write() as uow:
        assert await uow.house.get("sealing_check") is None
        assert await uow.house.add("sealing_check", b"one", NOW)
        assert not await uow.house.add("sealing_check", b"two", NOW)
        assert await uow.house.get("sealing_check") == b"one"
        await uow.house.replace("sealing_check", b"three")
        assert await uow.house.get("sealing_check") == b"three"


async def test_what_is_over_is_removed_and_what_is_not_stays(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.sessions.add(a_session())
        await uow.sessions.add(a_session("ses_live", expires_at=NOW + 90 * DAY))
        await uow.sessions.add(a_session("ses_ended", expires_at=NOW + 90 * DAY, ended_at=NOW))
        await uow.grants.add(a_grant())
        await uow.grants.add(a_grant("grt_live", expires_at=NOW + 90 * DAY))
        await uow.logins.add(a_login())
        await uow.logins.add(a_login("live", expires_at=NOW + 90 * DAY))
        await uow.text_codes.put(b"owner", world.dana, a_text_code(), "msg_1")
        await uow.throttles.attempt("bucket", Curve(), NOW)
        await uow.credentials.put_enrolment(world.dana, b"owner", b"sealed", NOW + 600)
        await uow.credentials.put_temporary(world.dana, "tmp_1", "hash", NOW, NOW + 3600)
        await uow.credentials.set_password(world.dana, "hash", NOW, replacing=None)
        await uow.browsers.remember(b"browser", world.dana, NOW)
        await put(uow, "msg_1")
        await put(uow, "msg_2")
        await uow.outbox.sent("msg_1", NOW)
        await uow.posted_requests.add(b"id", "/authorize", "{}", NOW + 300)
        await uow.used_assertions.use(b"assertion", NOW + 300)

        assert set((await uow.housekeeping.purge(NOW)).values()) == {0}
        removed = await uow.housekeeping.purge(NOW + 40 * DAY)
        assert removed == {
            "logins": 1,
            "text_codes": 1,
            "throttles": 1,
            "totp_enrolments": 1,
            "temporary_passwords": 1,
            "known_browsers": 0,
            "grants": 1,
            "sessions": 2,
            "outbox": 1,
            "posted_requests": 1,
            "used_assertions": 1,
        }
        assert await uow.sessions.get("ses_live") is not None
        assert await uow.logins.get(b"live") is not None
        assert await uow.credentials.password(world.dana) is not None
        assert (await uow.housekeeping.purge(NOW + 401 * DAY))["known_browsers"] == 1


async def test_a_posted_request_is_found_until_it_expires_and_at_its_own_endpoint_only(store: Store) -> None:
    async with store.write() as uow:
        await uow.posted_requests.add(b"id", "/authorize", '{"a":1}', NOW + 300)
        for _ in range(2):
            assert await uow.posted_requests.get(b"id", "/authorize", NOW + 299) == '{"a":1}'
        assert await uow.posted_requests.get(b"id", "/authorize", NOW + 300) is None
        assert await uow.posted_requests.get(b"id", "/end_session", NOW) is None
        assert await uow.posted_requests.get(b"other", "/authorize", NOW) is None


async def test_a_message_that_nobody_came_for_loses_its_body(store: Store) -> None:
    async with store.write() as uow:
        await put(uow, "msg_1")
        await uow.housekeeping.purge(NOW + 900)
        assert (await uow.outbox.claim(NOW + 900, 10, 60))[0].id == "msg_1"  # first a worker's to abandon and report
        await uow.housekeeping.purge(NOW + 900 + DAY)
        assert await uow.outbox.state("msg_1") == OutboxState(DeliveryState.ABANDONED, 1, "expired")
    assert await sealed_body(store, "msg_1") is None


async def test_a_purge_takes_a_bounded_bite(store: Store) -> None:
    async with store.gate.turn(), store.writer() as connection:
        many = [{"bucket": f"b{number}", "state": "[0,0,[]]", "expires_at": NOW} for number in range(BATCH + 1)]
        await connection.execute(throttles.insert(), many)
        await connection.commit()
    async with store.write() as uow:
        assert (await uow.housekeeping.purge(NOW))["throttles"] == BATCH
        assert (await uow.housekeeping.purge(NOW))["throttles"] == 1
    assert await rows_in(store, throttles) == 0
