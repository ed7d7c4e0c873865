"""What people see when something goes wrong, and what they do not (SECURITY-CASES HD10)."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
import pytest
import structlog

from idp.web import errors
from tests.support.web import SmallRuntime, client_of, small_app
from tests.web import probe

REFERENCE = re.compile(r"[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}")


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nowhere", 404, "There is no page at this address."),
        ("/refuse/not_found", 404, "That does not exist."),
        ("/refuse/invalid_input", 400, "Enter your username."),
        ("/refuse/busy", 503, "Many people are signing in"),
        ("/refuse/storage_unavailable", 503, "cannot reach its database"),
        ("/refuse/too_many_attempts", 429, "Too many attempts"),
        ("/fault", 500, "The fault is ours"),
        ("/refuse/configuration", 500, "The fault is ours"),
    ],
)
async def test_every_error_is_a_page_with_a_reference(
    client: httpx2.AsyncClient, path: str, status: int, words: str
) -> None:
    answer = await client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert words in answer.text
    assert 'id="error-page"' in answer.text
    assert REFERENCE.search(answer.text)
    assert "1 January 2026, 09:00:00 UTC" in answer.text


async def test_a_wrong_method_is_told_which_ones_there_are(client: httpx2.AsyncClient) -> None:
    answer = await client.put("/query", headers={"sec-fetch-site": "same-origin"})
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert 'id="error-page"' in answer.text
    assert (await client.request("TRACE", "/page", headers={"sec-fetch-site": "none"})).status_code == 405


@pytest.mark.parametrize(("path", "seconds"), [("busy", 7), ("storage_unavailable", 5), ("too_many_attempts", 41)])
async def test_what_passes_by_itself_says_when(client: httpx2.AsyncClient, path: str, seconds: int) -> None:
    assert (await client.get(f"/refuse/{path}")).headers["retry-after"] == str(seconds)


@pytest.mark.parametrize("path", ["/fault", "/refuse/storage_unavailable", "/refuse/configuration"])
async def test_HD10_details_are_for_the_log_only(client: httpx2.AsyncClient, path: str) -> None:
    with structlog.testing.capture_logs() as logged:
        answer = await client.get(path)
    shown = answer.text + str(answer.headers)
    for internal in (
        "hunter2",
        "postgresql",
        "Traceback",
        "RuntimeError",
        "sealing_keys",
        "starlette",
        "uvicorn",
        "Python",
    ):
        assert internal not in shown
    reference = REFERENCE.search(answer.text)
    assert reference
    event = next(event for event in logged if event.get("reference") == reference[0])
    assert event["log_level"] == "error"


async def test_hints_are_for_developers_of_the_demo(
    client: httpx2.AsyncClient, secure_client: httpx2.AsyncClient
) -> None:
    assert "The field is required." in (await client.get("/refuse/invalid_input")).text
    assert "The field is required." not in (await secure_client.get("/refuse/invalid_input")).text


async def test_HD10_a_missing_template_does_not_take_the_error_page_with_it(
    runtime: SmallRuntime, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    broken = SmallRuntime(**{**vars(runtime), "templates_dir": tmp_path / "empty"})
    async with client_of(small_app(broken, [probe.routes])) as client:
        for path, status in (("/page", 500), ("/nowhere", 404), ("/refuse/busy", 503)):
            answer = await client.get(path)
            assert answer.status_code == status
            assert 'id="error-page"' in answer.text
            assert REFERENCE.search(answer.text)
            assert answer.headers["content-security-policy"]


async def test_IO02_a_page_that_hangs_is_given_up(client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "REQUEST_SECONDS", 0.05)
    answer = await client.get("/hang")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"break", 500, "server_error"),
        (b"away", 503, "temporarily_unavailable"),
        (b"x" * 70_000, 413, "invalid_request"),
    ],
)
async def test_machines_get_json(client: httpx2.AsyncClient, body: bytes, status: int, error: str) -> None:
    answer = await client.post("/machine", content=body)
    assert answer.status_code == status
    assert answer.json()["error"] == error
    assert "hunter2" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert ("retry-after" in answer.headers) is (status == 503)


async def test_machines_need_no_form_token_and_get_no_cookie(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/machine", content=b"a=b", headers={"sec-fetch-site": "cross-site"})
    assert answer.json() == {"bytes": 3, "path": "/machine"}
    assert "set-cookie" not in answer.headers


async def test_the_page_names_whom_to_ask(client: httpx2.AsyncClient) -> None:
    assert "support@500.example" in (await client.get("/nowhere")).text
