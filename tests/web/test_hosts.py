"""Under which names the house answers (SECURITY-CASES HD07, HD08; CONTRACT, Cookies)."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from idp.errors import ConfigurationError
from idp.web.issuer import Host, Issuer, is_loopback
from tests.support.web import SECURE_ISSUER, client_of, small_app, small_runtime
from tests.web import probe

FOREIGN = [
    "evil.example",
    "localhost",  # port 80
    "localhost:9001",
    "localhost:9000.evil.example",
    "localhost:9000@evil.example",
    "localhost:0x2328",
    "localhost:",
    "localhost:9000/",
    "localhost:9000 ",
    "127.0.0.1.evil.example:9000",
    "2130706433:9000",
    "[::1",
    "",
    "é:9000",
]


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("path", ["/page", "/machine", "/static/style.css", "/nowhere"])
async def test_HD07_another_host_is_refused(client: httpx2.AsyncClient, host: str, path: str) -> None:
    answer = await client.get(path, headers={b"host": host.encode()})
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert not host or host not in answer.text


async def test_HD07_two_hosts_are_refused_even_when_both_are_ours(client: httpx2.AsyncClient) -> None:
    for path in ("/page", "/machine"):
        answer = await client.get(path, headers=[("host", "localhost:9000"), ("host", "localhost:9000")])
        assert answer.status_code == 400


async def test_HD07_forwarded_names_and_paths_are_ignored(secure_client: httpx2.AsyncClient) -> None:
    headers = {
        "x-forwarded-host": "evil.example",
        "x-forwarded-prefix": "/evil",
        "x-original-url": "/nowhere",
        "x-rewrite-url": "/nowhere",
        "forwarded": "host=evil.example",
    }
    answer = await secure_client.get("/page", headers=headers)
    assert answer.status_code == 200
    assert "evil" not in answer.text
    plain = await secure_client.get("/page", headers=headers | {"x-forwarded-proto": "http"})
    assert plain.headers["location"] == f"{SECURE_ISSUER}/page"


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "[::1]:9000", "127.0.0.2:9000"])
async def test_pages_under_another_loopback_name_lead_to_the_issuer(client: httpx2.AsyncClient, host: str) -> None:
    answer = await client.get("/page?a=%C3%A9&b=c", headers={"host": host})
    assert answer.status_code == 307
    assert answer.headers["location"] == "http://localhost:9000/page?a=%C3%A9&b=c"
    posted = await client.post("/page", headers={"host": host, "sec-fetch-site": "same-origin"})
    assert posted.status_code == 400


async def test_a_path_cannot_lead_the_redirect_away(client: httpx2.AsyncClient) -> None:
    answer = await client.get("http://127.0.0.1:9000//evil.example/%2e%2e", headers={"host": "127.0.0.1:9000"})
    assert answer.headers["location"] == "http://localhost:9000//evil.example/%2e%2e"


async def test_machines_may_use_any_loopback_name(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/machine", content=b"abc", headers={"host": "127.0.0.1:9000"})
    assert answer.json() == {"bytes": 3, "path": "/machine"}


async def test_the_host_is_compared_as_names_are(client: httpx2.AsyncClient, secure_client: httpx2.AsyncClient) -> None:
    assert (await client.get("/page", headers={"host": "LocalHost:9000"})).status_code == 200
    assert (await secure_client.get("/page", headers={"host": "ID.example:443"})).status_code == 200


@pytest.mark.parametrize(("path", "status"), [("/page", 307), ("/machine", 400)])
async def test_HD08_plain_http_reaches_no_endpoint(secure_client: httpx2.AsyncClient, path: str, status: int) -> None:
    answer = await secure_client.get(path, headers={"x-forwarded-proto": "http"})
    assert answer.status_code == status
    assert (await secure_client.get(path, headers={"x-forwarded-proto": "https"})).status_code == 200


@pytest.mark.parametrize("path", ["/pa%00ge", "/page%0d%0aset-cookie:x=y", "/%1b[31m", "/" + "x" * 50_000])
async def test_IO05_an_address_with_controls_or_without_end_is_refused(client: httpx2.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 400


@pytest.mark.parametrize(
    ("url", "origin", "prefix"),
    [
        ("https://id.example", "https://id.example", ""),
        ("https://ID.example:443/", "https://id.example", ""),
        ("https://id.example:8443/sso", "https://id.example:8443", "/sso"),
        ("http://localhost:80", "http://localhost", ""),
        ("http://[::1]:9000", "http://[::1]:9000", ""),
    ],
)
def test_an_issuer_is_taken_apart_as_browsers_write_origins(url: str, origin: str, prefix: str) -> None:
    issuer = Issuer.parse(url)
    assert (issuer.origin, issuer.prefix, issuer.url) == (origin, prefix, url)
    assert issuer.absolute("/account") == f"{origin}{prefix}/account"
    assert issuer.path("/account") == f"{prefix}/account"


@pytest.mark.parametrize(
    "url", ["http://id.example", "id.example", "ftp://id.example", "https://id.example?x=1", "https://"]
)
def test_an_impossible_issuer_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"server\.issuer"):
        Issuer.parse(url)


def test_a_prefix_is_taken_off_whether_the_proxy_left_it_or_not() -> None:
    issuer = Issuer.parse("https://id.example/sso")
    assert issuer.local("/sso/token") == "/token"
    assert issuer.local("/token") == "/token"
    assert issuer.local("/ssox/token") == "/ssox/token"
    assert issuer.local("/.well-known/oauth-authorization-server/sso") == "/.well-known/oauth-authorization-server"
    assert issuer.local("/sso/.well-known/openid-configuration") == "/.well-known/openid-configuration"


def test_loopback_is_this_machine_only() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.9.9.9", "[::1]", "::1", "::ffff:127.0.0.1")))
    assert not any(map(is_loopback, ("localhost.evil.example", "10.0.0.1", "0.0.0.0", "::2", "", "127.0.0.1.example")))
    assert Issuer.parse("https://id.example").judge("127.0.0.1") is Host.FOREIGN


async def test_an_issuer_with_a_path_serves_everything_below_it(tmp_path: Path) -> None:
    runtime = small_runtime(tmp_path, "http://localhost:9000/sso")
    async with client_of(small_app(runtime, [probe.routes], {"/machine": probe.machine})) as client:
        for prefix in ("/sso", ""):  # a proxy may leave the prefix or take it off
            assert (await client.get(f"{prefix}/machine")).json() == {"bytes": 0, "path": "/machine"}
            page = (await client.get(f"{prefix}/page")).text
        assert 'href="/sso/static/style.' in page
        answer = await client.post("/sso/sign-in-here", headers={"sec-fetch-site": "same-origin"})
        assert answer.headers["location"] == "/sso/who"
        assert "; Path=/;" in answer.headers["set-cookie"]
        alias = await client.get("/sso/page", headers={"host": "127.0.0.1:9000"})
        assert alias.headers["location"] == "http://localhost:9000/sso/page"
