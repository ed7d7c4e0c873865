"""The machine endpoints as HTTP: methods, headers, bodies, and which pages of the web may read them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from idp.web.addresses import Addresses
from idp.web.protocol.back_channel import machines
from tests.oidc.house import FORM, ISSUER, House, basic, body_of, secret_of
from tests.support.web import client_of, small_app, small_runtime

OWN = {"grant_type": "client_credentials"}
API = basic("demo-api", secret_of("demo-api"))
WELL_KNOWN = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")


@pytest.fixture(params=["sqlite"])
def migrated_url(request: pytest.FixtureRequest) -> str:
    """HTTP is the same over either database."""
    url: str = request.getfixturevalue("sqlite_url")
    return url


@pytest.fixture
async def http(house: House, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    runtime = small_runtime(tmp_path / "web", issuer=ISSUER, demo=False)
    app = small_app(runtime, machines=machines(house.back, Addresses()))
    async with client_of(app, base_url=ISSUER) as client:
        yield client
    await runtime.store.close()


async def test_a_token_request_is_answered_in_json_that_nobody_keeps(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/token", data=OWN, headers=API)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers
    assert answer.json().keys() == {"access_token", "token_type", "expires_in", "scope"}


async def test_a_code_works_over_http_from_redemption_to_revocation(http: httpx2.AsyncClient, house: House) -> None:
    form = {
        "grant_type": "authorization_code",
        "code": await house.code(),
        "redirect_uri": "https://inbound.example/callback",
        "code_verifier": "a-verifier-of-forty-three-characters-or-more",
    }
    mine = basic("inbound", secret_of("inbound"))
    response = (await http.post("/token", data=form, headers=mine)).json()
    bearer = {"authorization": f"Bearer {response['access_token']}"}
    assert (await http.get("/userinfo", headers=bearer)).json()["sub"] == "usr_dana"
    assert (await http.post("/userinfo", data={"access_token": response["access_token"]})).status_code == 200
    token = {"token": response["access_token"]}
    assert (await http.post("/introspect", data=token, headers=API)).json()["active"] is True
    revoked = await http.post("/revoke", data=token, headers=mine)
    assert (revoked.status_code, revoked.content) == (200, b"")
    assert (await http.post("/introspect", data=token, headers=API)).json() == {"active": False}
    assert (await http.get("/userinfo", headers=bearer)).status_code == 401


async def test_UI04_a_token_in_the_query_is_not_seen(http: httpx2.AsyncClient, house: House) -> None:
    token = (await house.signed_in())["access_token"]
    assert (await http.get("/userinfo", params={"access_token": token})).status_code == 401
    assert (await http.post("/userinfo", params={"access_token": token})).status_code == 401


@pytest.mark.parametrize(
    ("path", "method", "allow"),
    [
        ("/token", "GET", "POST"),
        ("/token", "PUT", "POST"),
        ("/introspect", "GET", "POST"),
        ("/introspect", "OPTIONS", "POST"),
        ("/revoke", "GET", "POST"),
        ("/userinfo", "DELETE", "GET, POST"),
        ("/jwks", "POST", "GET, HEAD"),
        (WELL_KNOWN[0], "POST", "GET, HEAD"),
    ],
)
async def test_IN07_other_methods_are_not_allowed(http: httpx2.AsyncClient, path: str, method: str, allow: str) -> None:
    answer = await http.request(method, path, params={"token": "x", "grant_type": "client_credentials"})
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"content-type": "application/json"}, b'{"grant_type":"client_credentials"}', 400),
        ({"content-type": "text/plain"}, b"grant_type=client_credentials", 400),
        ({"content-type": "multipart/form-data; boundary=x"}, b"--x--", 400),
        ({"content-type": ";;;"}, b"grant_type=client_credentials", 400),
        ({}, b"grant_type=client_credentials", 400),
        ({"content-type": FORM}, b"grant_type=client_credentials&grant_type=client_credentials", 400),
        ({"content-type": FORM}, b"x" * 70_000, 413),
        ({"content-type": FORM}, b"", 400),
    ],
)
async def test_TK02_TK46_strange_bodies_are_refused(
    http: httpx2.AsyncClient, headers: dict[str, str], body: bytes, status: int
) -> None:
    answer = await http.post("/token", headers=headers | API, content=body)
    assert answer.status_code == status
    assert answer.json()["error"] == "invalid_request"


async def test_TK46_a_body_without_a_declared_length_is_cut_off(http: httpx2.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(5000):
            yield b"x" * 10_000

    answer = await http.post("/token", headers={"content-type": FORM} | API, content=endless())
    assert answer.status_code == 413


async def test_a_deciding_header_that_is_sent_twice_is_refused(http: httpx2.AsyncClient, house: House) -> None:
    token = (await house.signed_in())["access_token"]
    twice = [("authorization", f"Bearer {token}"), ("authorization", "Bearer other")]
    assert (await http.get("/userinfo", headers=twice)).status_code == 400
    assert (await http.get("/userinfo", headers=twice[:1])).status_code == 200


@pytest.mark.parametrize("path", [*WELL_KNOWN, "/jwks"])
async def test_DJ04_metadata_and_keys_are_for_everybody_and_may_be_kept_a_while(
    http: httpx2.AsyncClient, path: str
) -> None:
    answer = await http.get(path, headers={"origin": "https://evil.example", "cookie": "a=b"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["cache-control"] == "public, max-age=300"
    head = await http.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(answer.content))


async def test_DJ01_no_header_moves_an_address(http: httpx2.AsyncClient) -> None:
    plain = (await http.get(WELL_KNOWN[0])).json()
    assert (await http.get(WELL_KNOWN[1])).json() == plain
    moved = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "http", "forwarded": "host=evil.example"}
    assert (await http.get(WELL_KNOWN[0], headers=moved)).json() == plain
    assert (await http.get(WELL_KNOWN[0], headers={"host": "evil.example"})).status_code == 400


def cors(answer: httpx2.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


@pytest.mark.parametrize("path", ["/token", "/userinfo", "/revoke"])
async def test_pages_of_public_clients_may_read_their_answers_and_no_other_page(
    http: httpx2.AsyncClient, path: str
) -> None:
    asked: dict[str, Any] = {"access-control-request-method": "POST"}
    spa = await http.options(path, headers=asked | {"origin": "https://spa.example"})
    assert spa.status_code == 204
    assert cors(spa)["access-control-allow-origin"] == "https://spa.example"
    assert "access-control-allow-credentials" not in cors(spa)
    assert cors(await http.post(path, headers={"origin": "https://spa.example"}))
    for stranger in ("https://evil.example", "https://inbound.example", "null", "https://spa.example.evil.example"):
        assert "access-control-allow-origin" not in cors(await http.options(path, headers=asked | {"origin": stranger}))
        assert not cors(await http.post(path, headers={"origin": stranger}))


async def test_introspection_is_not_for_browsers(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/introspect", headers={"origin": "https://spa.example"} | API, data={"token": "x"})
    assert answer.status_code == 200
    assert not cors(answer)


async def test_the_keys_verify_what_the_endpoint_signs(http: httpx2.AsyncClient) -> None:
    from joserfc import jwt
    from joserfc.jwk import KeySet

    keys = KeySet.import_key_set((await http.get("/jwks")).json())
    token = (await http.post("/token", data=OWN, headers=API)).json()["access_token"]
    assert jwt.decode(token, keys, algorithms=["ES256"]).claims["sub"] == "demo-api"


async def test_the_trail_names_the_address(http: httpx2.AsyncClient, house: House) -> None:
    code = await house.code()
    assert body_of(await house.redeem(code))
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://inbound.example/callback"}
    replay = form | {"code_verifier": "a-verifier-of-forty-three-characters-or-more"}
    headers = basic("inbound", secret_of("inbound")) | {"user-agent": "portal/1.0"}
    assert (await http.post("/token", data=replay, headers=headers)).status_code == 400
    async with house.store.read() as uow:
        (_, event), *_ = await uow.audit.list()
    assert (event.event, event.actor.address, event.actor.user_agent) == ("code.replayed", "127.0.0.1", "portal/1.0")
