"""What only a real server shows: raw bytes, slow clients, busy ports (SECURITY-CASES HD07, IO02, IO04; F47)."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from idp.errors import ConfigurationError
from idp.web import server
from idp.web.server import serve, serving, stop_signal
from tests.support.certificates import loopback_certificate
from tests.support.web import SmallRuntime, small_app
from tests.web import probe

HOST = b"Host: localhost:9000\r\n"
"""The issuer's name. The server itself listens on a free port, as behind a proxy."""


@pytest.fixture
async def port(app: ASGIApp) -> AsyncIterator[int]:
    async with serving(app, "127.0.0.1", 0) as port:
        yield port


async def talk(port: int, raw: bytes, *, until_closed: bool = True) -> bytes:
    """What the server answers to these bytes, until it closes the connection, or its first answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(raw)
    async with asyncio.timeout(10):
        try:
            return await (reader.read() if until_closed else reader.readuntil(b"\r\n\r\n"))
        except ConnectionResetError:
            return b""
        finally:
            writer.close()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def get(target: bytes, *headers: bytes) -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\n" + b"".join(headers) + b"Connection: close\r\n\r\n"


async def test_it_serves_pages_machines_and_probes(port: int) -> None:
    for target in (b"/page", b"/machine", b"/health/live"):
        answer = await talk(port, get(target, HOST))
        assert status(answer) == 200
        assert b"\r\nserver:" not in answer.lower()
        assert answer.lower().count(b"x-content-type-options") == 1


@pytest.mark.parametrize(
    "raw",
    [
        get(b"/page"),
        get(b"/page", HOST, HOST),
        get(b"/page", HOST, b"Host: evil.example\r\n"),
        get(b"/page", b"Host: evil.example\r\n", HOST),
        get(b"/page", b"Host: localhost:9000, evil.example\r\n"),
        get(b"/page", b"Host : localhost:9000\r\n"),
        get(b"http://evil.example/page", HOST),
        get(b"http://evil.example/page", b"Host: evil.example\r\n"),
        get(b"http://localhost:9000@evil.example/page", HOST),
        get(b"http://evil.example", HOST),
        get(b"//evil.example/page", b"Host: evil.example\r\n"),
        b"GET /page HTTP/1.0\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
    ],
)
async def test_HD07_a_request_for_another_host_is_refused(port: int, raw: bytes) -> None:
    answer = await talk(port, raw)
    assert status(answer) == 400
    assert b"location:" not in answer.lower()


@pytest.mark.parametrize(
    "raw",
    [
        get(b"http://localhost:9000/page", HOST),
        get(b"http://localhost:9000/page"),
        get(b"/page?next=http://evil.example/", HOST),
    ],
)
async def test_HD07_our_own_name_may_stand_in_the_target(port: int, raw: bytes) -> None:
    assert status(await talk(port, raw)) == 200


POST = b"POST /machine HTTP/1.1\r\n" + HOST


@pytest.mark.parametrize(
    "raw",
    [
        POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /page HTTP/1.1\r\n\r\n",
        POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Content-Length: 0x3\r\n\r\nabc",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        POST + b"X: a\nb\r\n\r\n",
        POST + b"X: a\x00b\r\n\r\n",
        b"POST /machine HTTP/1.1\n" + HOST + b"\r\n\r\n",
        b"NONSENSE\r\n\r\n",
    ],
)
async def test_IO04_an_ambiguous_request_is_refused_and_the_connection_closed(port: int, raw: bytes) -> None:
    answer = await talk(port, raw)
    assert status(answer) == 400
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_IO01_a_chunked_body_is_cut_off_at_the_limit(port: int) -> None:
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    for target in (b"/machine", b"/page"):
        head = b"POST " + target + b" HTTP/1.1\r\n" + HOST + b"Sec-Fetch-Site: none\r\nTransfer-Encoding: chunked\r\n"
        kind = b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        answer = await talk(port, head + kind + chunk * 5, until_closed=False)
        assert status(answer) == 413


async def test_a_head_without_end_is_refused(port: int) -> None:
    answer = await talk(port, b"GET /page HTTP/1.1\r\n" + HOST + b"".join(b"X-%d: y\r\n" % n for n in range(90_000)))
    assert answer == b"" or status(answer) == 400


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"GET /page HTTP/1.1\r\nHost: loc",
        POST + b"Content-Length: 10\r\n\r\nabc",
        POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        get(b"/health/live", HOST).replace(b"close", b"keep-alive") + b"GET /page HTT",
    ],
)
async def test_IO02_a_request_that_does_not_arrive_is_not_waited_for(
    app: ASGIApp, monkeypatch: pytest.MonkeyPatch, beginning: bytes
) -> None:
    monkeypatch.setattr(server, "REQUEST_SECONDS", 0.1)
    async with serving(app, "127.0.0.1", 0) as port:
        answer = await talk(port, beginning)
    assert answer.count(b"HTTP/1.1 200") == (1 if beginning.startswith(b"GET /health") else 0)


async def test_IO02_a_slow_answer_is_not_a_slow_request(monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        await receive()
        await asyncio.sleep(0.3)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    monkeypatch.setattr(server, "REQUEST_SECONDS", 0.1)
    async with serving(slow, "127.0.0.1", 0) as port:
        assert status(await talk(port, get(b"/", HOST))) == 204


async def test_a_busy_port_is_named_with_the_mend(app: ASGIApp, port: int) -> None:
    with pytest.raises(ConfigurationError, match=rf"Port {port} on 127\.0\.0\.1 is in use already\. .*server\.port"):
        async with serving(app, "127.0.0.1", port):
            pytest.fail("It must not start.")


async def test_an_address_that_is_not_ours_is_named(app: ASGIApp) -> None:
    with pytest.raises(ConfigurationError, match=r"server\.host: this machine cannot listen on 192\.0\.2\.1"):
        async with serving(app, "192.0.2.1", 0):
            pytest.fail("It must not start.")


async def test_a_certificate_that_cannot_be_read_is_named(app: ASGIApp, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("not a key")
    for certificate in (tmp_path / "missing.pem", tmp_path / "key.pem"):
        with pytest.raises(ConfigurationError, match=r"server\.tls_cert and server\.tls_key cannot be used"):
            async with serving(app, "127.0.0.1", 0, tls_cert=certificate, tls_key=tmp_path / "key.pem"):
                pytest.fail("It must not start.")


async def test_it_serves_tls(app: ASGIApp, tmp_path: Path) -> None:
    pair = loopback_certificate(tmp_path)
    trust = ssl.create_default_context(cafile=str(pair.chain))
    tls = serving(app, "127.0.0.1", 0, tls_cert=pair.chain, tls_key=pair.key)
    async with tls as port, httpx2.AsyncClient(verify=trust) as client:
        answer = await client.get(f"https://localhost:{port}/page", headers={"host": "localhost:9000"})
    assert answer.status_code == 200


async def test_F47_a_request_under_way_is_finished_before_the_server_goes(runtime: SmallRuntime) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await go_on.wait()
        await probe.machine(scope, receive, send)

    async with serving(small_app(runtime, machines={"/wait": waiting}), "127.0.0.1", 0) as port:
        answer = asyncio.create_task(talk(port, get(b"/wait", HOST)))
        await begun.wait()
        asyncio.get_running_loop().call_later(0.2, go_on.set)
    assert status(await answer) == 200
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 1)


def sent_when_listened_for(number: signal.Signals) -> asyncio.Task[None]:
    """Sends the signal once somebody here listens for it: a moment earlier it would end the test run itself."""
    before = signal.getsignal(number)

    async def send() -> None:
        for _ in range(1000):
            if signal.getsignal(number) != before:
                os.kill(os.getpid(), number)
                break
            await asyncio.sleep(0.01)

    return asyncio.create_task(send())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_F47_a_signal_ends_it_quietly(
    app: ASGIApp, number: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    sent = sent_when_listened_for(number)
    async with asyncio.timeout(10):
        await serve(app, "127.0.0.1", 0)
    await sent
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == ("", "")


async def test_two_servers_stop_at_one_signal(app: ASGIApp, runtime: SmallRuntime) -> None:
    sent = sent_when_listened_for(signal.SIGTERM)
    async with asyncio.timeout(10), serving(app, "127.0.0.1", 0) as one, serving(app, "127.0.0.1", 0) as other:
        await stop_signal()
    await sent
    assert one != other


async def test_an_application_that_cannot_start_is_an_error_of_ours() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no"})

    with pytest.raises(ConfigurationError, match="could not start"):
        async with serving(broken, "127.0.0.1", 0):
            pytest.fail("It must not start.")
