"""Headers that protect every answer (SECURITY-CASES HD01-HD04)."""

from __future__ import annotations

import re

import httpx2
import pytest

from tests.web.probe import CLIENT

EVERYWHERE = [
    "/page", "/nowhere", "/fault", "/refuse/busy", "/refuse/not_found", "/static/nothing.css", "/who", "/sign-in-here",
    "/machine", "/health/live",
]  # fmt: skip


def directives(answer: httpx2.Response) -> dict[str, str]:
    policy = answer.headers["content-security-policy"]
    return dict(part.strip().partition(" ")[::2] for part in policy.split(";"))


@pytest.mark.parametrize("path", EVERYWHERE)
async def test_HD03_every_answer_carries_them(secure_client: httpx2.AsyncClient, path: str) -> None:
    headers = (await secure_client.get(path)).headers
    assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "publickey-credentials-get=(self)" in headers["permissions-policy"]
    assert "otp-credentials=(self)" in headers["permissions-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert all(len(headers.get_list(name)) == 1 for name in headers if name != "set-cookie")


async def test_HD03_refusals_before_any_route_carry_them_too(secure_client: httpx2.AsyncClient) -> None:
    for answer in (
        await secure_client.get("/page", headers={"host": "evil.example"}),
        await secure_client.post("/page", data={"a": "b"}),
        await secure_client.post("/page", content=b"x" * 70_000),
        await secure_client.get("/page", headers={"x-forwarded-proto": "http"}),
    ):
        assert answer.status_code in (307, 400, 403, 413)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["strict-transport-security"]
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", EVERYWHERE)
async def test_there_is_no_HSTS_on_loopback(client: httpx2.AsyncClient, path: str) -> None:
    assert "strict-transport-security" not in (await client.get(path)).headers


@pytest.mark.parametrize("path", ["/page", "/nowhere", "/fault"])
async def test_HD01_pages_may_load_our_own_files_and_nothing_else(client: httpx2.AsyncClient, path: str) -> None:
    assert directives(await client.get(path)) == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "form-action": "'self'",
    }


async def test_HD02_a_page_names_the_client_that_its_form_may_end_at(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/to-client")
    assert directives(answer)["form-action"] == f"'self' {CLIENT} myapp: http:"
    assert directives(await client.get("/page"))["form-action"] == "'self'"


async def test_a_nonce_is_admitted_once_and_never_twice_the_same(client: httpx2.AsyncClient) -> None:
    answers = [await client.get("/script") for _ in range(2)]
    for answer in answers:
        assert directives(answer)["script-src"] == f"'self' 'nonce-{answer.json()['nonce']}'"
    assert answers[0].json() != answers[1].json()


@pytest.mark.parametrize("path", ["/page", "/nowhere", "/fault", "/who", "/refuse/busy", "/health/live", "/dev/outbox"])
async def test_HD04_nothing_is_kept_by_caches(client: httpx2.AsyncClient, path: str) -> None:
    assert (await client.get(path)).headers["cache-control"] == "no-store"


async def test_static_files_are_kept_for_ever_under_the_name_of_their_content(client: httpx2.AsyncClient) -> None:
    page = (await client.get("/page")).text
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(addresses) >= 3
    for address in addresses:
        answer = await client.get(address)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in answer.headers
        assert (await client.get(address.replace(".", ".0", 1))).status_code == 404
    for name in ("style.css", "..%2ftemplating.py", "%2e%2e/templating.py", ""):
        assert (await client.get(f"/static/{name}")).status_code == 404
