"""Text messages by a webhook: what is signed, what is refused, and what counts as taken on."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable

import pytest

from idp.adapters.webhook import WebhookTexter, sign
from idp.domain.delivery import TextMessage
from idp.errors import ConfigurationError, DeliveryFailed
from tests.support.http_server import Answer, Asked, HttpServer
from tests.support.ports import NEW_YEAR_2026, ManualClock

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
TEXT = TextMessage("+447700900118", "123456 is your code – Inbound", code="123456")


class Receiver:
    """The server, the texter that points at it, and what the server says next."""

    def __init__(self, url: str, asked: list[Asked], clock: ManualClock) -> None:
        self.clock = clock
        self.asked = asked
        self.answer: Callable[[], Answer | None] = lambda: Answer(202)
        self.texter = WebhookTexter(f"{url}/sms?key=k-9", SECRET, clock, timeout_seconds=2)


@pytest.fixture
async def receiver(clock: ManualClock) -> AsyncIterator[Receiver]:
    answers: list[Callable[[], Answer | None]] = []
    with HttpServer(lambda _: answers[0]()) as server:
        fresh = Receiver(server.url, server.asked, clock)
        answers.append(lambda: fresh.answer())
        yield fresh
        await fresh.texter.close()


def test_the_signature_is_that_of_the_standard() -> None:
    """The example of the Standard Webhooks specification."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signature = sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_text_arrives_signed(receiver: Receiver) -> None:
    await receiver.texter.send(TEXT)
    [asked] = receiver.asked
    assert (asked.method, asked.path) == ("POST", "/sms?key=k-9")
    assert json.loads(asked.body) == {"to": TEXT.to, "text": TEXT.text}
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["webhook-timestamp"] == str(NEW_YEAR_2026)
    signed = f"{asked.headers['webhook-id']}.{NEW_YEAR_2026}.".encode() + asked.body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert asked.headers["webhook-signature"] == f"v1,{expected}"


async def test_f24_a_retry_has_the_same_id_and_another_text_another(receiver: Receiver) -> None:
    await receiver.texter.send(TEXT)
    receiver.clock.advance(60)
    await receiver.texter.send(TEXT)
    await receiver.texter.send(TextMessage(TEXT.to, "654321 is your code"))
    ids = [asked.headers["webhook-id"] for asked in receiver.asked]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("answer", "permanent"),
    [
        (Answer(400), True),
        (Answer(410), True),
        (Answer(422), True),
        (Answer(401), False),
        (Answer(403), False),
        (Answer(404), False),
        (Answer(429), False),
        (Answer(500), False),
        (Answer(503), False),
        (Answer(302, location="https://elsewhere.example/"), False),
        (Answer(307, location="https://elsewhere.example/"), False),
        (Answer(200, b"<!doctype html>", "text/html; charset=utf-8"), False),
        (None, False),
    ],
)
async def test_f46_what_is_not_a_plain_yes_is_a_failure(
    receiver: Receiver, answer: Answer | None, permanent: bool
) -> None:
    receiver.answer = lambda: answer
    with pytest.raises(DeliveryFailed) as caught:
        await receiver.texter.send(TEXT)
    assert caught.value.permanent is permanent
    assert "123456" not in caught.value.reason
    assert len(receiver.asked) == 1


async def test_f22_a_slow_receiver_costs_no_more_than_the_deadline(clock: ManualClock) -> None:
    stopping = threading.Event()

    def hang(_: Asked) -> None:
        stopping.wait(30)

    with HttpServer(hang) as server:
        texter = WebhookTexter(server.url, SECRET, clock, timeout_seconds=0.2)
        with pytest.raises(DeliveryFailed, match="timeout") as caught:
            await texter.send(TEXT)
        stopping.set()
        await texter.close()
    assert not caught.value.permanent


async def test_io11_neither_text_nor_address_reaches_the_logs(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await receiver.texter.send(TEXT)
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert not any(secret in logged for secret in ("123456", TEXT.to, "k-9"))


@pytest.mark.parametrize(
    "url", ["https://sms.example/in", "http://localhost:8080/", "http://127.0.0.1/", "http://[::1]:9/"]
)
async def test_addresses_that_may_be_configured(url: str) -> None:
    await WebhookTexter(url, SECRET, ManualClock()).close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sms.example",
        "http://sms.example/in",
        "http://localhost.evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://127.0.0.1@evil.example/",
        "https://user:secret@sms.example/",
        "https://sms.example/#part",
        "ftp://localhost/",
        "https:///in",
        "http://[::1",
        "https://sms.example:99999/",
    ],
)
def test_addresses_that_would_show_codes_on_the_wire_refuse_to_start(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"sms\.webhook_url"):
        WebhookTexter(url, SECRET, ManualClock())


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "secret", SECRET.removeprefix("whsec_"), "whsec_c2hvcnQ=", "whsec_***"]
)
def test_a_weak_secret_refuses_to_start(secret: str) -> None:
    with pytest.raises(ConfigurationError, match=r"sms\.webhook_secret"):
        WebhookTexter("https://sms.example/in", secret, ManualClock())
