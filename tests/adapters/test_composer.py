"""Messages out of templates, and what no value may do to them."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from idp.adapters.composer import JinjaComposer
from idp.errors import ConfigurationError
from idp.ports import Composer

TEMPLATES = {
    "mail/hello.subject.txt": "Hello {{ name }},\nfrom {{ brand.provider }}\n",
    "mail/hello.txt": "{% extends 'mail/frame.txt' %}\n"
    "{% block content %}\nUsername: {{ name }}\nPassword: {{ password }}\n{% endblock %}\n",
    "mail/frame.txt": "Hello\n{% block content %}{% endblock %}\nBye\n",
    "mail/hello.html": "<p>{{ name }} & {{ password }}</p>\n",
    "sms/code.txt": "{{ code }} is your code.\n\n@id.example #{{ code }}\n",
}


@pytest.fixture
def composer(tmp_path: Path) -> Composer:
    for name, text in TEMPLATES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return JinjaComposer(tmp_path, {"provider": "500 Telecom"})


def test_a_mail_has_a_subject_of_one_line_and_two_parts_that_say_the_same(composer: Composer) -> None:
    mail = composer.mail("hello", "iris@example.com", {"name": "Iris", "password": "ac34"})
    assert mail.to == "iris@example.com"
    assert mail.subject == "Hello Iris, from 500 Telecom"
    assert mail.text == "Hello\nUsername: Iris\nPassword: ac34\nBye\n"
    assert mail.html == "<p>Iris & ac34</p>\n"


def test_a_text_message_carries_its_code_beside_its_words(composer: Composer) -> None:
    text = composer.text_message("code", "+447700900118", {"code": "123456"})
    assert (text.to, text.code) == ("+447700900118", "123456")
    assert text.text == "123456 is your code.\n\n@id.example #123456"


@pytest.mark.parametrize(
    "name", ["Iris\nPassword: evil", "Iris\r\n\r\nPassword: evil", "Iris\u2028Password: evil", "Iris\x85Password: evil"]
)
def test_no_value_makes_a_line_of_its_own(composer: Composer, name: str) -> None:
    mail = composer.mail("hello", "iris@example.com", {"name": name, "password": "ac34"})
    assert [line for line in mail.text.splitlines() if line.startswith("Password:")] == ["Password: ac34"]
    assert len(mail.subject.splitlines()) == 1


def test_no_value_makes_a_header_or_turns_the_text_around(composer: Composer) -> None:
    mail = composer.mail(
        "hello", "iris@example.com", {"name": "Iris\r\nBcc: evil@example.com\u202e", "password": "ac34"}
    )
    assert mail.subject == "Hello Iris Bcc: evil@example.com , from 500 Telecom"


def test_only_the_html_part_is_escaped(composer: Composer) -> None:
    mail = composer.mail("hello", "iris@example.com", {"name": "<script>O'Hara & Son</script>", "password": "ac34"})
    assert "<script>" not in mail.html
    assert "&lt;script&gt;" in mail.html
    assert "Username: <script>O'Hara & Son</script>" in mail.text


def test_a_value_that_is_missing_is_an_error_and_not_a_hole(composer: Composer) -> None:
    with pytest.raises(UndefinedError, match="password"):
        composer.mail("hello", "iris@example.com", {"name": "Iris"})


def test_a_template_that_is_missing_is_an_error(composer: Composer) -> None:
    with pytest.raises(TemplateNotFound):
        composer.mail("goodbye", "iris@example.com", {})


def test_a_folder_without_templates_refuses_to_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="templates"):
        JinjaComposer(tmp_path / "nowhere", {})
