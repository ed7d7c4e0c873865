"""Exactly one winner, whoever races: in one process, in two, on SQLite and on PostgreSQL (SECURITY-CASES I1, F26-F30)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from idp.domain.accounts import Kind, MfaState
from idp.domain.delivery import Channel
from idp.domain.logins import LoginState
from idp.domain.people import Person, UserStatus
from idp.domain.permissions import Permission
from idp.domain.throttling import Curve, Windows
from idp.errors import Conflict
from idp.storage.unit_of_work import Store, UnitOfWork
from tests.storage.world import NOW, World, a_grant, a_login, a_session, a_text_code

CALLERS = 20
Act = Callable[[UnitOfWork, int], Awaitable[object]]


async def race(stores: tuple[Store, Store], act: Act) -> list[object]:
    """`CALLERS` transactions at once, half of them from another process's point of view; what each of them got."""

    async def call(number: int) -> object:
        async with stores[number % 2].write() as uow:
            return await act(uow, number)

    return await asyncio.gather(*(call(number) for number in range(CALLERS)))


async def prepare(store: Store) -> None:
    """One of everything that may be used once."""
    async with store.write() as uow:
        await uow.credentials.set_password("usr_dana", "hash", NOW, replacing=None)
        await uow.credentials.put_temporary("usr_dana", "tmp_1", "hash", NOW, NOW + 3600)
        await uow.credentials.put_enrolment("usr_dana", b"owner", b"pending", NOW + 600)
        await uow.credentials.put_enrolment("usr_rita", b"owner", b"sealed", NOW + 600)
        await uow.credentials.confirm_totp("usr_rita", b"owner", 100, NOW)
        await uow.logins.add(a_login())
        await uow.sessions.add(a_session())
        await uow.grants.add(a_grant())
        await uow.text_codes.put(b"owner", "usr_dana", a_text_code(), "msg_1")
        await uow.outbox.put("msg_1", Channel.SMS, "code", "+447700900118", b"sealed", NOW, NOW + 300)
        await uow.accounts.allocate("acc_no", Permission.USE_2FA, "usr_rita", NOW)


ONCE: dict[str, Act] = {
    "the first password": lambda uow, n: uow.credentials.set_password("usr_rita", f"new {n}", NOW, replacing=None),
    "a password change": lambda uow, n: uow.credentials.set_password("usr_dana", f"new {n}", NOW, replacing="hash"),
    "a temporary password": lambda uow, n: uow.credentials.use_temporary("usr_dana", "tmp_1"),
    "a time step": lambda uow, n: uow.credentials.use_totp_step("usr_rita", 101),
    "an enrolment": lambda uow, n: uow.credentials.confirm_totp("usr_dana", b"owner", 100, NOW),
    "removing an authenticator": lambda uow, n: uow.credentials.remove_totp("usr_rita"),
    "a text-message code": lambda uow, n: uow.text_codes.use(b"owner", b"digest", NOW),
    "finishing a login": lambda uow, n: uow.logins.finish(
        b"login", LoginState.COMPLETED if n % 3 else LoginState.CANCELLED
    ),
    "ending a session": lambda uow, n: uow.sessions.end("ses_1", NOW),
    "revoking a grant": lambda uow, n: uow.grants.revoke("grt_1", f"reason {n}", NOW),
    "claiming a message": lambda uow, n: uow.outbox.claim_one("msg_1", NOW, 60),
    "allocating a permission": lambda uow, n: uow.accounts.allocate("acc_so", Permission.USE_2FA, "usr_rita", NOW),
    "withdrawing a permission": lambda uow, n: uow.accounts.withdraw("acc_no", Permission.USE_2FA),
    "disabling a person": lambda uow, n: uow.people.set_status("usr_dana", UserStatus.DISABLED, NOW),
    "suspending an account": lambda uow, n: uow.accounts.suspend("acc_no", NOW),
    "a client's assertion": lambda uow, n: uow.used_assertions.use(b"assertion", NOW + n),
    "a value of the house": lambda uow, n: uow.house.add("sealing_check", f"value {n}".encode(), NOW),
}


@pytest.mark.parametrize("what", ONCE)
async def test_one_winner(what: str, store: Store, other_store: Store, world: World) -> None:
    await prepare(store)
    results = await race((store, other_store), ONCE[what])
    assert len([result for result in results if result]) == 1


async def test_what_the_winner_wrote_is_what_stays(store: Store, other_store: Store, world: World) -> None:
    await prepare(store)
    results = await race((store, other_store), ONCE["a password change"])
    winner = next(number for number, won in enumerate(results) if won)
    async with store.read() as uow:
        password = await uow.credentials.password(world.dana)
    assert password is not None
    assert password.password_hash == f"new {winner}"


async def test_time_steps_only_move_forward(store: Store, other_store: Store, world: World) -> None:
    await prepare(store)
    steps = [(number * 7) % CALLERS + 91 for number in range(CALLERS)]  # 91 to 110, in disorder; 100 is used already

    results = await race((store, other_store), lambda uow, n: uow.credentials.use_totp_step(world.rita, steps[n]))

    accepted = {step for step, won in zip(steps, results, strict=True) if won}
    assert max(accepted) == 110
    assert min(accepted) > 100
    async with store.write() as uow:
        assert not await uow.credentials.use_totp_step(world.rita, 110)
        assert not await uow.credentials.use_totp_step(world.rita, 109)


@pytest.mark.parametrize("of", ["logins", "text_codes"])
async def test_no_try_goes_uncounted(of: str, store: Store, other_store: Store, world: World) -> None:
    await prepare(store)
    key = b"login" if of == "logins" else b"owner"
    results = await race((store, other_store), lambda uow, n: getattr(uow, of).count_try(key))
    assert sorted(map(str, results), key=int) == [str(number) for number in range(1, CALLERS + 1)]


async def test_a_window_lets_its_number_through_and_no_more(store: Store, other_store: Store) -> None:
    limit = Windows(((5, 60),))
    results = await race((store, other_store), lambda uow, n: uow.throttles.attempt("bucket", limit, NOW))
    assert [verdict.allowed for verdict in results].count(True) == 5  # type: ignore[attr-defined]


async def test_the_delay_curve_counts_every_attempt_that_it_let_through(store: Store, other_store: Store) -> None:
    results = await race((store, other_store), lambda uow, n: uow.throttles.attempt("bucket", Curve(), NOW))
    allowed = [verdict for verdict in results if verdict.allowed]  # type: ignore[attr-defined]
    assert len(allowed) == 5
    assert sorted(verdict.state.failures for verdict in allowed) == [1, 2, 3, 4, 5]  # type: ignore[attr-defined]


async def test_attempts_and_clearing_at_once_lose_nothing(store: Store, other_store: Store) -> None:
    limit = Windows(((3, 60),))

    async def act(uow: UnitOfWork, number: int) -> object:
        if number == 10:
            await uow.throttles.clear("bucket")
            return None
        return await uow.throttles.attempt("bucket", limit, NOW)

    results = await race((store, other_store), act)
    assert 3 <= len([verdict for verdict in results if verdict and verdict.allowed]) <= 6  # type: ignore[attr-defined]


async def test_workers_share_the_outbox_without_overlap(store: Store, other_store: Store) -> None:
    async with store.write() as uow:
        for number in range(40):
            await uow.outbox.put(f"msg_{number}", Channel.EMAIL, "notice", "d@x.example", b"sealed", NOW, NOW + 900)
    results = await race((store, other_store), lambda uow, n: uow.outbox.claim(NOW, 3, 60))
    claimed = [row.id for rows in results for row in rows]  # type: ignore[attr-defined]
    assert len(claimed) == len(set(claimed)) == 40


async def test_one_of_many_gets_a_username(store: Store, other_store: Store) -> None:
    async def act(uow: UnitOfWork, number: int) -> bool:
        try:
            await uow.people.add(Person(f"usr_{number}", "DANA" if number % 2 else "dana", f"{number}@x.example"), NOW)
        except Conflict:
            return False
        return True

    assert (await race((store, other_store), act)).count(True) == 1


async def test_a_username_and_an_address_alike_never_belong_to_two(store: Store, other_store: Store) -> None:
    """LG19 under a race: half want the name as their username, half as their address."""

    async def act(uow: UnitOfWork, number: int) -> str | None:
        name = "dana@x.example"
        by_name = Person(f"usr_{number}", name, f"{number}@x.example")
        by_address = Person(f"usr_{number}", f"user{number}", name)
        try:
            await uow.people.add(by_name if number % 4 < 2 else by_address, NOW)
        except Conflict:
            return None
        return "username" if number % 4 < 2 else "address"

    winners = [result for result in await race((store, other_store), act) if result]
    assert winners
    assert winners == ["username"] or set(winners) == {"address"}


async def test_a_child_that_is_added_during_a_suspension_is_suspended(
    store: Store, other_store: Store, world: World
) -> None:
    async def act(uow: UnitOfWork, number: int) -> object:
        if number == 10:
            return await uow.accounts.suspend(world.north, NOW)
        return await uow.accounts.add(f"acc_{number}", f"N-{number}", "New", Kind.END_CLIENT, world.north, NOW)

    await race((store, other_store), act)
    async with store.read() as uow:
        subtree = await uow.accounts.children("/acc_op/acc_no/")
    assert len(subtree) == CALLERS + 1
    assert not any(account.chain_active for account in subtree)


async def test_two_moves_cannot_make_a_circle(store: Store, other_store: Store, world: World) -> None:
    async def move(of: Store, account_id: str, under: str) -> bool:
        try:
            async with of.write() as uow:
                await uow.accounts.move(account_id, under, NOW)
        except Conflict:
            return False
        return True

    done = await asyncio.gather(move(store, world.north, world.south), move(other_store, world.south, world.north))
    assert sorted(done) == [False, True]


async def test_choices_of_several_portals_are_all_remembered(store: Store, other_store: Store, world: World) -> None:
    await prepare(store)
    await race((store, other_store), lambda uow, n: uow.sessions.remember_choice("ses_1", f"portal {n}", "mem_dana"))
    async with store.read() as uow:
        session = await uow.sessions.get("ses_1")
    assert session is not None
    assert len(session.choices) == CALLERS


async def test_consents_given_at_once_add_up(store: Store, other_store: Store, world: World) -> None:
    await race((store, other_store), lambda uow, n: uow.clients.give_consent(world.dana, world.client, [f"s{n}"], NOW))
    async with store.read() as uow:
        assert len(await uow.clients.consent(world.dana, world.client)) == CALLERS


async def test_the_strictest_state_wins_whatever_the_order(store: Store, other_store: Store, world: World) -> None:
    states = [MfaState.OFF, MfaState.EVERYONE]
    await race((store, other_store), lambda uow, n: uow.accounts.set_mfa(world.north, states[n % 2]))
    async with store.read() as uow:
        north, harbour = await uow.accounts.get(world.north), await uow.accounts.get(world.harbour)
    assert north is not None
    assert harbour is not None
    assert harbour.mfa is max(north.mfa, MfaState.AVAILABLE, key=lambda state: state.strictness)
