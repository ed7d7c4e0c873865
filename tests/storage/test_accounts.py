"""The account tree: what a row repeats of its ancestors stays true, whatever is done to them."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql, sqlite

from idp.domain.accounts import Account, Kind, MfaState
from idp.domain.clients import Client
from idp.domain.permissions import Permission
from idp.errors import Conflict, NotFound
from idp.storage.repositories.repository import starts_with
from idp.storage.repositories.tree import BATCH
from idp.storage.tables import accounts
from idp.storage.unit_of_work import Store
from tests.storage.world import NOW, World


async def account(store: Store, account_id: str) -> Account:
    async with store.read() as uow:
        found = await uow.accounts.get(account_id)
    assert found is not None
    return found


async def epochs(store: Store, *account_ids: str) -> list[int]:
    async with store.read() as uow:
        return [await uow.accounts.epoch(account_id) for account_id in account_ids]


async def test_an_account_knows_its_ancestors(store: Store, world: World) -> None:
    harbour = await account(store, world.harbour)
    assert harbour.path == "/acc_op/acc_no/acc_ha/"
    assert [(node.number, node.name, node.kind) for node in harbour.ancestors] == [
        ("OP-1", "500 Telecom", Kind.OPERATOR),
        ("RS-10023", "Northern Voice", Kind.RESELLER),
    ]
    assert harbour.reseller is not None
    assert harbour.reseller.id == world.north
    assert harbour.chain_active
    assert harbour.mfa is MfaState.AVAILABLE


@pytest.mark.parametrize("typed", ["ec-20017", "EC-20017", " EC-20017 ", "ＥＣ-20017"])
async def test_a_number_is_found_however_it_was_typed(typed: str, store: Store, world: World) -> None:
    async with store.read() as uow:
        found = await uow.accounts.by_number(typed)
    assert found is not None
    assert found.id == world.harbour


async def test_a_number_is_taken_in_every_spelling(store: Store, world: World) -> None:
    async with store.write() as uow:
        with pytest.raises(Conflict, match="taken"):
            await uow.accounts.add("acc_2", "ec-20017", "Double", Kind.END_CLIENT, world.south, NOW)


async def test_accounts_stand_only_where_their_kind_may(store: Store, world: World) -> None:
    async with store.write() as uow:
        with pytest.raises(NotFound):
            await uow.accounts.add("acc_2", "N-2", "Lost", Kind.END_CLIENT, "acc_missing", NOW)
        for kind, parent in [
            (Kind.OPERATOR, None),
            (Kind.OPERATOR, world.operator),
            (Kind.RESELLER, None),
            (Kind.RESELLER, world.harbour),
            (Kind.END_CLIENT, world.harbour),
        ]:
            with pytest.raises(Conflict):
                await uow.accounts.add("acc_2", "N-2", "Misplaced", kind, parent, NOW)


async def test_suspending_stops_the_subtree_and_nothing_else(store: Store, world: World) -> None:
    async with store.write() as uow:
        assert await uow.accounts.suspend(world.north, NOW) == 2
    assert not (await account(store, world.north)).chain_active
    assert not (await account(store, world.harbour)).chain_active
    assert (await account(store, world.south)).chain_active
    assert (await account(store, world.operator)).chain_active
    assert await epochs(store, world.operator, world.north, world.harbour, world.south) == [0, 1, 1, 0]


async def test_resuming_restores_what_was_not_suspended_itself_and_no_old_epoch(store: Store, world: World) -> None:
    """AD09: children come back as they were, tokens and sessions do not."""
    async with store.write() as uow:
        await uow.accounts.add("acc_qu", "EC-20018", "Quayside Legal", Kind.END_CLIENT, world.north, NOW)
        await uow.accounts.suspend(world.harbour, NOW)
        await uow.accounts.suspend(world.north, NOW)
        assert await uow.accounts.resume(world.north, NOW) == 3
        assert await uow.accounts.resume(world.north, NOW) == 0
    assert (await account(store, "acc_qu")).chain_active
    assert not (await account(store, world.harbour)).chain_active
    assert await epochs(store, world.north, world.harbour, "acc_qu") == [1, 2, 1]


async def test_a_child_of_a_suspended_account_is_suspended(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.accounts.suspend(world.north, NOW)
        added = await uow.accounts.add("acc_2", "EC-2", "New", Kind.END_CLIENT, world.north, NOW)
    assert not added.chain_active


async def test_moving_takes_the_subtree_along_and_voids_what_was_issued(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.accounts.set_mfa(world.south, MfaState.EVERYONE)
        await uow.accounts.move(world.north, world.south, NOW)
    harbour = await account(store, world.harbour)
    assert harbour.path == "/acc_op/acc_so/acc_no/acc_ha/"
    assert [node.id for node in harbour.ancestors] == [world.operator, world.south, world.north]
    assert harbour.mfa is MfaState.EVERYONE
    assert await epochs(store, world.operator, world.south, world.north, world.harbour) == [0, 0, 1, 1]
    async with store.read() as uow:
        assert [a.id for a in await uow.accounts.children("/acc_op/acc_no/")] == []
        assert len(await uow.accounts.children("/acc_op/acc_so/")) == 3


async def test_moving_below_a_suspended_account_suspends(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.accounts.suspend(world.south, NOW)
        await uow.accounts.move(world.harbour, world.south, NOW)
    assert not (await account(store, world.harbour)).chain_active


async def test_a_move_makes_no_circle_and_keeps_the_kinds_in_order(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.accounts.add("acc_sub", "RS-2", "Sub", Kind.RESELLER, world.north, NOW)
        for moved, under in [
            (world.north, world.north),
            (world.north, "acc_sub"),
            (world.operator, world.north),
            (world.south, world.harbour),
        ]:
            with pytest.raises(Conflict):
                await uow.accounts.move(moved, under, NOW)
        with pytest.raises(NotFound):
            await uow.accounts.move(world.north, "acc_missing", NOW)
        with pytest.raises(NotFound):
            await uow.accounts.move("acc_missing", world.north, NOW)
    assert (await account(store, "acc_sub")).path == "/acc_op/acc_no/acc_sub/"


async def test_the_strictest_second_factor_of_the_chain_holds(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.accounts.set_mfa(world.north, MfaState.EVERYONE)
        await uow.accounts.set_mfa(world.harbour, MfaState.OFF)
    assert (await account(store, world.harbour)).mfa is MfaState.EVERYONE
    async with store.write() as uow:
        await uow.accounts.set_mfa(world.north, MfaState.ADMINISTRATORS)
    assert (await account(store, world.harbour)).mfa is MfaState.ADMINISTRATORS
    assert (await account(store, world.south)).mfa is MfaState.AVAILABLE


async def test_a_large_subtree_is_rewritten_whole(store: Store, world: World) -> None:
    many = BATCH + 20
    async with store.write() as uow:
        for number in range(many):
            await uow.accounts.add(f"acc_{number}", f"N-{number}", "Many", Kind.END_CLIENT, world.north, NOW)
    async with store.write() as uow:
        await uow.accounts.move(world.north, world.south, NOW)
        assert await uow.accounts.suspend(world.south, NOW) == many + 3
    async with store.read() as uow:
        subtree = await uow.accounts.children("/acc_op/acc_so/acc_no/", limit=10_000)
    assert len(subtree) == many + 2
    assert all(len(a.ancestors) == (2 if a.id == world.north else 3) and not a.chain_active for a in subtree)


async def test_permissions_are_the_accounts_own(store: Store, world: World) -> None:
    async with store.write() as uow:
        assert await uow.accounts.allocate(world.north, Permission.USE_2FA, "usr_rita", NOW)
        assert not await uow.accounts.allocate(world.north, Permission.USE_2FA, "usr_rita", NOW)
    assert (await account(store, world.north)).permissions == {Permission.USE_2FA}
    assert (await account(store, world.harbour)).permissions == frozenset()
    async with store.write() as uow:
        assert await uow.accounts.withdraw(world.north, Permission.USE_2FA)
        assert not await uow.accounts.withdraw(world.north, Permission.USE_2FA)


async def test_portals_are_allowed_until_denied(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.clients.put(Client("sip", "SIP Trunk Plus"), "config", NOW)
        assert not await uow.accounts.denies_portal(world.harbour, "sip")
        assert await uow.accounts.set_portal(world.harbour, "sip", False)
        assert not await uow.accounts.set_portal(world.harbour, "sip", False)
        assert await uow.accounts.denies_portal(world.harbour, "sip")
        assert await uow.accounts.denied_portals([world.harbour, world.north]) == {(world.harbour, "sip")}
        assert await uow.accounts.set_portal(world.harbour, "sip", True)
        assert await uow.accounts.denied_portals([world.harbour]) == set()
        assert await uow.accounts.denied_portals([]) == set()


async def test_the_password_age_is_stored(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.accounts.set_password_max_age(world.harbour, 90)
        with pytest.raises(NotFound):
            await uow.accounts.set_password_max_age("acc_missing", 90)
    assert (await account(store, world.harbour)).password_max_age_days == 90


async def test_what_does_not_exist_is_not_found(store: Store, world: World) -> None:
    async with store.write() as uow:
        assert await uow.accounts.get("acc_missing") is None
        assert await uow.accounts.by_number("N-0") is None
        for act in (uow.accounts.suspend, uow.accounts.resume):
            with pytest.raises(NotFound):
                await act("acc_missing", NOW)
        with pytest.raises(NotFound):
            await uow.accounts.epoch("acc_missing")
        with pytest.raises(NotFound):
            await uow.accounts.set_mfa("acc_missing", MfaState.OFF)


async def test_a_subtree_is_read_page_by_page(store: Store, world: World) -> None:
    async with store.write() as uow:
        for number in range(7):
            await uow.accounts.add(f"acc_{number}", f"EC-3000{number}", "Paged", Kind.END_CLIENT, world.north, NOW)
    seen: list[str] = []
    async with store.read() as uow:
        while rows := await uow.accounts.children("/acc_op/acc_no/", after=seen[-1].lower() if seen else "", limit=4):
            seen += [row.number for row in rows]
    assert seen == ["EC-20017", *(f"EC-3000{number}" for number in range(7)), "RS-10023"]


@pytest.mark.parametrize(
    ("search", "numbers"),
    [
        ("", ["EC-20017", "RS-10023", "RS-2"]),
        ("rs-", ["RS-10023", "RS-2"]),
        ("HARBOUR", ["EC-20017"]),
        ("été", ["RS-2"]),
        ("100%", ["RS-2"]),
        ("%", ["RS-2"]),
        ("_", []),
        ("/", []),
        ("0017", []),
        ("\u200b", []),
        ("Southern", []),
    ],
)
async def test_a_search_stays_in_the_subtree_and_takes_nobody_at_their_wildcard(
    search: str, numbers: list[str], store: Store, world: World
) -> None:
    async with store.write() as uow:
        await uow.accounts.add("acc_2", "RS-2", "ÉTÉ 100% Telecom", Kind.RESELLER, world.north, NOW)
    async with store.read() as uow:
        assert [a.number for a in await uow.accounts.children("/acc_op/acc_no/", search=search)] == numbers


async def test_a_neighbour_whose_id_starts_alike_is_no_descendant(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.accounts.add("acc_no2", "RS-3", "Neighbour", Kind.RESELLER, world.operator, NOW)
        await uow.accounts.add("acc_n", "RS-4", "Neighbour", Kind.RESELLER, world.operator, NOW)
        assert await uow.accounts.suspend(world.north, NOW) == 2


async def test_a_subtree_is_one_range_of_an_index(store: Store, world: World) -> None:
    statement = select(accounts.c.id).where(starts_with(accounts.c.path, "/acc_op/acc_no/"))
    sql = str(
        statement.compile(
            dialect=sqlite.dialect() if store.dialect == "sqlite" else postgresql.dialect(),
            compile_kwargs={"literal_binds": True},
        )
    )
    async with store.reader() as connection:
        if store.dialect == "sqlite":
            plan = "\n".join(row[3] for row in await connection.execute(text(f"EXPLAIN QUERY PLAN {sql}")))
            assert "USING INDEX" in plan
            assert "(path>? AND path<?)" in plan
        else:
            await connection.execute(text("SET LOCAL enable_seqscan = off"))  # four rows are not worth an index
            plan = "\n".join(row[0] for row in await connection.execute(text(f"EXPLAIN {sql}")))
            assert "uq_accounts_path" in plan
            assert "Index Cond: ((path >= '/acc_op/acc_no/'::text) AND (path < '/acc_op/acc_no0'::text))" in plan
