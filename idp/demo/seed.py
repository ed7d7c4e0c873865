"""Fills an empty database with the demo world, and keeps the demo's clients in step with its ports.

People come into being as they do in life: the seed calls the use cases. Only what no use case may do is written straight
to the store here, and nowhere else: passwords that somebody is supposed to have chosen, and an authenticator app that was
enrolled long ago.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from idp.demo.world import (
    ACCOUNTS,
    API_SECRET,
    PASSWORD,
    PORTALS,
    USERS,
    DemoUser,
    api_registration,
)
from idp.domain.delivery import DeliveryState
from idp.domain.ids import secret_hash
from idp.domain.passwords import normalise
from idp.domain.registration import read_client
from idp.ports import Ports
from idp.services.accounts import AddAccount, ChangePermissions, add_account, change_permissions
from idp.services.people import AddMembership, CreateUser, add_membership, create_user
from idp.services.sign_in.second_factor import totp_place
from idp.storage.unit_of_work import Store, UnitOfWork

SUPPORT_USER = "support"


async def seed(store: Store, ports: Ports) -> None:
    """Creates accounts and people, once: a second start finds them and changes nothing."""
    async with store.read() as uow:
        if await uow.accounts.by_number(ACCOUNTS[0].number) is not None:
            return
    for account in ACCOUNTS:
        await add_account(store, ports, AddAccount(account.number, account.name, account.kind, account.under))
        if account.permissions:
            await change_permissions(store, ports, ChangePermissions(account.number, account.permissions))
    chosen = await ports.hasher.hash(normalise(PASSWORD))
    for user in USERS:
        await _create(store, ports, user, chosen)


async def _create(store: Store, ports: Ports, user: DemoUser, chosen_hash: str) -> None:
    created = await create_user(
        store,
        ports,
        CreateUser(
            username=user.username,
            email=user.email,
            account=user.accounts[0],
            role=user.role,
            phone=user.phone_number,
            given_name=user.given_name,
            family_name=user.family_name,
            email_verified=True,
            phone_verified=user.phone_number is not None,
        ),
    )
    for further in user.accounts[1:]:
        await add_membership(store, ports, AddMembership(user.username, further, user.role))
    if user.is_new:
        return
    async with store.write() as uow:
        await _settle_in(uow, ports, user, created.person.id, chosen_hash)
        await _unsend(uow, ports, created.message_id)


async def _settle_in(uow: UnitOfWork, ports: Ports, user: DemoUser, user_id: str, chosen_hash: str) -> None:
    """Makes a new user one who has been here for a while."""
    now = ports.clock.now()
    temporary = await uow.credentials.temporary(user_id)
    if temporary is not None:
        await uow.credentials.use_temporary(user_id, temporary.id)
    await uow.credentials.set_password(user_id, chosen_hash, now, replacing=None)
    if user.mfa_enabled:
        await uow.people.set_mfa_enabled(user_id, True, now)
    if user.totp_enrolled:
        owner = secret_hash(user_id)
        sealed = ports.sealer.seal(ports.totp.new_secret().encode(), totp_place(user_id))
        await uow.credentials.put_enrolment(user_id, owner, sealed, now + 60)
        await uow.credentials.confirm_totp(user_id, owner, now // 30 - 2, now)


async def _unsend(uow: UnitOfWork, ports: Ports, message_id: str) -> None:
    """The welcome mail of somebody who has long signed in is not in the outbox any more."""
    state = await uow.outbox.state(message_id)
    if state is not None and state.state is DeliveryState.QUEUED:
        await uow.outbox.abandon(message_id, "seeded", ports.clock.now())


async def register_clients(store: Store, ports: Ports, host: str, port: int) -> None:
    """Registers the portals at the addresses that they are served at this time, and the API client."""
    for portal in PORTALS:
        metadata = portal.registration(portal.url(host, port)) | {"policy": {"second_factor": portal.second_factor}}
        await _register(store, ports, metadata, portal.secret)
    await _register(store, ports, api_registration(), API_SECRET)


async def _register(store: Store, ports: Ports, metadata: dict[str, Any], secret: str) -> None:
    """Known secrets, on loopback only: whoever reads the contract can copy the first curl command."""
    client = replace(read_client(metadata), secret_hashes=((secret_hash(secret), None),))
    async with store.write() as uow:
        stored = await uow.clients.get(client.client_id)
        if stored is not None:
            client = replace(client, status=stored.status, version=stored.version)
        if stored != client:
            await uow.clients.put(client, "demo", ports.clock.now())


async def support_secret(store: Store, ports: Ports) -> str:
    """The authenticator key of the support user, for the banner; empty when it was reset."""
    async with store.read() as uow:
        person = await uow.people.by_username(SUPPORT_USER)
        stored = await uow.credentials.totp(person.id) if person else None
    if person is None or stored is None:
        return ""
    return ports.sealer.open(stored.secret_sealed, totp_place(person.id)).decode()
