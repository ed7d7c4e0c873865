"""Redeeming authorization codes: what one is worth, to whom, and how often (SECURITY-CASES TK11-TK20)."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from idp.domain.audit import Event
from idp.domain.clients import ClientStatus
from tests.oidc.endings import OF_THE_PERSON, Ending
from tests.oidc.house import ISSUER, RULES, VERIFIER, House, basic, body_of, error_of, grant_id_of
from tests.support.tokens import b64url, jwt_claims, jwt_header

NOT_VALID = "invalid_grant"


async def test_a_code_becomes_the_three_tokens_and_nothing_else(house: House) -> None:
    answer = await house.redeem(await house.code())
    body = body_of(answer)
    assert body.keys() == {"access_token", "token_type", "expires_in", "refresh_token", "id_token", "scope"}
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 600, "openid account")
    assert answer.headers == (("Cache-Control", "no-store"), ("Pragma", "no-cache"))


async def test_TK45_the_access_token_is_a_typed_jwt_for_one_audience(house: House) -> None:
    response = await house.signed_in()
    now, token = house.clock.now(), response["access_token"]
    assert jwt_header(token) == {
        "typ": "at+jwt", "alg": "ES256", "kid": house.back.keys.signing_key("ES256").kid
    }  # fmt: skip
    claims = jwt_claims(token)
    jti, session = claims.pop("jti"), claims.pop("sid")
    assert jti.startswith("grt_")
    assert session.startswith("ses_")
    assert claims == {
        "iss": ISSUER, "sub": "usr_dana", "aud": ISSUER, "client_id": "inbound", "scope": "openid account",
        "iat": now, "exp": now + 600, "auth_time": now - 5, "acr": f"{ISSUER}/acr/mfa", "amr": ["pwd", "otp", "mfa"],
        **ACCOUNT,
    }  # fmt: skip


ACCOUNT = {
    "account": {"id": "acc_harbour", "number": "EC-20017", "name": "Harbour Dental", "kind": "end_client"},
    "account_path": [
        {"id": "acc_op", "number": "OP-1", "kind": "operator"},
        {"id": "acc_north", "number": "RS-10023", "kind": "reseller"},
        {"id": "acc_harbour", "number": "EC-20017", "kind": "end_client"},
    ],
    "reseller": {"id": "acc_north", "number": "RS-10023", "name": "Northern Voice"},
    "roles": ["administrator"],
    "permissions": ["use_2fa"],
}


@pytest.mark.parametrize(("client_id", "alg"), [("inbound", "ES256"), ("classic", "RS256")])
async def test_JO11_the_id_token_is_signed_as_registered_and_names_its_access_token(
    house: House, client_id: str, alg: str
) -> None:
    response = await house.signed_in(client_id, scope="openid profile email")
    now, token = house.clock.now(), response["id_token"]
    assert jwt_header(token) == {"typ": "JWT", "alg": alg, "kid": house.back.keys.signing_key(alg).kid}
    claims = jwt_claims(token)
    assert claims.pop("sid").startswith("ses_")
    half = hashlib.sha256(response["access_token"].encode()).digest()[:16]
    assert claims == {
        "iss": ISSUER, "sub": "usr_dana", "aud": client_id, "azp": client_id, "iat": now, "exp": now + 300,
        "auth_time": now - 5, "acr": f"{ISSUER}/acr/mfa", "amr": ["pwd", "otp", "mfa"], "nonce": "n-0S6_WzA2Mj",
        "at_hash": b64url(half),
    }  # fmt: skip


async def test_the_claims_parameter_puts_claims_into_the_id_token_within_the_clients_scopes(house: House) -> None:
    asked = {"id_token": {"email": {"essential": True}, "acr": {}, "phone_number": {}, "no_such": {}, "birthdate": {}}}
    claims = jwt_claims((await house.signed_in(claims=asked))["id_token"])
    assert claims["email"] == "dana@harbour.example"
    assert claims["phone_number"] == "+447700900118"
    assert not {"no_such", "birthdate", "name"} & claims.keys()
    asked = {"id_token": {"email": {}, "phone_number": {}}}
    claims = jwt_claims((await house.signed_in("post", scope="openid", claims=asked))["id_token"])
    assert claims["email"] == "dana@harbour.example"
    assert "phone_number" not in claims


async def test_without_a_nonce_none_is_invented_and_without_openid_there_is_no_id_token(house: House) -> None:
    assert "nonce" not in jwt_claims((await house.signed_in(nonce=None))["id_token"])
    response = await house.signed_in(scope="account")
    assert "id_token" not in response
    assert error_of(await house.userinfo(response["access_token"]), 403) == "insufficient_scope"


async def test_a_client_without_the_refresh_grant_gets_no_refresh_token(house: House) -> None:
    assert "refresh_token" not in await house.signed_in("once", scope="openid")


async def test_a_token_does_not_outlive_its_grant(house: House) -> None:
    response = await house.signed_in(expires_at=house.clock.now() + 90)
    assert response["expires_in"] == 90
    assert jwt_claims(response["access_token"])["exp"] == house.clock.now() + 90


async def test_TK11_another_client_cannot_redeem_the_code_and_its_owner_still_can(house: House) -> None:
    code = await house.code()
    assert error_of(await house.redeem(code, "classic")) == NOT_VALID
    assert error_of(await house.redeem(code, "spa", redirect_uri="https://inbound.example/callback")) == NOT_VALID
    assert body_of(await house.redeem(code))["refresh_token"]


async def test_TK12_a_code_dies_with_its_minute(house: House) -> None:
    code, late = await house.code(), await house.code()
    house.clock.advance(RULES.code_seconds - 1)
    assert body_of(await house.redeem(code))
    house.clock.advance(1)
    assert error_of(await house.redeem(late)) == NOT_VALID


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://inbound.example/callback/",
        "https://inbound.example/callback?x",
        "https://INBOUND.example/callback",
        "x",
    ],
)
async def test_a_wrong_redirect_uri_changes_nothing(house: House, redirect_uri: str) -> None:
    code = await house.code()
    assert error_of(await house.redeem(code, redirect_uri=redirect_uri)) == NOT_VALID
    assert error_of(await house.redeem(code, redirect_uri=None)) == "invalid_request"
    assert body_of(await house.redeem(code))


@pytest.mark.parametrize("verifier", [None, "x" * 42, "x" * 129, "x" * 43, VERIFIER + " ", "é" * 43, VERIFIER[:-1]])
async def test_TK14_a_wrong_verifier_changes_nothing(house: House, verifier: str | None) -> None:
    code = await house.code()
    assert error_of(await house.redeem(code, code_verifier=verifier)) == NOT_VALID
    assert body_of(await house.redeem(code))


async def test_TK14_the_verifier_of_another_flow_is_wrong(house: House) -> None:
    code, other = await house.code(), await house.code(code_challenge=b64url(hashlib.sha256(b"y" * 43).digest()))
    assert error_of(await house.redeem(code, code_verifier="y" * 43)) == NOT_VALID
    assert error_of(await house.redeem(other)) == NOT_VALID
    assert body_of(await house.redeem(other, code_verifier="y" * 43))


async def test_TK15_a_verifier_without_a_challenge_is_a_downgrade(house: House) -> None:
    code = await house.code("lax", scope="openid", code_challenge=None)
    assert error_of(await house.redeem(code, "lax")) == NOT_VALID
    assert body_of(await house.redeem(code, "lax", code_verifier=None))
    challenged = await house.code("lax", scope="openid")
    assert error_of(await house.redeem(challenged, "lax", code_verifier=None)) == NOT_VALID


@pytest.mark.parametrize("seconds", [0, 1, 30])
async def test_TK16_a_valid_replay_ends_everything_that_came_of_the_code(house: House, seconds: int) -> None:
    code = await house.code()
    response = body_of(await house.redeem(code))
    assert await house.is_alive(response)
    house.clock.advance(seconds)
    assert error_of(await house.redeem(code)) == NOT_VALID
    assert not await house.is_alive(response)
    assert error_of(await house.refresh(response["refresh_token"])) == NOT_VALID
    assert await house.events(Event.CODE_REPLAYED) == 1
    assert error_of(await house.redeem(code)) == NOT_VALID
    assert await house.events(Event.CODE_REPLAYED) == 1


async def test_TK17_a_replay_that_is_wrong_in_anything_revokes_nothing(house: House) -> None:
    code = await house.code()
    response = body_of(await house.redeem(code))
    assert error_of(await house.redeem(code, code_verifier="x" * 43)) == NOT_VALID
    assert error_of(await house.redeem(code, code_verifier=None)) == NOT_VALID
    assert error_of(await house.redeem(code, redirect_uri="https://inbound.example/other")) == NOT_VALID
    assert error_of(await house.redeem(code, "classic")) == NOT_VALID
    assert error_of(await house.redeem(code, "post")) == NOT_VALID
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://inbound.example/callback"}
    wrong = basic("inbound", "wrong")
    assert error_of(await house.send(wrong, form | {"code_verifier": VERIFIER}), 401) == "invalid_client"
    assert await house.is_alive(response)
    assert await house.events(Event.CODE_REPLAYED) == 0


async def test_TK18_a_replay_long_after_the_code_expired_is_still_seen(house: House) -> None:
    code = await house.code()
    response = body_of(await house.redeem(code))
    house.clock.advance(3600)
    response = body_of(await house.refresh(response["refresh_token"]))
    assert error_of(await house.redeem(code)) == NOT_VALID
    assert not await house.is_alive(response)


async def test_TK19_of_twenty_redemptions_at_two_replicas_one_wins_and_no_token_is_orphaned(
    house: House, replica: House
) -> None:
    code = await house.code()
    answers = await asyncio.gather(*((house, replica)[n % 2].redeem(code) for n in range(20)))
    winners = [body_of(answer) for answer in answers if answer.status == 200]
    assert len(winners) == 1
    assert all(error_of(answer) == NOT_VALID for answer in answers if answer.status != 200)
    # The nineteen others were replays in every respect, so what the winner got is dead, and nothing else was made.
    assert not await house.is_alive(winners[0])
    assert await house.events(Event.CODE_REPLAYED) == 1


@pytest.mark.parametrize("ending", OF_THE_PERSON)
async def test_TK20_what_happens_between_code_and_redemption_counts(house: House, ending: Ending) -> None:
    code = await house.code()
    async with house.store.write() as uow:
        await ending(uow, house.clock.now())
    assert error_of(await house.redeem(code)) == NOT_VALID


async def test_TK20_a_client_that_was_disabled_is_refused_though_it_is_still_remembered(house: House) -> None:
    assert await house.signed_in()
    code = await house.code()
    async with house.store.write() as uow:
        await uow.clients.set_status("inbound", ClientStatus.DISABLED)
    assert error_of(await house.redeem(code), 401) == "invalid_client"


async def test_a_changed_registration_counts_at_once(house: House) -> None:
    assert await house.signed_in()
    code = await house.code()
    async with house.store.write() as uow:
        client = await uow.clients.get("inbound")
        assert client is not None
        await uow.clients.set_secrets("inbound", ((b"\x00" * 32, None),), house.clock.now())
    assert error_of(await house.redeem(code), 401) == "invalid_client"
    async with house.store.write() as uow:
        await uow.clients.set_secrets("inbound", client.secret_hashes, house.clock.now())
    assert body_of(await house.redeem(code))


@pytest.mark.parametrize("code", ["x", "x" * 8000, "é", "'; DROP TABLE grants; --", " "])
async def test_TK46_a_strange_code_is_just_not_valid(house: House, code: str) -> None:
    assert error_of(await house.redeem(code)) == NOT_VALID


async def test_offline_access_outlives_the_session_and_no_other_grant_does(house: House) -> None:
    session_id = await house.session()
    bound = await house.signed_in(session_id=session_id)
    offline = await house.signed_in(session_id=session_id, scope="openid offline_access")
    assert grant_id_of(bound) != grant_id_of(offline)
    async with house.store.write() as uow:
        await uow.sessions.end(session_id, house.clock.now())
    assert not await house.is_alive(bound)
    assert await house.is_alive(offline)
    house.clock.advance(RULES.refresh_absolute_seconds + 60)
    assert body_of(await house.refresh(offline["refresh_token"]))


async def test_a_code_is_redeemed_across_replicas(house: House, replica: House) -> None:
    response = body_of(await replica.redeem(await house.code()))
    assert await house.is_alive(response)
