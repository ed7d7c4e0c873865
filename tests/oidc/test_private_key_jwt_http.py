"""A portal that proves itself by assertions, over real HTTP: with registered keys, and with keys that it publishes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc.jwk import ECKey

from tests.flows.journeys import sign_in
from tests.support.house import House
from tests.support.http_server import Answer, HttpServer
from tests.support.relying_party import TokenRefused

METHOD: dict[str, Any] = {"token_endpoint_auth_method": "private_key_jwt"}


def new_key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})


def key_set(*keys: ECKey) -> dict[str, object]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


async def test_a_portal_with_registered_keys_signs_people_in_refreshes_and_revokes(served: House) -> None:
    key = new_key("one")
    portal = await served.client("signing", jwks=key_set(key), **METHOD)
    portal.key = key
    signed_in = await sign_in(portal, served.person(), "dana")
    renewed = await portal.refresh(signed_in)
    assert (await portal.introspect(renewed.access_token))["active"] is True
    assert renewed.refresh_token is not None
    await portal.revoke(renewed.refresh_token)
    assert (await portal.introspect(renewed.access_token)) == {"active": False}
    portal.auth = "basic"
    with pytest.raises(TokenRefused, match="invalid_client"):
        await portal.refresh(signed_in)


async def test_a_portal_that_publishes_its_keys_may_rotate_them(served: House) -> None:
    keys = [new_key("one")]
    with HttpServer(lambda _: Answer(body=json.dumps(key_set(*keys)).encode())) as published:
        portal = await served.client("publishing", jwks_uri=f"{published.url}/jwks", **METHOD)
        portal.key = keys[0]
        signed_in = await sign_in(portal, served.person(), "dana")
        assert [(asked.method, asked.path) for asked in published.asked] == [("GET", "/jwks")]
        portal.key = keys[0] = new_key("two")
        served.clock.advance(60)  # checklist 41
        assert (await portal.refresh(signed_in)).sub == signed_in.sub
        assert len(published.asked) == 2


async def test_a_private_address_is_never_asked_for_keys(served: House) -> None:
    portal = await served.client("publishing", jwks_uri="https://10.255.255.1/jwks", **METHOD)
    portal.key = new_key("one")
    with pytest.raises(TokenRefused, match="invalid_client"):
        await portal.token({"grant_type": "refresh_token", "refresh_token": "x"})
    assert "outbound.allow_hosts" in served.log
