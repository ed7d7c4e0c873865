"""Introspection and revocation (SECURITY-CASES IN02-IN06, RV01-RV05)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp.domain.audit import Actor, Event
from idp.oidc.token.revocation import revoke
from tests.oidc.endings import OF_THE_PERSON, Ending, disable_the_client
from tests.oidc.house import FORM, ISSUER, RULES, House, basic, body_of, error_of, grant_id_of, secret_of
from tests.support.tokens import jwt_claims

INACTIVE = {"active": False}
GARBAGE = ["garbage", "a.b.c", "é", "x" * 8000, "A" * 70, "cc.x", "grt_aaaaaaaaaaaaaaaaaaaaaaaa.x"]


async def test_an_access_token_tells_its_claims_and_the_place_of_the_person(house: House) -> None:
    token = (await house.signed_in())["access_token"]
    for by in ("inbound", "demo-api"):
        assert body_of(await house.introspect(token, by)) == {
            "active": True, "token_type": "Bearer", "username": "dana", **jwt_claims(token)
        }  # fmt: skip


async def test_a_refresh_token_tells_its_own_client_only(house: House) -> None:
    response = await house.signed_in()
    assert body_of(await house.introspect(response["refresh_token"], "inbound")) == {
        "active": True, "iss": ISSUER, "client_id": "inbound", "sub": "usr_dana", "username": "dana",
        "scope": "openid account", "exp": house.clock.now() + RULES.refresh_idle_seconds,
    }  # fmt: skip
    for stranger in ("demo-api", "classic", "post"):
        assert body_of(await house.introspect(response["refresh_token"], stranger)) == INACTIVE


async def test_IN02_what_is_not_active_is_told_in_one_word(house: House) -> None:
    response = await house.signed_in()
    for text in [*GARBAGE, response["id_token"]]:
        assert body_of(await house.introspect(text)) == INACTIVE
        assert body_of(await house.introspect(text, "inbound")) == INACTIVE
    rotated = response["refresh_token"]
    fresh = body_of(await house.refresh(rotated))
    assert body_of(await house.introspect(rotated, "inbound")) == INACTIVE
    house.clock.advance(RULES.access_seconds)
    assert body_of(await house.introspect(response["access_token"])) == INACTIVE
    assert body_of(await house.introspect(fresh["refresh_token"], "inbound"))["active"] is True
    house.clock.advance(RULES.refresh_idle_seconds - RULES.access_seconds)
    assert body_of(await house.introspect(fresh["refresh_token"], "inbound")) == INACTIVE
    assert error_of(await house.introspect("")) == "invalid_request"


async def test_IN03_another_portals_token_is_inactive_unless_the_asker_is_a_resource_server(house: House) -> None:
    token = (await house.signed_in())["access_token"]
    for stranger in ("classic", "post"):
        assert body_of(await house.introspect(token, stranger)) == INACTIVE
    async with house.store.write() as uow:
        client = await uow.clients.get("demo-api")
        assert client is not None
        third_party = replace(client, policy=replace(client.policy, first_party=False))
        await uow.clients.put(third_party, "test", house.clock.now())
    assert body_of(await house.introspect(token, "demo-api")) == INACTIVE


@pytest.mark.parametrize("hint", ["refresh_token", "access_token", "nonsense"])
async def test_IN05_the_hint_changes_nothing(house: House, hint: str) -> None:
    response = await house.signed_in()
    for name in ("access_token", "refresh_token"):
        plain = await house.introspect(response[name], "inbound")
        assert await house.introspect(response[name], "inbound", token_type_hint=hint) == plain
        assert body_of(plain)["active"] is True


@pytest.mark.parametrize("ending", [*OF_THE_PERSON, disable_the_client])
async def test_IN06_what_ended_the_sign_in_is_seen_at_once(house: House, ending: Ending) -> None:
    response = await house.signed_in()
    assert await house.is_alive(response)
    async with house.store.write() as uow:
        await ending(uow, house.clock.now())
    assert body_of(await house.introspect(response["access_token"])) == INACTIVE
    assert (await house.userinfo(response["access_token"])).status == 401


async def test_RV01_RV05_unknown_and_revoked_tokens_are_answered_alike(house: House) -> None:
    response = await house.signed_in()
    for text in [*GARBAGE, response["id_token"]]:
        answer = await house.revoke(text)
        assert (answer.status, answer.body) == (200, None)
    assert await house.is_alive(response)
    for _ in range(10):
        answer = await house.revoke(response["refresh_token"])
        assert (answer.status, answer.body) == (200, None)
    assert not await house.is_alive(response)
    assert await house.events(Event.GRANT_REVOKED) == 1
    assert error_of(await house.revoke("")) == "invalid_request"


async def test_RV02_another_clients_token_stays_alive(house: House) -> None:
    response = await house.signed_in()
    for stranger in ("classic", "spa", "demo-api", "post"):
        for name in ("access_token", "refresh_token"):
            assert (await house.revoke(response[name], stranger)).status == 200
    assert await house.is_alive(response)
    assert await house.events(Event.GRANT_REVOKED) == 0


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
@pytest.mark.parametrize("hint", ["refresh_token", "access_token", "nonsense"])
async def test_RV03_any_token_ends_the_whole_grant_and_no_other(house: House, name: str, hint: str) -> None:
    session_id = await house.session()
    response, other = [await house.signed_in(session_id=session_id) for _ in range(2)]
    assert (await house.revoke(response[name], token_type_hint=hint)).status == 200
    assert not await house.is_alive(response)
    assert await house.is_alive(other)


async def test_a_public_client_gives_back_its_own(house: House) -> None:
    response = await house.signed_in("spa")
    assert (await house.revoke(response["refresh_token"], "spa")).status == 200
    assert error_of(await house.refresh(response["refresh_token"], "spa")) == "invalid_grant"


async def test_the_trail_says_who_revoked_what(house: House) -> None:
    response = await house.signed_in()
    who = Actor(address="192.0.2.7", user_agent="portal/1.0", request_id="r-1")
    body = f"token={response['refresh_token']}".encode()
    answer = await revoke(house.back, {"content-type": FORM} | basic("inbound", secret_of("inbound")), body, who)
    assert answer.status == 200
    async with house.store.read() as uow:
        ((_, event),) = await uow.audit.list(event=Event.GRANT_REVOKED)
    assert (event.actor, event.user_id, event.account_id, event.client_id) == (
        who, "usr_dana", "acc_harbour", "inbound"
    )  # fmt: skip
    assert event.details == {"grant": grant_id_of(response)}
    assert event.at == house.clock.now()
