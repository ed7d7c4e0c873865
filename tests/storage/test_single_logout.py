"""Whom to tell that a session is over, and whose sessions end with a subtree."""

from __future__ import annotations

from sqlalchemy import update

from idp.domain.accounts import Kind
from idp.domain.clients import Client
from idp.domain.delivery import Channel, LogoutNotice
from idp.domain.people import Role
from idp.storage.tables import grants
from idp.storage.unit_of_work import Store
from tests.storage.world import NOW, World, a_grant, a_session

OTHER = "sip-trunk-plus"


async def signed_in(store: Store, world: World, session: str, *clients: str, **changes: object) -> None:
    """A session in which these clients have redeemed their codes."""
    async with store.write() as uow:
        await uow.clients.put(Client(OTHER, "SIP Trunk Plus", ("https://sip.example/callback",)), "config", NOW)
        user_id = str(changes.get("user_id", world.dana))
        await uow.sessions.add(a_session(session, user_id=user_id))
        for client in clients:
            name = f"grt_{session}_{client}"
            await uow.grants.add(a_grant(name, client_id=client, session_id=session, **changes))
    async with store.writer() as connection:
        await connection.execute(update(grants).where(grants.c.session_id == session).values(code_used_at=NOW))
        await connection.commit()


async def test_who_redeemed_a_code_in_a_session_is_told_of_it_once(store: Store, world: World) -> None:
    await signed_in(store, world, "ses_1", world.client, OTHER)
    await signed_in(store, world, "ses_2", world.client)
    async with store.write() as uow:
        await uow.grants.add(a_grant("grt_again", client_id=OTHER, session_id="ses_2"))  # a code that nobody redeemed
        await uow.grants.revoke("grt_ses_1_inbound", "test", NOW)
        assert await uow.grants.clients_of_session("ses_1") == [world.client, OTHER]
        assert await uow.grants.clients_of_session("ses_2") == [world.client]
        assert await uow.grants.clients_of_session("ses_none") == []


async def test_the_live_sessions_of_a_subtree_and_their_clients(store: Store, world: World) -> None:
    await signed_in(store, world, "ses_1", world.client, OTHER)
    await signed_in(store, world, "ses_over", world.client)
    async with store.write() as uow:
        await uow.sessions.end("ses_over", NOW)
        north = await uow.accounts.get(world.north)
        south = await uow.accounts.get(world.south)
        assert north is not None
        assert south is not None
        expected = {LogoutNotice(client, world.dana, "ses_1") for client in (world.client, OTHER)}
        assert set(await uow.grants.logouts_below(north.path, NOW)) == expected
        assert await uow.grants.logouts_below(south.path, NOW) == []
        assert await uow.grants.logouts_below(north.path, NOW + 43_200) == []


async def test_a_suspended_subtree_ends_the_sessions_of_those_who_are_left_with_nothing(
    store: Store, world: World
) -> None:
    async with store.write() as uow:
        await uow.sessions.add(a_session("ses_dana"))
        await uow.sessions.add(a_session("ses_rita", user_id=world.rita))
        north = await uow.accounts.get(world.north)
        harbour = await uow.accounts.get(world.harbour)
        assert north is not None
        assert harbour is not None
        assert await uow.sessions.end_stranded(north.path, NOW) == 0
        await uow.accounts.suspend(world.harbour, NOW)
        assert await uow.sessions.end_stranded(harbour.path, NOW) == 1
        assert [s.id for s in await uow.sessions.of_user(world.rita, NOW)] == ["ses_rita"]
        await uow.accounts.suspend(world.north, NOW)
        assert await uow.sessions.end_stranded(north.path, NOW) == 1
        assert await uow.sessions.of_user(world.rita, NOW) == []


async def test_whoever_has_another_active_account_stays_signed_in(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.accounts.add("acc_x", "EC-9", "Elsewhere", Kind.END_CLIENT, world.south, NOW)
        await uow.people.add_membership("mem_x", world.dana, "acc_x", Role.USER, True, NOW)
        await uow.sessions.add(a_session())
        await uow.accounts.suspend(world.north, NOW)
        north = await uow.accounts.get(world.north)
        assert north is not None
        assert await uow.sessions.end_stranded(north.path, NOW) == 0
        assert [s.id for s in await uow.sessions.of_user(world.dana, NOW)] == ["ses_1"]


async def test_a_worker_claims_its_own_channels_only(store: Store) -> None:
    async with store.write() as uow:
        await uow.outbox.put("msg_mail", Channel.EMAIL, "notice", "d@x.example", b"sealed", NOW, NOW + 900)
        many = [(f"msg_{number}", "inbound", b"sealed") for number in range(3)]
        await uow.outbox.put_all(Channel.LOGOUT, "logout", many, NOW, NOW + 900)
        await uow.outbox.put_all(Channel.LOGOUT, "logout", [], NOW, NOW + 900)
        people, clients = (Channel.EMAIL, Channel.SMS), (Channel.LOGOUT,)
        assert [row.id for row in await uow.outbox.claim(NOW, 10, 60, people)] == ["msg_mail"]
        assert not await uow.outbox.is_due(NOW, people)
        assert await uow.outbox.is_due(NOW, clients)
        assert [row.id for row in await uow.outbox.claim(NOW, 10, 60, clients)] == ["msg_0", "msg_1", "msg_2"]
        assert not await uow.outbox.is_due(NOW)
