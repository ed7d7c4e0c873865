"""What a house for tests stands on: its configuration, and databases that are migrated and seeded already.

Migrating and seeding take a second, so they are done once for each database server: everybody else gets a copy. (The mail
that waits for `iris` was composed before the copy's address was known; its link leads to port 9.)
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from idp.bootstrap import build, fresh_sealing_key
from idp.config import settings_from
from idp.demo.seed import seed
from idp.ports import Clock
from idp.storage.migrate import upgrade
from tests.support.ports import NEW_YEAR_2026, ManualClock
from tests.support.postgres import PostgresCluster
from tests.support.smtp_server import SmtpServer
from tests.support.twilio_server import ACCOUNT_SID, AUTH_TOKEN, TwilioServer

HOST = "localhost"
SEALING_KEY = fresh_sealing_key("tests")

BEHIND_PROXY: dict[str, Any] = {"server": {"trusted_proxies": ["127.0.0.1"]}}
"""Tables for a house that believes `X-Forwarded-For`, so that people may come from many addresses."""

_templates: dict[str, str] = {}


def house_tables(folder: Path, port: int, database_url: str, **more: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of the demo profile, with the cheapest Argon2 that the house accepts; `more` is laid over it."""
    tables: dict[str, Any] = {
        "profile": "demo",
        "server": {"issuer": f"http://{HOST}:{port}", "host": "127.0.0.1", "port": port},
        "database": {"url": database_url},
        "secrets": {"sealing_keys": [SEALING_KEY]},
        "passwords": {"argon2_time_cost": 3, "argon2_memory_kib": 12 * 1024, "argon2_parallelism": 1},
        "sms": {"drama_numbers": True},
        "mail": {"outbox_directory": str(folder / "outbox")},
        "keys": {"directory": str(folder / "keys"), "rsa_bits": 2048},
    }
    for name, table in more.items():
        tables[name] = {**tables.get(name, {}), **table}
    return tables


def by_real_servers(smtp: SmtpServer | None = None, twilio: TwilioServer | None = None) -> dict[str, Any]:
    """Tables for a house that sends through these servers in place of the demo's outbox."""
    tables: dict[str, Any] = {}
    if smtp is not None:
        tables["mail"] = {"transport": "smtp", "host": smtp.host, "port": smtp.port, "tls": "none"}
    if twilio is not None:
        account = {"account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN, "sender": "+447700900999"}
        tables["sms"] = {"provider": "twilio", "base_url": twilio.url, **account}
    return tables


async def prepare(database_url: str, folder: Path, clock: Clock) -> None:
    """Puts schema, demo world and signing keys where a house will look for them; what is there already stays."""
    template = await _template()
    _copy_keys(template, folder)
    is_fresh = clock.now() == NEW_YEAR_2026
    if not (
        is_fresh and database_url.startswith("sqlite") and _copied(template, Path(database_url.partition(":///")[2]))
    ):
        await _fill(database_url, folder, clock)


def _copy_keys(template: Path, folder: Path) -> None:
    if not (folder / "keys").exists():
        shutil.copytree(template / "keys", folder / "keys")


def _copied(template: Path, file: Path) -> bool:
    """Puts the filled SQLite database at `file`; False when there is one already."""
    if file.exists():
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(template / "idp.db", file)
    return True


async def seeded_postgres(cluster: PostgresCluster) -> str:
    """The URL of a new database of this cluster with the demo world in it, as of `NEW_YEAR_2026`. Drop it after use."""
    name = f"postgresql:{cluster.port}"
    if name not in _templates:
        url = cluster.create_database()
        await _fill(url, await _template(), ManualClock())
        _templates[name] = url
    return cluster.create_database(_templates[name])


async def _template() -> Path:
    """A folder with a filled SQLite database and signing keys, made by the first test of this process that asks."""
    if "sqlite" not in _templates:
        folder = Path(tempfile.mkdtemp(prefix="idp-template-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        await _fill(f"sqlite:///{folder}/idp.db", folder, ManualClock())
        _templates["sqlite"] = str(folder)
    return Path(_templates["sqlite"])


async def _fill(database_url: str, folder: Path, clock: Clock) -> None:
    """Migrates and seeds; does nothing to a database that has both."""
    await upgrade(database_url)
    runtime = await build(settings_from(house_tables(folder, 9, database_url), folder=folder), clock=clock)
    try:
        await seed(runtime.store, runtime.ports)
    finally:
        await runtime.close()
