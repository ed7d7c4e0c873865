"""Client authentication at all three endpoints that want it (SECURITY-CASES TK05-TK10, TK24, TK43)."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

import pytest

from idp.domain.ids import secret_hash
from idp.oidc.answers import ProtocolAnswer
from tests.oidc.house import FORM, VERIFIER, House, basic, body_of, error_of, secret_of

OWN = {"grant_type": "client_credentials"}
ASSERTION = {
    "client_assertion": "e30.e30.e30",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
}


def post(client_id: str, secret: str) -> dict[str, str]:
    return {"client_id": client_id, "client_secret": secret}


async def refused(house: House, headers: dict[str, str], form: dict[str, str]) -> ProtocolAnswer:
    """The answer, after checking that it says invalid_client and challenges whoever tried Basic."""
    answer = await house.send(headers, form)
    assert error_of(answer, 401) == "invalid_client"
    challenged = dict(answer.headers).get("WWW-Authenticate", "").startswith("Basic ")
    assert challenged == ("authorization" in headers)
    return answer


async def test_the_registered_method_with_the_right_secret_is_accepted(house: House) -> None:
    assert body_of(await house.send(basic("demo-api", secret_of("demo-api")), OWN))
    right = basic("demo-api", secret_of("demo-api"))["authorization"].replace("Basic", "bAsIc")
    assert body_of(await house.send({"authorization": right}, OWN | {"client_id": "demo-api"}))
    code = await house.code("post", scope="openid")
    assert body_of(await house.redeem(code, "post"))
    code = await house.code("spa", scope="openid")
    assert body_of(await house.redeem(code, "spa"))


@pytest.mark.parametrize(
    ("headers", "form"),
    [
        (basic("demo-api", secret_of("demo-api")), post("demo-api", secret_of("demo-api"))),
        (basic("demo-api", secret_of("demo-api")), ASSERTION),
        (basic("demo-api", secret_of("demo-api")), {"client_secret": "x"}),
        ({}, post("post", secret_of("post")) | ASSERTION),
        (basic("demo-api", secret_of("demo-api")), {"client_id": "inbound"}),
    ],
)
async def test_TK05_two_credentials_are_one_too_many(house: House, headers: Any, form: Any) -> None:
    assert error_of(await house.send(headers, OWN | form)) == "invalid_request"


async def test_TK06_unknown_client_and_wrong_secret_are_the_same_answer(house: House) -> None:
    by_header = [
        await refused(house, basic(client_id, secret), OWN)
        for client_id, secret in [
            ("demo-api", "wrong"),
            ("nobody", "wrong"),
            ("demo-api", ""),
            ("x" * 300, "y"),
            ("é", "y"),
        ]
    ]
    assert all(answer == by_header[0] for answer in by_header)
    by_form = [
        await refused(house, {}, OWN | post(client_id, secret))
        for client_id, secret in [("post", "wrong"), ("nobody", "wrong"), ("a\r\nb", "c"), ("usr_dana", "x")]
    ]
    assert all(answer == by_form[0] for answer in by_form)


@pytest.mark.parametrize(
    "value", ["Basic", "Basic ", "Basic !!!", "Basic " + base64.b64encode(b"no colon").decode(),
              "Basic " + base64.b64encode(b"\xff\xfe:x").decode(), "Basic " + base64.b64encode(b"%zz:x").decode(),
              "Basic " + base64.b64encode(b"a%00:x").decode(), "Bearer abc", "Digest x", ""],
)  # fmt: skip
async def test_a_broken_header_is_a_failed_authentication(house: House, value: str) -> None:
    await refused(house, {"authorization": value}, OWN)


async def test_TK08_another_method_than_the_registered_one_is_refused(house: House) -> None:
    await refused(house, basic("signed", secret_of("signed")), {"grant_type": "refresh_token", "refresh_token": "x"})
    await refused(house, {}, OWN | post("demo-api", secret_of("demo-api")))
    await refused(house, basic("post", secret_of("post")), {"grant_type": "refresh_token", "refresh_token": "x"})
    await refused(house, basic("spa", ""), {"grant_type": "refresh_token", "refresh_token": "x"})


async def test_TK43_an_assertion_that_nobody_verified_is_no_authentication(house: House) -> None:
    for client_id in ("signed", "demo-api", "spa", "nobody"):
        await refused(house, {}, OWN | ASSERTION | {"client_id": client_id})
    await refused(house, {}, OWN | ASSERTION)
    await refused(house, {}, OWN | {"client_assertion_type": ASSERTION["client_assertion_type"], "client_id": "spa"})


async def test_TK09_no_credentials_are_not_enough_anywhere(house: House) -> None:
    response = await house.signed_in()
    code = await house.code()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "x", "code_verifier": VERIFIER}
    await refused(house, {}, form | {"client_id": "inbound"})
    await refused(house, {}, form)
    for answer in (
        await house.introspect(response["access_token"], None),
        await house.introspect(response["access_token"], None, client_id="inbound"),
        await house.introspect(response["access_token"], "spa"),
        await house.revoke(response["access_token"], None),
        await house.revoke(response["access_token"], None, client_id="inbound"),
    ):
        assert error_of(answer, 401) == "invalid_client"
    assert await house.is_alive(response)


async def test_TK10_an_expired_secret_is_refused_and_two_are_valid_while_one_is_rotated_out(house: House) -> None:
    now = house.clock.now()
    async with house.store.write() as uow:
        pair = ((secret_hash("old"), now + 3600), (secret_hash("new"), None))
        await uow.clients.set_secrets("demo-api", pair, now)
    assert body_of(await house.send(basic("demo-api", "old"), OWN))
    assert body_of(await house.send(basic("demo-api", "new"), OWN))
    house.clock.advance(3600)
    await refused(house, basic("demo-api", "old"), OWN)
    assert body_of(await house.send(basic("demo-api", "new"), OWN))


async def test_TK10_a_secret_that_was_taken_away_is_refused_at_once_and_a_new_one_works_at_once(house: House) -> None:
    assert body_of(await house.send(basic("demo-api", secret_of("demo-api")), OWN))
    async with house.store.write() as uow:
        await uow.clients.set_secrets("demo-api", ((secret_hash("new"), None),), house.clock.now())
    await refused(house, basic("demo-api", secret_of("demo-api")), OWN)
    assert body_of(await house.send(basic("demo-api", "new"), OWN))


async def test_a_client_is_known_as_soon_as_it_is_stored(house: House) -> None:
    from dataclasses import replace

    await refused(house, basic("fresh", "secret"), OWN)
    async with house.store.write() as uow:
        client = await uow.clients.get("demo-api")
        assert client is not None
        fresh = replace(client, client_id="fresh", secret_hashes=((secret_hash("secret"), None),))
        await uow.clients.put(fresh, "test", house.clock.now())
    assert body_of(await house.send(basic("fresh", "secret"), OWN))


@pytest.mark.parametrize(
    ("client_id", "grant_type"),
    [("inbound", "client_credentials"), ("demo-api", "refresh_token"), ("demo-api", "authorization_code"),
     ("once", "refresh_token")],
)  # fmt: skip
async def test_a_grant_that_is_not_registered_is_refused(house: House, client_id: str, grant_type: str) -> None:
    answer = await house.token(client_id, grant_type=grant_type, code="x", refresh_token="x")
    assert error_of(answer) == "unauthorized_client"


async def test_TK24_a_public_client_cannot_act_for_itself(house: House) -> None:
    assert error_of(await house.token("open", grant_type="client_credentials")) == "unauthorized_client"


@pytest.mark.parametrize(
    "grant_type", ["password", "implicit", "urn:ietf:params:oauth:grant-type:device_code", "x", "é"]
)
async def test_TK21_other_grants_are_unsupported_whoever_asks(house: House, grant_type: str) -> None:
    form = {"username": "dana", "password": "Correct-Horse-9"}
    assert error_of(await house.token("inbound", grant_type=grant_type, **form)) == "unsupported_grant_type"
    assert error_of(await house.token(None, grant_type=grant_type, **form)) == "unsupported_grant_type"
    assert error_of(await house.token("inbound")) == "invalid_request"


async def test_the_introspection_body_may_carry_the_credentials(house: House) -> None:
    from idp.oidc.token.introspection import introspect

    response = await house.signed_in("post", scope="openid")
    form = {"token": response["access_token"], **post("post", secret_of("post"))}
    answer = await introspect(house.back, {"content-type": FORM}, urlencode(form).encode())
    assert body_of(answer)["active"] is True
