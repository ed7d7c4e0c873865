"""Userinfo: what it tells, to which token, and how it refuses (SECURITY-CASES UI01-UI08, JO07, JO08)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from idp.oidc.answers import ProtocolAnswer
from idp.oidc.token.userinfo import userinfo
from tests.oidc.house import FORM, ISSUER, RULES, House, body_of
from tests.support.tokens import jwt_claims

PROFILE = {"name", "given_name", "family_name", "preferred_username", "locale", "updated_at"}
EMAIL = {"email", "email_verified"}
PHONE = {"phone_number", "phone_number_verified"}
PLACE = {"account", "account_path", "reseller", "roles", "permissions"}


def challenge_of(answer: ProtocolAnswer) -> str:
    value = dict(answer.headers)["WWW-Authenticate"]
    assert value.startswith(f'Bearer realm="{ISSUER}"')
    return value


def is_invalid(answer: ProtocolAnswer) -> bool:
    return answer.status == 401 and 'error="invalid_token"' in challenge_of(answer)


async def asked(house: House, method: str, headers: dict[str, str], body: bytes = b"") -> ProtocolAnswer:
    return await userinfo(house.back, method, headers, body)


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("openid", set()),
        ("openid profile", PROFILE),
        ("openid email", EMAIL),
        ("openid phone", PHONE),
        ("openid address", {"address"}),
        ("openid account", PLACE),
        ("openid profile email phone address account", PROFILE | EMAIL | PHONE | PLACE | {"address"}),
    ],
)
async def test_UI08_each_scope_tells_its_claims_and_no_more(house: House, scope: str, names: set[str]) -> None:
    response = await house.signed_in(scope=scope)
    body = body_of(await house.userinfo(response["access_token"]))
    assert body.keys() == {"sub"} | names
    assert body["sub"] == jwt_claims(response["id_token"])["sub"]
    assert all(value not in (None, "") for value in body.values())


async def test_UI08_single_claims_are_told_when_asked_for_within_the_clients_scopes(house: House) -> None:
    wanted: dict[str, Any] = {"userinfo": {"name": {"essential": True}, "phone_number": {}, "zoneinfo": {}, "x": {}}}
    response = await house.signed_in(scope="openid", claims=wanted)
    body = body_of(await house.userinfo(response["access_token"]))
    assert body == {"sub": "usr_dana", "name": "Dana Reed", "phone_number": "+447700900118"}
    response = await house.signed_in("post", scope="openid", claims=wanted | {"userinfo": {"name": {}, "email": {}}})
    assert body_of(await house.userinfo(response["access_token"])).keys() == {"sub", "email"}


async def test_the_claims_are_those_of_the_moment(house: House) -> None:
    token = (await house.signed_in(scope="openid profile account"))["access_token"]
    async with house.store.write() as uow:
        dana = await uow.people.get("usr_dana")
        assert dana is not None
        await uow.people.update(replace(dana, family_name="Hale"), house.clock.now())
    assert body_of(await house.userinfo(token))["family_name"] == "Hale"


async def test_the_token_may_come_by_header_or_in_the_form_of_a_post(house: House) -> None:
    token = (await house.signed_in())["access_token"]
    form, header = {"content-type": FORM}, {"authorization": f"Bearer {token}"}
    body = f"access_token={token}".encode()
    expected = body_of(await asked(house, "GET", header))
    assert body_of(await asked(house, "POST", header)) == expected
    assert body_of(await asked(house, "POST", {"authorization": f"bearer  {token}"})) == expected
    assert body_of(await asked(house, "POST", header | {"content-type": "application/json"}, b"{}")) == expected
    assert body_of(await asked(house, "POST", form, body)) == expected
    twice = await asked(house, "POST", form | header, body)
    assert twice.status == 400
    assert 'error="invalid_request"' in challenge_of(twice)
    assert (await asked(house, "GET", form, body)).status == 401


async def test_UI01_without_a_token_the_challenge_names_no_error(house: House) -> None:
    for headers in ({}, {"authorization": "Basic x"}, {"authorization": "Bearer"}, {"authorization": "Bearer "}):
        answer = await asked(house, "GET", headers)
        assert (answer.status, answer.body) == (401, None)
        assert challenge_of(answer) == f'Bearer realm="{ISSUER}"'


async def test_UI02_garbage_expired_and_revoked_tokens_are_invalid(house: House) -> None:
    token = (await house.signed_in())["access_token"]
    for text in ("garbage", "a.b.c", token[:-2], token + "x", f"{token} x", "é", "x" * 9000, "\x00"):
        assert is_invalid(await house.userinfo(text))
    revoked = await house.signed_in()
    await house.revoke(revoked["refresh_token"])
    assert is_invalid(await house.userinfo(revoked["access_token"]))
    house.clock.advance(RULES.access_seconds - 1)
    assert body_of(await house.userinfo(token))
    house.clock.advance(1)
    assert is_invalid(await house.userinfo(token))


async def test_UI03_nothing_but_an_access_token_opens_it(house: House) -> None:
    response = await house.signed_in()
    code = await house.code()
    session_id = jwt_claims(response["id_token"])["sid"]
    for text in (response["id_token"], response["refresh_token"], session_id, code, "inbound"):
        assert is_invalid(await house.userinfo(text))


async def test_UI06_a_token_without_openid_is_not_enough(house: House) -> None:
    response = await house.signed_in(scope="account profile")
    answer = await house.userinfo(response["access_token"])
    assert answer.status == 403
    assert 'error="insufficient_scope"' in challenge_of(answer)
    assert 'scope="openid"' in challenge_of(answer)


async def test_a_narrowed_token_tells_less_than_its_grant(house: House) -> None:
    response = await house.signed_in(scope="openid profile account")
    narrow = body_of(await house.refresh(response["refresh_token"], scope="openid"))
    assert body_of(await house.userinfo(narrow["access_token"])) == {"sub": "usr_dana"}


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": f"{ISSUER}/"},
        {"iss": None},
        {"aud": "inbound"},
        {"aud": [ISSUER]},
        {"aud": [ISSUER, "inbound"]},
        {"aud": f"{ISSUER}.evil.example"},
        {"aud": None},
        {"exp": None},
        {"exp": "4000000000"},
        {"exp": 4_000_000_000.5},
        {"exp": True},
        {"exp": 1_767_258_000},
        {"nbf": 1_767_258_061},
        {"nbf": "x"},
        {"iat": 1_767_258_061},
        {"iat": None},
        {"sub": None},
        {"sub": 7},
        {"jti": None},
        {"jti": ["x"]},
        {"jti": "grt_aaaaaaaaaaaaaaaaaaaaaaaa.x"},
        {"scope": None},
        {"scope": ["openid"]},
        {"client_id": None},
        {"client_id": "classic"},
    ],
)
async def test_JO07_JO08_a_token_of_ours_with_a_wrong_claim_is_refused(house: House, changes: dict[str, Any]) -> None:
    claims = jwt_claims((await house.signed_in())["access_token"])
    assert body_of(await house.userinfo(signed(house, claims)))
    wrong = {name: value for name, value in (claims | changes).items() if value is not None}
    assert is_invalid(await house.userinfo(signed(house, wrong)))
    assert body_of(await house.introspect(signed(house, wrong))) == {"active": False}


def signed(house: House, claims: dict[str, Any]) -> str:
    return house.back.keys.sign("ES256", "at+jwt", claims)


async def test_tokens_outlive_a_rotation_of_keys_and_die_with_a_revoked_key(house: House) -> None:
    token = (await house.signed_in())["access_token"]
    old = house.back.keys.signing_key("ES256").kid
    await house.back.keys.rotate()
    assert body_of(await house.userinfo(token))
    await house.back.keys.revoke(old)
    assert is_invalid(await house.userinfo(token))
