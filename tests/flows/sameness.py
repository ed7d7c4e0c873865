"""GEN of SECURITY-CASES: answers that must not be told apart, once what differs on purpose is taken out."""

from __future__ import annotations

import re

import httpx2

DIFFERS = (
    (re.compile(r"(?<![\w-])[A-Za-z0-9_-]{43}(?![\w-])"), "SECRET"),  # login ids and form tokens
    (re.compile(r"nonce-[\w-]+"), "NONCE"),
    (re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4,5}\b"), "REFERENCE"),
)
"""What is new on every page. A reference is looked for where there is one; these pages have none."""


def faceless(answer: httpx2.Response, typed: str) -> tuple[int, list[tuple[str, str]], str]:
    """Status, headers and body without login id, form token, nonce, the moment, and the name that was typed."""
    headers = [(name, _plain(value, typed)) for name, value in answer.headers.multi_items() if name != "date"]
    assert len(answer.content) == int(answer.headers["content-length"])
    return answer.status_code, sorted(headers), _plain(answer.text, typed)


def _plain(text: str, typed: str) -> str:
    for pattern, placeholder in DIFFERS:
        text = pattern.sub(placeholder, text)
    return text.replace(f'value="{typed}"', 'value="TYPED"')
