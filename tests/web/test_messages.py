"""Mails and text messages as people get them, through the real composer."""

from __future__ import annotations

import re

import pytest

from idp.adapters.composer import JinjaComposer
from idp.domain.delivery import Mail
from idp.web.templating import templates_folder
from tests.support.html import read_html

BRAND = {"provider": "500 Telecom", "support_name": "500 Telecom support", "support_email": "support@500.example"}
COMMON = {
    "name": "Iris Penrose",
    "username": "iris",
    "at": "24 July 2026, 13:05 UTC",
    "address": "203.0.113.7",
    "browser": "Chrome on Windows",
}
TEMPORARY = {"password": "7hKq2mWx9RtB", "minutes": "60", "sign_in_url": "http://localhost:9001/"}
OWN = {
    "welcome_temporary_password": TEMPORARY | {"portal": "Inbound", "account": "Harbour Dental"},
    "forgotten_temporary_password": TEMPORARY,
    "password_changed": {},
    "mfa_enabled": {},
    "authenticator_added": {},
    "mfa_reset": {},
    "mfa_disabled": {},
    "phone_changed": {"phone_ending": "118"},
}
GSM_7 = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""3GPP TS 23.038 §6.2.1, without the extension table, whose characters count twice."""


@pytest.fixture
def composer() -> JinjaComposer:
    return JinjaComposer(templates_folder(), BRAND)


def written(composer: JinjaComposer, template: str, **changes: str) -> Mail:
    return composer.mail(template, "iris@harbour.example", COMMON | OWN[template] | changes)


def test_every_mail_template_is_tried_here() -> None:
    files = (templates_folder() / "mail").glob("*.subject.txt")
    assert {file.name.removesuffix(".subject.txt") for file in files} == set(OWN)


@pytest.mark.parametrize("name", OWN)
def test_a_mail_says_who_it_is_for_when_it_happened_and_whom_to_ask_in_both_parts(
    composer: JinjaComposer, name: str
) -> None:
    mail = written(composer, name)
    page = read_html(mail.html)
    # Where the administrator sat who added the person is not the person's business.
    expected = {k: v for k, v in COMMON.items() if "welcome" not in name or k in {"name", "username"}}
    assert 0 < len(mail.subject) <= 60
    assert page.one("h1").words
    for part in (mail.text, page.text):
        for value in (expected | OWN[name] | BRAND).values():
            assert value in part
    assert max(len(line) for line in mail.text.splitlines()) <= 90
    assert "\n\n\n" not in mail.text


@pytest.mark.parametrize("name", OWN)
def test_unknown_circumstances_leave_no_empty_lines_behind(composer: JinjaComposer, name: str) -> None:
    mail = written(composer, name, at="", address="", browser="")
    assert not re.search(r"^(When|Address|Browser):", mail.text, re.MULTILINE)
    assert "\n\n\n" not in mail.text
    assert "When" not in read_html(mail.html).one("body").text


@pytest.mark.parametrize("name", ["welcome_temporary_password", "forgotten_temporary_password"])
def test_a_temporary_password_stands_on_a_line_of_its_own(composer: JinjaComposer, name: str) -> None:
    mail = written(composer, name)
    assert re.findall(r"^Username: (.*)$", mail.text, re.MULTILINE) == ["iris"]
    assert re.findall(r"^Password: (.*)$", mail.text, re.MULTILINE) == ["7hKq2mWx9RtB"]
    assert "\nhttp://localhost:9001/\n" in mail.text
    assert "60 minutes" in mail.text
    assert "If you did not" in mail.text
    assert TEMPORARY["password"] not in mail.subject


@pytest.mark.parametrize("name", OWN)
def test_a_mail_loads_nothing_and_lets_no_name_become_markup(composer: JinjaComposer, name: str) -> None:
    mail = written(composer, name, name='Iris <img src="https://evil.example/x">')
    page = read_html(mail.html)
    assert not list(page.all("img", "script", "link", "form"))
    assert "url(" not in mail.html


def test_the_notice_to_an_old_number_is_one_segment_and_names_nobody(composer: JinjaComposer) -> None:
    values = {"provider": "500 Telecom", "support": "500 Telecom support"}
    message = composer.text_message("phone_changed", "+447700900118", values)
    assert "another number" in message.text
    assert "contact 500 Telecom support" in message.text
    assert len(message.text) <= 160
    assert set(message.text) <= GSM_7
    assert message.code == ""


@pytest.mark.parametrize("portal", ["Inbound", "SIP Trunk Plus"])
def test_a_text_message_is_one_segment_and_ends_with_the_line_that_phones_read(
    composer: JinjaComposer, portal: str
) -> None:
    values = {"code": "123456", "portal": portal, "host": "id.example.com"}
    message = composer.text_message("code", "+447700900118", values)
    lines = message.text.splitlines()
    assert lines[0].startswith(f"123456 is your code for {portal}.")
    assert lines[-2:] == ["", "@id.example.com #123456"]
    assert len(message.text) <= 110
    assert set(message.text) <= GSM_7
    assert message.code == "123456"
