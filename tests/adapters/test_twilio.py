"""Text messages through the real SDK to a server that answers like Twilio (SECURITY-CASES F21, F22, F46)."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from idp.adapters.twilio import THREADS, TwilioAccount, TwilioTexter, TwilioVerifyTexter, check_sender
from idp.domain.delivery import TextMessage
from idp.errors import ConfigurationError, DeliveryFailed
from idp.ports import Texter
from tests.support.twilio_server import ACCOUNT_SID, AUTH_TOKEN, VERIFY_SERVICE_SID, Behaviour, SentText, TwilioServer

TEXT = TextMessage("+447700900118", "123456 is your code.\n\n@id.example #123456", code="123456")
SENDER = "+447700900001"


@pytest.fixture(scope="module")
def running() -> Iterator[TwilioServer]:
    with TwilioServer() as server:
        yield server


@pytest.fixture
def server(running: TwilioServer) -> TwilioServer:
    running.behaviour = Behaviour.OK
    running.texts.clear()
    return running


def account(server: TwilioServer, **changes: Any) -> TwilioAccount:
    defaults: dict[str, Any] = {"secret": AUTH_TOKEN, "timeout_seconds": 3, "base_url": server.url}
    return TwilioAccount(ACCOUNT_SID, **(defaults | changes))


@pytest.fixture
def messages(server: TwilioServer) -> Iterator[Texter]:
    texter = TwilioTexter(account(server), SENDER)
    yield texter
    texter.close()


@pytest.fixture
def verify(server: TwilioServer) -> Iterator[Texter]:
    texter = TwilioVerifyTexter(account(server), VERIFY_SERVICE_SID)
    yield texter
    texter.close()


async def test_messages_sends_our_text(messages: Texter, server: TwilioServer) -> None:
    await messages.send(TEXT)
    assert server.texts == [SentText(TEXT.to, SENDER, body=TEXT.text)]


async def test_a_messaging_service_may_be_the_sender(server: TwilioServer) -> None:
    service = "MG" + "0" * 32
    texter = TwilioTexter(account(server), service)
    await texter.send(TEXT)
    texter.close()
    assert server.texts == [SentText(TEXT.to, service, body=TEXT.text)]


async def test_verify_sends_our_code_and_words_of_its_own(verify: Texter, server: TwilioServer) -> None:
    await verify.send(TEXT)
    assert server.texts == [SentText(TEXT.to, VERIFY_SERVICE_SID, code="123456")]


async def test_verify_cannot_send_a_message_without_a_code(verify: Texter, server: TwilioServer) -> None:
    before = server.requests
    with pytest.raises(DeliveryFailed) as caught:
        await verify.send(TextMessage(TEXT.to, "Your number has changed."))
    assert caught.value.permanent
    assert server.requests == before


REFUSALS = [
    (Behaviour.SERVER_ERROR, False, "http 500"),
    (Behaviour.TOO_MANY, False, "http 429"),
    (Behaviour.DROP, False, "no connection"),
    (Behaviour.HTML, False, "unreadable answer"),
    (Behaviour.EMPTY, False, "without a message"),
    (Behaviour.INVALID_NUMBER, True, "invalid_number"),
    (Behaviour.NOT_MOBILE, True, "not_mobile"),
    (Behaviour.OPTED_OUT, True, "opted_out"),
    (Behaviour.FRAUD_GUARD, True, "fraud_guard"),
    (Behaviour.INVALID_PARAMETER, True, "invalid_parameter"),
]


@pytest.mark.parametrize(("behaviour", "permanent", "reason"), REFUSALS)
@pytest.mark.parametrize("way", ["messages", "verify"])
async def test_f21_f46_a_text_that_was_not_taken_on_never_counts_as_sent(
    request: pytest.FixtureRequest, server: TwilioServer, way: str, behaviour: Behaviour, permanent: bool, reason: str
) -> None:
    texter: Texter = request.getfixturevalue(way)
    server.behaviour = behaviour
    with pytest.raises(DeliveryFailed) as caught:
        await texter.send(TEXT)
    assert caught.value.permanent is permanent
    assert reason in caught.value.reason
    assert TEXT.to not in caught.value.reason
    server.behaviour = Behaviour.OK
    await texter.send(TEXT)
    assert len(server.texts) == 1


async def test_a_message_that_failed_at_once_is_not_sent(messages: Texter, server: TwilioServer) -> None:
    server.behaviour = Behaviour.UNDELIVERED
    with pytest.raises(DeliveryFailed, match="30006"):
        await messages.send(TEXT)


async def test_f22_a_slow_provider_costs_no_more_than_the_deadline() -> None:
    with TwilioServer() as server:
        server.behaviour = Behaviour.SLOW
        texter = TwilioTexter(account(server, timeout_seconds=0.3), SENDER)
        asked = [asyncio.ensure_future(texter.send(TEXT)) for _ in range(THREADS + 2)]
        outcomes = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 3)
        texter.close()
    assert [str(outcome) for outcome in outcomes] == ["twilio: timeout"] * (THREADS + 2)
    assert not any(outcome.permanent for outcome in outcomes if isinstance(outcome, DeliveryFailed))


async def test_wrong_credentials_are_the_operators_to_mend(server: TwilioServer) -> None:
    texter = TwilioTexter(account(server, secret="wrong"), SENDER)
    with pytest.raises(DeliveryFailed, match="http 401") as caught:
        await texter.send(TEXT)
    texter.close()
    assert not caught.value.permanent


async def test_a_provider_that_is_not_there_is_tried_again() -> None:
    with TwilioServer() as gone:
        pass
    texter = TwilioTexter(account(gone), SENDER)
    with pytest.raises(DeliveryFailed, match="no connection") as caught:
        await texter.send(TEXT)
    texter.close()
    assert not caught.value.permanent


async def test_io11_nothing_of_a_text_reaches_the_logs(
    messages: Texter, server: TwilioServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await messages.send(TEXT)
    server.behaviour = Behaviour.INVALID_NUMBER
    with pytest.raises(DeliveryFailed):
        await messages.send(TEXT)
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert not any(secret in logged for secret in ("123456", TEXT.to, AUTH_TOKEN, ACCOUNT_SID))


async def test_the_environment_decides_nothing(server: TwilioServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TWILIO_REGION": "au1", "TWILIO_EDGE": "sydney", "HTTP_PROXY": "http://127.0.0.1:9"}.items():
        monkeypatch.setenv(name, value)
    texter = TwilioTexter(account(server), SENDER)
    await texter.send(TEXT)
    texter.close()
    assert len(server.texts) == 1


def test_the_sdk_is_not_imported_before_it_is_configured() -> None:
    program = "import sys, idp.adapters.twilio; sys.exit('twilio' in sys.modules or 'requests' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("sender", ["+447700900001", "60777", "500 Telecom", "NorthVoice", "MG" + "a1" * 16])
def test_senders_that_carriers_take(sender: str) -> None:
    check_sender(sender)


@pytest.mark.parametrize(
    "sender", ["", "Verify", "ALERT", "info", "Northern Voice Ltd", "Nord-Süd", "07700900001x", "+0", "12345678901"]
)
def test_senders_that_carriers_block_refuse_to_start(sender: str) -> None:
    with pytest.raises(ConfigurationError, match=r"sms\.sender"):
        check_sender(sender)


def test_credentials_that_are_none_refuse_to_start() -> None:
    for sid, secret in [("", "secret"), ("SK" + "0" * 32, "secret"), (ACCOUNT_SID, "")]:
        with pytest.raises(ConfigurationError, match=r"sms\.account_sid"):
            TwilioTexter(TwilioAccount(sid, secret), SENDER)
    with pytest.raises(ConfigurationError, match=r"sms\.verify_service_sid"):
        TwilioVerifyTexter(TwilioAccount(ACCOUNT_SID, "secret"), "MG" + "0" * 32)


def test_the_secret_is_in_no_representation() -> None:
    assert "hush" not in repr(TwilioAccount(ACCOUNT_SID, "hush"))
