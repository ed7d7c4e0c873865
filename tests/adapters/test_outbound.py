"""The guarded way out: whom it calls, whom never, and how little it takes back (SECURITY-CASES section 4, Outbound)."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from idp.adapters import outbound
from idp.adapters.outbound import GuardedClient
from idp.errors import OutboundFailed
from tests.support.certificates import Certificate, loopback_certificate
from tests.support.http_server import Answer, Asked, HttpServer

NOWHERE = "https://portal.example/logout"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return loopback_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def answers() -> list[Answer | None]:
    return []


@pytest.fixture
def server(certificate: Certificate, answers: list[Answer | None]) -> Iterator[HttpServer]:
    with HttpServer(lambda asked: answers.pop(0) if answers else Answer(), certificate) as running:
        yield running


def client(certificate: Certificate | None = None, allow: Collection[str] = ("localhost",)) -> GuardedClient:
    return GuardedClient(allow_hosts=allow, ca_bundle=certificate.chain if certificate else None)


async def failure(guarded: GuardedClient, url: str) -> OutboundFailed:
    with pytest.raises(OutboundFailed) as caught:
        await guarded.get(url)
    await guarded.close()
    return caught.value


async def test_a_document_is_fetched_and_a_form_is_posted(certificate: Certificate, server: HttpServer) -> None:
    guarded = client(certificate)
    assert await guarded.get(f"{server.url}/jwks?x=1") == b"{}"
    assert await guarded.post_form(f"{server.url}/logout", {"logout_token": "a.b+c"}) == 200
    await guarded.close()
    fetched, posted = server.asked
    assert (fetched.method, fetched.path, fetched.body) == ("GET", "/jwks?x=1", b"")
    assert fetched.headers["host"] == f"localhost:{server.port}"
    assert fetched.headers["accept-encoding"] == "identity"
    assert (posted.method, posted.body) == ("POST", b"logout_token=a.b%2Bc")
    assert posted.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "cookie" not in posted.headers


async def test_the_certificate_is_judged_by_the_name_and_the_configured_authorities(
    certificate: Certificate, server: HttpServer, tmp_path: Path
) -> None:
    assert not (await failure(client(loopback_certificate(tmp_path)), server.url)).refused

    async def here(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    renamed = GuardedClient(allow_hosts=["portal.example"], ca_bundle=certificate.chain, resolve=here)
    assert "no connection" in (await failure(renamed, f"https://portal.example:{server.port}/")).reason
    assert not server.asked


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "fe80::1%lo", "fc00::1", "fd00:ec2::254", "ff02::1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
        "2002:7f00:1::", "2001:0:a00:1::", "2001:db8::1",
    ],
)  # fmt: skip
async def test_a_name_that_leads_into_a_private_network_is_not_called(address: str) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return [address]

    for url in (NOWHERE, "http://portal.example/"):
        refusal = await failure(GuardedClient(resolve=resolve), url)
        assert refusal.refused
        assert "outbound.allow_hosts" in refusal.reason


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://[::1]/", "https://2130706433/", "https://0x7f.1/"])
async def test_an_address_in_place_of_a_name_is_judged_as_well(url: str) -> None:
    assert await failure(GuardedClient(), url)


async def test_the_connection_goes_to_the_address_that_was_judged(certificate: Certificate, server: HttpServer) -> None:
    """A resolver that says one thing first and another later (DNS rebinding) is asked once."""
    said = []

    async def resolve(host: str, _port: int) -> list[str]:
        said.append(host)
        return ["127.0.0.1"] if len(said) == 1 else ["10.0.0.1"]

    guarded = GuardedClient(allow_hosts=["localhost"], ca_bundle=certificate.chain, resolve=resolve)
    assert await guarded.get(server.url) == b"{}"
    await guarded.close()
    assert said == ["localhost"]


async def test_an_address_that_does_not_answer_is_followed_by_the_next(
    certificate: Certificate, server: HttpServer
) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["::1", "127.0.0.1"]

    guarded = GuardedClient(allow_hosts=["localhost"], ca_bundle=certificate.chain, resolve=resolve)
    assert await guarded.get(server.url) == b"{}"
    await guarded.close()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://localhost/",
        "file:///etc/passwd",
        "https://user:secret@localhost/",
        "https:///x",
        "https://localhost:99999/",
        "https://localhost/ü",
        "https://local\nhost/",
        "localhost",
    ],
)
async def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    refusal = await failure(client(), url)
    assert refusal.refused
    assert "secret" not in refusal.reason


async def test_http_is_for_this_machine_and_only_when_the_house_lives_there() -> None:
    with HttpServer(lambda _: Answer()) as server:
        assert (await failure(client(allow=["127.0.0.1", "localhost"]), server.url)).refused
        guarded = GuardedClient(allow_loopback=True)
        assert await guarded.get(server.url) == b"{}"
        await guarded.close()
        assert len(server.asked) == 1


async def test_a_redirect_is_not_followed(
    certificate: Certificate, server: HttpServer, answers: list[Answer | None]
) -> None:
    answers[:] = [Answer(302, location="/elsewhere"), Answer(307, location="/elsewhere")]
    guarded = client(certificate)
    with pytest.raises(OutboundFailed, match="302"):
        await guarded.get(server.url)
    assert await guarded.post_form(server.url, {"a": "b"}) == 307
    await guarded.close()
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(404), "404"),
        (Answer(body=b"x" * (outbound.MOST_BYTES + 1)), "too long"),
        (Answer(body=b"x", encoding="gzip"), "compressed"),
        (None, "broke off"),
    ],
)
async def test_a_strange_answer_is_a_failure(
    certificate: Certificate, server: HttpServer, answers: list[Answer | None], answer: Answer | None, reason: str
) -> None:
    answers.append(answer)
    found = await failure(client(certificate), server.url)
    assert reason in found.reason
    assert not found.refused


async def test_256_kilobytes_are_read(
    certificate: Certificate, server: HttpServer, answers: list[Answer | None]
) -> None:
    answers.append(Answer(body=b"x" * outbound.MOST_BYTES))
    guarded = client(certificate)
    assert len(await guarded.get(server.url)) == outbound.MOST_BYTES
    await guarded.close()


async def test_whoever_does_not_answer_is_given_up(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "TOTAL_SECONDS", 0.2)
    done = threading.Event()

    def silent(_asked: Asked) -> Answer:
        done.wait(10)
        return Answer()

    with HttpServer(silent, certificate) as server:
        assert "in time" in (await failure(client(certificate), server.url)).reason
        done.set()


async def test_a_name_that_nobody_knows_is_a_failure_to_try_again() -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        raise OSError("no such host")

    assert not (await failure(GuardedClient(resolve=resolve), NOWHERE)).refused
