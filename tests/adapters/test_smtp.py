"""Mail through a real SMTP server that takes it, refuses it, hangs and vanishes (SECURITY-CASES F23)."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from idp.adapters.sealing import SealingRing, new_key
from idp.adapters.smtp import SmtpMailer, SmtpServer
from idp.domain.delivery import Mail
from idp.errors import ConfigurationError, DeliveryFailed
from tests.support.certificates import loopback_certificate
from tests.support.ports import ManualClock, SeededEntropy
from tests.support.smtp_server import Behaviour
from tests.support.smtp_server import SmtpServer as RealServer

MAIL = Mail("iris@example.com", "Your sign-in – Inbound", "Username: iris\nPassword: ac34\n", "<p>Password: ac34</p>\n")
MAC = SealingRing([new_key("k1", SeededEntropy())], SeededEntropy())


@pytest.fixture
def server() -> Iterator[RealServer]:
    with RealServer() as server:
        yield server


def mailer_to(server: RealServer, clock: ManualClock | None = None, **settings: Any) -> SmtpMailer:
    defaults: dict[str, Any] = {"host": server.host, "port": server.port, "tls": "none", "timeout_seconds": 5.0}
    where = SmtpServer(**(defaults | settings))
    sender, reply_to = '"500 Telecom" <no-reply@id.example>', "help@id.example"
    return SmtpMailer(where, sender=sender, reply_to=reply_to, clock=clock or ManualClock(), mac=MAC)


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    content = found.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


async def test_a_mail_arrives_whole(server: RealServer) -> None:
    await mailer_to(server).send(MAIL)
    [message] = server.messages
    assert server.recipients == [["iris@example.com"]]
    assert message["Subject"] == "Your sign-in – Inbound"
    assert message["From"] == "500 Telecom <no-reply@id.example>"
    assert message["To"] == "iris@example.com"
    assert message["Reply-To"] == "help@id.example"
    assert message["Date"] == "Thu, 01 Jan 2026 09:00:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@id.example>")
    assert part(message, "plain") == MAIL.text
    assert part(message, "html") == MAIL.html
    assert message.get_content_type() == "multipart/alternative"


async def test_f24_a_retry_carries_the_same_message_id_and_another_mail_another(server: RealServer) -> None:
    clock = ManualClock()
    mailer = mailer_to(server, clock)
    await mailer.send(MAIL)
    clock.advance(300)
    await mailer.send(MAIL)
    await mailer.send(Mail(MAIL.to, MAIL.subject, "Password: ac35\n", MAIL.html))
    clock.advance(24 * 60 * 60)
    await mailer.send(MAIL)
    ids = [message["Message-ID"] for message in server.messages]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


@pytest.mark.parametrize(
    ("behaviour", "permanent", "reason"),
    [
        (Behaviour.TRY_LATER, False, "smtp 450 4.2.0"),
        (Behaviour.REFUSE, True, "smtp 550 5.1.1"),
        (Behaviour.REFUSE_CONTENT, True, "smtp 554 5.7.1"),
        (Behaviour.HANG, False, "smtp timeout"),
        (Behaviour.DROP, False, "smtp connection"),
    ],
)
async def test_f23_what_the_server_does_says_whether_to_try_again(
    server: RealServer, behaviour: Behaviour, permanent: bool, reason: str
) -> None:
    server.behaviour = behaviour
    with pytest.raises(DeliveryFailed) as caught:
        await mailer_to(server, timeout_seconds=0.3 if behaviour is Behaviour.HANG else 5).send(MAIL)
    assert caught.value.permanent is permanent
    assert caught.value.reason.startswith(reason)
    assert "ac34" not in str(caught.value)
    assert server.messages == []
    server.behaviour = Behaviour.ACCEPT
    await mailer_to(server).send(MAIL)
    assert len(server.messages) == 1


async def test_f24_a_line_cut_after_the_mail_was_taken_is_no_failure(server: RealServer) -> None:
    server.behaviour = Behaviour.DROP_AT_QUIT
    await mailer_to(server).send(MAIL)
    assert len(server.messages) == 1


async def test_f23_a_server_that_is_not_there_is_tried_again() -> None:
    with RealServer() as gone:
        pass
    with pytest.raises(DeliveryFailed, match="smtp connection") as caught:
        await mailer_to(gone).send(MAIL)
    assert not caught.value.permanent


@pytest.mark.parametrize(
    "to",
    [
        "",
        "iris",
        "iris@example.com,evil@example.com",
        "iris@example.com evil@example.com",
        "iris@example.com\r\nBcc: evil@example.com",
        "iris@example.com\nRCPT TO:<evil@example.com>",
        "Iris <iris@example.com>",
        "iris@example.com>",
        "iris@example.com\x00",
        "iris@evil@example.com",
        "i" * 65 + "@example.com",
        "iris@" + "e" * 250,
    ],
)
async def test_pw23_nothing_but_one_bare_address_is_a_recipient(server: RealServer, to: str) -> None:
    with pytest.raises(DeliveryFailed) as caught:
        await mailer_to(server).send(Mail(to, "Hello", "text\n", "<p>text</p>\n"))
    assert caught.value.permanent
    assert server.messages == []


async def test_a_line_break_in_a_subject_is_refused_and_not_folded_into_a_header(server: RealServer) -> None:
    with pytest.raises(DeliveryFailed) as caught:
        await mailer_to(server).send(Mail(MAIL.to, "Hello\r\nBcc: evil@example.com", "text\n", ""))
    assert caught.value.permanent
    assert server.messages == []


async def test_text_that_looks_like_the_protocol_is_text(server: RealServer) -> None:
    text = "First\n.\nMAIL FROM:<evil@example.com>\n..\nFrom here on\n"
    await mailer_to(server).send(Mail(MAIL.to, "Hello", text, ""))
    assert part(server.messages[0], "plain") == text


async def test_a_login_is_used_and_a_wrong_one_is_the_operators_to_mend() -> None:
    with RealServer(login=("portal", "right")) as server:
        await mailer_to(server, username="portal", password="right").send(MAIL)
        with pytest.raises(DeliveryFailed, match="535") as caught:
            await mailer_to(server, username="portal", password="wrong").send(MAIL)
        assert not caught.value.permanent
        assert len(server.messages) == 1


async def test_starttls_checks_the_certificate(tmp_path: Path) -> None:
    certificate = loopback_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.chain, certificate.key)
    with RealServer(login=("portal", "right"), tls=context) as server:
        settings: dict[str, Any] = {"tls": "starttls", "username": "portal", "password": "right"}
        await mailer_to(server, **settings, ca_bundle=certificate.chain).send(MAIL)
        with pytest.raises(DeliveryFailed) as caught:
            await mailer_to(server, **settings).send(MAIL)
        assert not caught.value.permanent
        assert len(server.messages) == 1


async def test_starttls_is_not_given_up_when_the_server_does_not_offer_it(server: RealServer) -> None:
    with pytest.raises(DeliveryFailed) as caught:
        await mailer_to(server, tls="starttls").send(MAIL)
    assert not caught.value.permanent
    assert server.messages == []


def test_a_password_is_never_sent_in_clear_over_a_network() -> None:
    server = SmtpServer("mail.example", username="portal", password="secret", tls="none")
    with pytest.raises(ConfigurationError, match=r"mail\.tls"):
        SmtpMailer(server, sender="a@id.example", clock=ManualClock(), mac=MAC)
    assert "secret" not in repr(server)


@pytest.mark.parametrize("sender", ["", "500 Telecom", "a@b, c@d", "a@b\r\nBcc: c@d"])
def test_a_sender_that_is_none_refuses_to_start(sender: str) -> None:
    with pytest.raises(ConfigurationError, match=r"mail\.from"):
        SmtpMailer(SmtpServer("localhost"), sender=sender, clock=ManualClock(), mac=MAC)


def test_certificates_that_are_not_there_refuse_to_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"outbound\.ca_bundle"):
        SmtpMailer(
            SmtpServer("localhost", ca_bundle=tmp_path / "none.pem"),
            sender="a@id.example",
            clock=ManualClock(),
            mac=MAC,
        )
