"""Clients that act for themselves (RFC 6749 §4.4, RFC 9068 §2.2)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp.domain.clients import ClientPolicy, ClientStatus
from tests.oidc.house import ISSUER, House, body_of, error_of
from tests.support.tokens import jwt_claims

OWN = {"grant_type": "client_credentials"}


async def test_the_token_is_about_the_client_and_comes_alone(house: House) -> None:
    answer = await house.token("demo-api", **OWN, scope="reports:read")
    body = body_of(answer)
    assert body.keys() == {"access_token", "token_type", "expires_in", "scope"}
    claims, now = jwt_claims(body["access_token"]), house.clock.now()
    assert claims.pop("jti").startswith("cc.")
    assert claims == {
        "iss": ISSUER, "sub": "demo-api", "aud": ISSUER, "client_id": "demo-api", "scope": "reports:read",
        "iat": now, "exp": now + 600,
    }  # fmt: skip


async def test_without_a_scope_it_gets_what_is_registered_but_nothing_about_people(house: House) -> None:
    assert body_of(await house.token("demo-api", **OWN))["scope"] == "reports:read reports:write"


@pytest.mark.parametrize("scope", ["openid", "reports:read openid", "reports:delete", "account", "offline_access", "*"])
async def test_more_than_its_own_scopes_is_refused(house: House, scope: str) -> None:
    assert error_of(await house.token("demo-api", **OWN, scope=scope)) == "invalid_scope"


async def test_another_audience_is_refused(house: House) -> None:
    assert error_of(await house.token("demo-api", **OWN, resource="https://api.example")) == "invalid_target"


async def test_the_operator_may_shorten_its_life(house: House) -> None:
    async with house.store.write() as uow:
        client = await uow.clients.get("demo-api")
        assert client is not None
        await uow.clients.put(replace(client, policy=ClientPolicy(access_seconds=60)), "test", house.clock.now())
    assert body_of(await house.token("demo-api", **OWN))["expires_in"] == 60


async def test_it_is_no_key_to_userinfo_and_cannot_be_revoked(house: House) -> None:
    token = body_of(await house.token("demo-api", **OWN))["access_token"]
    assert error_of(await house.userinfo(token), 403) == "insufficient_scope"
    assert error_of(await house.revoke(token, "demo-api")) == "unsupported_token_type"


async def test_introspection_judges_it_by_the_registration_as_it_is_now(house: House) -> None:
    token = body_of(await house.token("demo-api", **OWN))["access_token"]
    answer = body_of(await house.introspect(token))
    assert answer["active"] is True
    assert answer == {"active": True, "token_type": "Bearer", **jwt_claims(token)}
    async with house.store.write() as uow:
        client = await uow.clients.get("demo-api")
        assert client is not None
        await uow.clients.put(replace(client, scope="reports:read"), "test", house.clock.now())
    assert body_of(await house.introspect(token)) == {"active": False}


async def test_a_disabled_client_has_no_valid_tokens(house: House) -> None:
    token = body_of(await house.token("demo-api", **OWN))["access_token"]
    async with house.store.write() as uow:
        asker = await uow.clients.get("demo-api")
        assert asker is not None
        await uow.clients.set_status("demo-api", ClientStatus.DISABLED)
    assert error_of(await house.introspect(token), 401) == "invalid_client"
    assert error_of(await house.token("demo-api", **OWN), 401) == "invalid_client"
