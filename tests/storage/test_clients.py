"""Clients as registered, who owns them, and the consents given to them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from idp.domain.clients import AuthMethod, Client, ClientPolicy, ClientStatus, SecondFactor
from idp.errors import Conflict, NotFound
from idp.storage.tables import clients
from idp.storage.unit_of_work import Store
from tests.storage.world import NOW, World

FULL = Client(
    "sip-trunk-plus",
    "SIP Trunk Plus",
    redirect_uris=("https://sip.example/callback", "https://sip.example/other"),
    post_logout_redirect_uris=("https://sip.example/",),
    grant_types=("authorization_code",),
    scope="openid account",
    auth_method=AuthMethod.PRIVATE_KEY_JWT,
    secret_hashes=((b"\x00\x01", None), (b"\xff", NOW)),
    jwks={"keys": [{"kty": "EC"}]},
    id_token_alg="ES256",
    jwks_uri="https://sip.example/jwks",
    backchannel_logout_uri="https://sip.example/logout",
    frontchannel_logout_uri="https://sip.example/frame",
    client_uri="https://sip.example/",
    policy_uri="https://sip.example/privacy",
    tos_uri="https://sip.example/terms",
    application_type="native",
    default_acr_values=("phr",),
    metadata={"contacts": ["noc@sip.example"]},
    policy=ClientPolicy(SecondFactor.SMS, False, False, "oidc", 90, 300, "#123456", "logo.svg"),
)


@pytest.mark.parametrize("client", [FULL, Client("bare", "Bare")], ids=["full", "bare"])
async def test_a_client_is_read_as_stored(client: Client, store: Store) -> None:
    async with store.write() as uow:
        assert await uow.clients.put(client, "config", NOW)
        assert await uow.clients.get(client.client_id) == client
        assert await uow.clients.all() == [client]
        assert await uow.clients.get("none") is None


async def test_storing_the_same_again_changes_nothing(store: Store) -> None:
    async with store.write() as uow:
        await uow.clients.put(FULL, "config", NOW)
        assert not await uow.clients.put(replace(FULL, version=77), "config", NOW + 1)
        changed = replace(FULL, scope="openid")
        assert await uow.clients.put(changed, "config", NOW + 1)
        assert await uow.clients.get(FULL.client_id) == replace(changed, version=2)


async def test_a_client_has_one_owner(store: Store) -> None:
    async with store.write() as uow:
        await uow.clients.put(FULL, "config", NOW)
        with pytest.raises(Conflict, match="config"):
            await uow.clients.put(replace(FULL, scope="openid"), "cli", NOW)
        assert await uow.clients.source(FULL.client_id) == "config"
        assert await uow.clients.source("none") is None


async def test_status_and_secrets_count_as_changes(store: Store) -> None:
    async with store.write() as uow:
        await uow.clients.put(FULL, "cli", NOW)
        assert await uow.clients.set_status(FULL.client_id, ClientStatus.DISABLED)
        assert not await uow.clients.set_status(FULL.client_id, ClientStatus.DISABLED)
        assert not await uow.clients.set_status("none", ClientStatus.DISABLED)
        await uow.clients.set_secrets(FULL.client_id, ((b"new", None),), NOW)
        assert await uow.clients.get(FULL.client_id) == replace(
            FULL, status=ClientStatus.DISABLED, secret_hashes=((b"new", None),), version=3
        )
        with pytest.raises(NotFound):
            await uow.clients.set_secrets("none", (), NOW)


async def test_the_registration_lies_under_its_rfc_7591_names(store: Store) -> None:
    async with store.write() as uow:
        await uow.clients.put(FULL, "config", NOW)
    async with store.reader() as connection:
        stored = (await connection.execute(select(clients.c.metadata))).scalar_one()
    for member in ("client_name", "token_endpoint_auth_method", "id_token_signed_response_alg", "contacts"):
        assert f'"{member}":' in stored


async def test_a_policy_of_a_newer_version_is_read_without_what_is_unknown(store: Store) -> None:
    async with store.write() as uow:
        await uow.clients.put(FULL, "config", NOW)
    async with store.gate.turn(), store.writer() as connection:
        newer = '{"second_factor":"sms","novelty":1}'
        await connection.execute(update(clients).values(policy=newer))
        await connection.commit()
    async with store.read() as uow:
        client = await uow.clients.get(FULL.client_id)
    assert client is not None
    assert client.policy == ClientPolicy(second_factor=SecondFactor.SMS)


async def test_consents_add_up_until_withdrawn(store: Store, world: World) -> None:
    async with store.write() as uow:
        assert await uow.clients.consent(world.dana, world.client) == frozenset()
        await uow.clients.give_consent(world.dana, world.client, {"openid", "email"}, NOW)
        await uow.clients.give_consent(world.dana, world.client, ["openid", "phone"], NOW)
        assert await uow.clients.consent(world.dana, world.client) == {"openid", "email", "phone"}
        assert await uow.clients.consent(world.rita, world.client) == frozenset()
        await uow.clients.withdraw_consent(world.dana, world.client)
        assert await uow.clients.consent(world.dana, world.client) == frozenset()
