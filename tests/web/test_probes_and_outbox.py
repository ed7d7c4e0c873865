"""Probes, the demo's outbox, and the work beside the requests (SECURITY-CASES IO15; CONTRACT, Endpoints)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import httpx2
import pytest
import structlog
from starlette.types import ASGIApp

from idp.domain.delivery import Channel, Mail, TextMessage
from idp.domain.rules import HOUR
from idp.services.notices import seal_message
from idp.storage.migrate import upgrade
from idp.web import dev_outbox
from idp.web.background import background, purge
from tests.support.web import ISSUER, SmallRuntime, client_of, small_app, small_runtime

SMS = TextMessage("+447700900118", "123456 is your code for SIP Trunk Plus.\n\n@localhost #123456")
MAIL = Mail("iris@harbour.example", "Welcome", "Username: iris\nPassword: 7hKq2mWx9RtB654321\n", "<p>Hello</p>")


@pytest.fixture
async def client(app: ASGIApp) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def migrated(runtime: SmallRuntime, tmp_path: Path) -> SmallRuntime:
    await upgrade(f"sqlite:///{tmp_path}/idp.db")
    return runtime


async def test_IO15_without_a_database_it_lives_but_is_not_ready(client: httpx2.AsyncClient, tmp_path: Path) -> None:
    assert (await client.get("/health/live")).status_code == 200
    answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable"}
    await upgrade(f"sqlite:///{tmp_path}/idp.db")
    answer = await client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


async def test_IO15_a_database_that_goes_away_is_noticed(
    migrated: SmallRuntime, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    assert (await client.get("/health/ready")).status_code == 200
    await migrated.store.close()
    (tmp_path / "idp.db").unlink()
    assert (await client.get("/health/ready")).status_code == 503
    assert (await client.get("/health/live")).status_code == 200


async def test_IO15_probes_need_no_name_and_no_sign_in(client: httpx2.AsyncClient) -> None:
    for host in ("10.0.0.9:9000", "idp-7d9f"):
        assert (await client.get("/health/live", headers={"host": host})).status_code == 200
    assert (await client.head("/health/live")).status_code == 200
    assert (await client.post("/health/live")).status_code == 405
    assert (await client.get("/health/other")).status_code == 404


async def test_the_outbox_shows_every_message_newest_first(runtime: SmallRuntime, client: httpx2.AsyncClient) -> None:
    assert runtime.dev_outbox
    await runtime.dev_outbox.send(MAIL)
    runtime.clock.advance(60)
    await runtime.dev_outbox.send(SMS)
    items = (await client.get("/dev/outbox.json")).json()
    assert [(item["channel"], item["to"]) for item in items] == [("sms", SMS.to), ("email", MAIL.to)]
    assert set(items[0]) == {"id", "channel", "to", "subject", "text", "html", "at"}
    assert datetime.fromisoformat(items[0]["at"]).timestamp() == runtime.clock.now()
    page = (await client.get("/dev/outbox")).text
    assert "123456" in page
    assert "1 January 2026, 09:01:00 UTC" in page
    assert "<p>Hello</p>" not in page  # it stands in an attribute, escaped


async def test_the_outbox_is_for_this_machine_only(app: ASGIApp, tmp_path: Path) -> None:
    async with client_of(app, peer=("192.0.2.9", 1)) as stranger:
        for path in ("/dev/outbox", "/dev/outbox.json"):
            assert (await stranger.get(path)).status_code == 404
    behind = small_runtime(tmp_path, server={"trusted_proxies": ["127.0.0.1"]})
    async with client_of(small_app(behind, [dev_outbox.routes])) as proxied:
        assert (await proxied.get("/dev/outbox.json")).status_code == 200
        answer = await proxied.get("/dev/outbox.json", headers={"x-forwarded-for": "192.0.2.9"})
        assert answer.status_code == 404


async def test_outside_the_demo_there_is_no_outbox(secure_client: httpx2.AsyncClient, tmp_path: Path) -> None:
    assert (await secure_client.get("/dev/outbox")).status_code == 404
    quiet = small_runtime(tmp_path, ISSUER, demo=False)
    async with client_of(small_app(quiet, [dev_outbox.routes])) as client:
        assert (await client.get("/dev/outbox.json")).status_code == 404


async def test_the_outbox_can_be_left_standing_still(client: httpx2.AsyncClient) -> None:
    assert 'http-equiv="refresh"' in (await client.get("/dev/outbox")).text
    assert 'http-equiv="refresh"' not in (await client.get("/dev/outbox?refresh=off")).text


async def test_messages_leave_while_the_server_runs(migrated: SmallRuntime) -> None:
    now = migrated.clock.now()
    sealed = seal_message(migrated.ports.sealer, "msg_1", MAIL)
    async with migrated.store.write() as uow:
        await uow.outbox.put("msg_1", Channel.EMAIL, "welcome", MAIL.to, sealed, now, now + HOUR)
    assert migrated.dev_outbox
    before = asyncio.all_tasks()
    async with background(migrated):
        for _ in range(1000):
            if migrated.dev_outbox.messages():
                break
            await asyncio.sleep(0.01)
    assert migrated.dev_outbox.messages()[0]["to"] == MAIL.to
    for _ in range(1000):
        if asyncio.all_tasks() == before:
            break
        await asyncio.sleep(0.01)  # a connection may still be on its way back to its pool
    assert asyncio.all_tasks() == before


async def test_what_has_expired_is_thrown_away(migrated: SmallRuntime) -> None:
    now = migrated.clock.now()
    async with migrated.store.write() as uow:
        await uow.outbox.put("msg_1", Channel.EMAIL, "welcome", MAIL.to, b"sealed", now, now + HOUR)
        await uow.outbox.sent("msg_1", now)
    migrated.clock.advance(400 * 24 * HOUR)
    assert sum((await purge(migrated)).values()) == 1
    async with migrated.store.read() as uow:
        assert await uow.outbox.state("msg_1") is None


async def test_a_database_that_is_away_ends_no_background_task(runtime: SmallRuntime) -> None:
    before = asyncio.all_tasks()
    with structlog.testing.capture_logs() as logged:
        async with background(runtime):
            for _ in range(1000):
                if len(logged) == 2:
                    break
                await asyncio.sleep(0.01)
            assert len(asyncio.all_tasks() - before) >= 2
    assert asyncio.all_tasks() == before
    assert {(event["event"], event["task"]) for event in logged} == {
        ("background.failed", "outbox"),
        ("background.failed", "housekeeping"),
    }


async def test_work_that_fails_while_it_is_told_to_end_ends(
    runtime: SmallRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def fails_at_that_moment() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("the database went away")

    monkeypatch.setattr(runtime.outbox, "run", fails_at_that_moment)
    async with asyncio.timeout(10), background(runtime):
        await begun.wait()
