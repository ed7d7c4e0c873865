"""The log: one record for each event, and no secret in any of them (SECURITY-CASES IO10, IO11, T7)."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from idp.adapters.logs import REMOVED, configure_logs

TOKEN = "q4Zt0-vN8xXkD1mYb2cW3eRfT5gHyU6jIoP7lKaSdFg"
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1c3JfMSJ9.c2lnbmF0dXJl"
PHC = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2g"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leaves the process's logging as it was."""
    root, ours = logging.getLogger(), logging.getLogger("idp")
    before = (root.handlers, root.level, ours.level)
    kept = structlog.get_config()
    yield
    root.handlers, level, our_level = before
    root.setLevel(level)
    ours.setLevel(our_level)
    structlog.configure(**kept)
    logging.captureWarnings(False)


def written(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def logged(**values: Any) -> dict[str, Any]:
    stream = io.StringIO()
    configure_logs("DEBUG", "json", stream)
    structlog.get_logger("idp.test").info("event", **values)
    return written(stream)[0]


def test_an_event_says_when_where_and_how_bad() -> None:
    stream = io.StringIO()
    configure_logs("INFO", "json", stream)
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        structlog.get_logger("idp.web").warning("request.refused", error="busy", status=503)
        structlog.get_logger("idp.web").debug("not.shown")
    (event,) = written(stream)
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "request.refused", "level": "warning", "logger": "idp.web", "request_id": "r1", "error": "busy",
        "status": 503,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["authlib.oauth2.rfc6749", "twilio.http_client", "uvicorn.access", "idpx", "root"])
def test_T7_libraries_are_quiet_at_every_level(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    configure_logs("DEBUG", "json", stream)
    library = logging.getLogger(name if name != "root" else None)
    monkeypatch.setattr(library, "propagate", True)  # a server in an earlier test switched uvicorn's access log off
    before = library.level
    library.setLevel(logging.DEBUG)  # as a library, or somebody in a hurry, might
    library.debug("Issue token %r", {"access_token": TOKEN})
    library.info("POST Request: %s", TOKEN)
    library.warning("token=%s is late", TOKEN)
    library.setLevel(before)
    (event,) = written(stream)
    assert event["event"] == f"token={REMOVED} is late"
    assert event["level"] == "warning"


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "new_password",
        "code",
        "token",
        "access_token",
        "client_secret",
        "cookie",
        "code_verifier",
        "Authorization",
    ],
)
def test_IO11_what_is_called_a_secret_is_removed(name: str) -> None:
    assert logged(**{name: "x1"})[name] == REMOVED
    assert logged(form={name: "x1", "username": "dana"})["form"] == {name: REMOVED, "username": "dana"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"got {JWT}.", f"got {REMOVED}"),
        (f"session {TOKEN} ended", f"session {REMOVED} ended"),
        (f"GET /sign-in/{TOKEN}/verify", f"GET /sign-in/{REMOVED}/verify"),
        (f"hash {PHC}", f"hash {REMOVED}"),
        ("otpauth://totp/500:dana?secret=JBSWY3DPEHPK3PXP", REMOVED),
        (f"Authorization: Bearer {TOKEN[:20]}", f"Authorization: Bearer {REMOVED}"),
        ("Basic aW5ib3VuZDpzZWNyZXQ=", f"Basic {REMOVED}"),
        ("/cb?code=abc&state=xyz&iss=x", f"/cb?code={REMOVED}&state={REMOVED}&iss=x"),
        ("password=hunter2&username=dana", f"password={REMOVED}&username=dana"),
        ("{'refresh_token': 'abc', 'expires_in': 5}", f"{{'refresh_token': '{REMOVED}', 'expires_in': 5}}"),
        ('{"client_secret":"abc"}', f'{{"client_secret": "{REMOVED}"}}'),
        ("Username: iris\nPassword: 7hKq2mWx9RtB", f"Username: iris\nPassword: {REMOVED}"),
    ],
)
def test_IO11_what_looks_like_a_secret_is_removed(text: str, shown: str) -> None:
    assert logged(detail=text)["detail"] == shown
    assert logged(detail=[{"inner": (text,)}])["detail"] == [{"inner": [shown]}]


@pytest.mark.parametrize(
    "text",
    [
        "account acc_q4zt0vn8xxkd1myb2cw3er5t of reseller RS-10023 is suspended",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0bf822cd15d6c15b0f00a0",
        "idp.services.sign_in.second_factor.verify_code_of_the_authenticator_app",
        "basic settings; status code 503; reference 7F3K-22QD; 1 January 2026, 09:00:00 UTC",
    ],
)
def test_what_support_needs_stays(text: str) -> None:
    assert logged(detail=text)["detail"] == text


def test_IO11_tracebacks_are_searched_too() -> None:
    stream = io.StringIO()
    configure_logs("INFO", "json", stream)
    try:
        raise RuntimeError(f"refresh_token={TOKEN} and {JWT}")
    except RuntimeError:
        structlog.get_logger("idp.web").exception("request.failed")
        logging.getLogger("uvicorn.error").exception("Exception in %s", JWT)
    for event in written(stream):
        assert "RuntimeError" in event["exception"]
        assert "test_logs.py" in event["exception"]
    assert TOKEN not in stream.getvalue()
    assert JWT not in stream.getvalue()


FORGED = 'dana\n2026-01-01 [info] session.started user=root \x1b[31m\x00\u2028"}'


def test_IO10_a_name_cannot_write_a_record_of_its_own() -> None:
    stream = io.StringIO()
    configure_logs("INFO", "json", stream)
    structlog.get_logger("idp.web").info("sign_in.failed", username=FORGED)
    assert len(stream.getvalue().splitlines()) == 1
    assert written(stream)[0]["username"] == FORGED
    assert "\x1b" not in stream.getvalue()


def test_IO10_nor_a_line_or_a_colour_on_a_console() -> None:
    stream = io.StringIO()
    configure_logs("INFO", "console", stream)
    structlog.get_logger("idp.web").info("sign_in.failed", username=FORGED)
    assert stream.getvalue().count("\n") == 1
    assert not {"\x1b", "\x00", "\u2028"} & set(stream.getvalue())
    assert "sign_in.failed" in stream.getvalue()


def test_setting_up_twice_writes_once() -> None:
    first, second = io.StringIO(), io.StringIO()
    configure_logs("INFO", "json", first)
    configure_logs("INFO", "json", second)
    structlog.get_logger("idp.web").info("once")
    assert first.getvalue() == ""
    assert len(written(second)) == 1
