"""Cookies: what they look like, and that nobody else's count (SECURITY-CASES SE01, SE02, SE06)."""

from __future__ import annotations

import httpx2
import pytest
from starlette.responses import Response

from idp.domain.rules import DAY
from idp.web.cookies import Cookie, Cookies
from tests.web.probe import SESSION

B, C = "B" * 43, "C" * 43


async def test_SE01_a_secure_cookie_has_every_protection(secure_client: httpx2.AsyncClient) -> None:
    answer = await secure_client.get("/sign-in-here")
    assert answer.headers.get_list("set-cookie") == [
        f"__Host-idp-session={SESSION}; Path=/; Secure; HttpOnly; SameSite=Lax"
    ]
    line = (await secure_client.get("/page")).headers["set-cookie"]
    name, _, rest = line.partition("=")
    value, *attributes = rest.split("; ")
    assert name == "__Host-idp-browser"
    assert len(value) == 43
    assert attributes == [f"Max-Age={365 * DAY}", "Path=/", "Secure", "HttpOnly", "SameSite=Lax"]


async def test_SE01_on_loopback_only_prefix_and_secure_are_missing(client: httpx2.AsyncClient) -> None:
    line = (await client.get("/page")).headers["set-cookie"]
    assert line.startswith("idp-browser=")
    assert line.endswith(f"; Max-Age={365 * DAY}; Path=/; HttpOnly; SameSite=Lax")


async def test_a_session_cookie_is_cleared_by_the_same_name_and_path(secure_client: httpx2.AsyncClient) -> None:
    line = (await secure_client.get("/sign-out-here")).headers["set-cookie"]
    assert line == "__Host-idp-session=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"


async def test_a_known_browser_gets_no_second_cookie(client: httpx2.AsyncClient) -> None:
    first = await client.get("/page")
    assert "set-cookie" in first.headers
    assert "set-cookie" not in (await client.get("/page")).headers


async def test_pages_without_a_form_make_no_browser_cookie(client: httpx2.AsyncClient) -> None:
    assert "set-cookie" not in (await client.get("/nowhere")).headers


@pytest.mark.parametrize(
    "line",
    [
        f"idp-session={B}; idp-session={C}",  # one of them was planted
        f"idp-session={B}; idp-session={B}",
        "idp-session=",
        "idp-session",
        f"idp-session={B[:-1]}",
        f"idp-session={B}%00",
        f'idp-session="{B}"',
        f"IDP-SESSION={B}",
        f"xidp-session={B}",
        f"__Host-idp-session={B}",  # not this issuer's name
        "idp-session=" + "A" * 5000,
        "=;;;=,,\t; idp-session=\x80\xff",
    ],
)
async def test_SE06_a_cookie_that_is_not_ours_is_no_cookie(client: httpx2.AsyncClient, line: str) -> None:
    answer = await client.get("/who", headers={b"cookie": line.encode("latin-1")})
    assert answer.status_code == 200
    assert answer.json()["session"] is None


async def test_SE02_two_cookie_headers_are_read_as_one_list(client: httpx2.AsyncClient) -> None:
    lines = [("cookie", f"idp-session={B}"), ("cookie", f"a=b; idp-session={C}")]
    assert (await client.get("/who", headers=lines)).json()["session"] is None
    lines = [("cookie", "x=y"), ("cookie", f"a=b; idp-session={C}")]
    assert (await client.get("/who", headers=lines)).json()["session"] == C


async def test_SE02_a_session_in_the_query_or_body_is_nothing(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/who", params={"idp-session": B})).json()["session"] is None


def test_a_cookie_carries_nothing_but_a_secret() -> None:
    with pytest.raises(ValueError, match="43 base64url"):
        Cookies(secure=True).set(Response(), Cookie.SESSION, "dana; Domain=example")
