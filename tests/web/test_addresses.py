"""Whose request it is (SECURITY-CASES LG07, IO10)."""

from __future__ import annotations

import httpx2
import pytest

from idp.errors import ConfigurationError
from idp.web.addresses import Addresses

PROXIES = ["10.0.0.0/8", "fd00::/8", "203.0.113.7"]


def scope(peer: str | None, *forwarded: str) -> dict[str, object]:
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded]
    return {"client": (peer, 1234) if peer is not None else None, "headers": headers}


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.1", [], "198.51.100.1"),
        ("198.51.100.1", ["192.0.2.9"], "198.51.100.1"),  # anybody may write the header
        ("10.0.0.1", ["192.0.2.9"], "192.0.2.9"),
        ("10.0.0.1", ["1.1.1.1, 192.0.2.9"], "192.0.2.9"),  # the left part was sent by the client
        ("10.0.0.1", ["1.1.1.1", "192.0.2.9"], "192.0.2.9"),
        ("10.0.0.1", ["1.1.1.1, 192.0.2.9, 203.0.113.7, 10.9.9.9"], "192.0.2.9"),
        ("10.0.0.1", ["10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["unknown"], "10.0.0.1"),
        ("10.0.0.1", ["1.1.1.1, <script>"], "10.0.0.1"),
        ("10.0.0.1", ["1.1.1.1, garbage, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["192.0.2.9:4711"], "192.0.2.9"),
        ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", ["2001:DB8:0::1"], "2001:db8::1"),
        ("fd00::5", ["::ffff:192.0.2.9"], "192.0.2.9"),
        ("::ffff:10.0.0.1", ["192.0.2.9"], "192.0.2.9"),
        ("10.0.0.1", [", ".join(["10.0.0.3"] * 500)], "10.0.0.3"),
        (None, ["192.0.2.9"], ""),
        ("", ["192.0.2.9"], ""),
    ],
)
def test_LG07_only_what_a_trusted_proxy_wrote_counts(peer: str | None, forwarded: list[str], client: str) -> None:
    assert Addresses(PROXIES).client(scope(peer, *forwarded)) == client


def test_LG07_without_proxies_the_header_is_air() -> None:
    assert Addresses().client(scope("127.0.0.1", "192.0.2.9")) == "127.0.0.1"


def test_a_proxy_that_is_no_address_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="trusted_proxies"):
        Addresses(["proxy.internal"])


async def test_LG07_routes_see_the_client_behind_the_proxy(secure_client: httpx2.AsyncClient) -> None:
    answer = await secure_client.get("/who", headers={"x-forwarded-for": "1.1.1.1, 192.0.2.9"})
    assert answer.json()["address"] == "192.0.2.9"


async def test_IO10_the_browsers_name_is_cut_and_cannot_write_lines(client: httpx2.AsyncClient) -> None:
    sent = b"Mozilla/5.0 \x1b[31m \xe9 " + b"x" * 500
    seen = (await client.get("/who", headers={b"user-agent": sent})).json()["user_agent"]
    assert seen.startswith("Mozilla/5.0 ?[31m ? xxx")
    assert len(seen) == 200


async def test_every_request_has_an_id_of_its_own(client: httpx2.AsyncClient) -> None:
    answers = [(await client.get("/who", headers={"x-request-id": "mine"})).json() for _ in range(2)]
    assert answers[0]["id"] == "usr_1"
    assert len({answer["request_id"] for answer in answers} | {"mine"}) == 3
