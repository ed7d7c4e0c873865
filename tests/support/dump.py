"""The whole database as values, before and after: what a request left behind (SECURITY-CASES, Key: "no side effect").

async with untouched(house):
    ...                                 # only audit and rate-limit rows may come of it
async with untouched(house, "logins.tries"):
    ...                                 # and this column
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import select

from idp.storage.tables import metadata
from idp.storage.unit_of_work import Store
from tests.support.house import House

COUNTERS = frozenset({"audit_events", "throttles"})
"""Tables that a refused request may well write to."""

SETTLE_SECONDS = 10

Dump = Mapping[str, Mapping[tuple[Any, ...], Mapping[str, Any]]]
"""Rows by table and primary key."""


async def dump(store: Store) -> Dump:
    """Every row of every table, as of one moment."""
    async with store.reader() as connection, connection.begin():
        found = {}
        for table in metadata.sorted_tables:
            rows = (await connection.execute(select(table))).mappings()
            key = [column.name for column in table.primary_key.columns]
            found[table.name] = {tuple(row[name] for name in key): dict(row) for row in rows}
        return found


def changes(before: Dump, after: Dump, *, ignoring: frozenset[str] = COUNTERS) -> set[str]:
    """`+grants` for a row that came, `-grants` for one that went, `grants.revoked_at` for a column that changed in a row."""
    found = set()
    for table in before.keys() - ignoring:
        old, new = before[table], after[table]
        found |= {f"+{table}" for _ in new.keys() - old.keys()} | {f"-{table}" for _ in old.keys() - new.keys()}
        for key in old.keys() & new.keys():
            found |= {f"{table}.{name}" for name, value in old[key].items() if new[key][name] != value}
    return found


@asynccontextmanager
async def untouched(house: House, *but: str, ignoring: frozenset[str] = COUNTERS) -> AsyncIterator[None]:
    """Fails when the block changed anything in the database but what is named in `but` and counted in `ignoring`."""
    await _settled(house)
    before = await dump(house.runtime.store)
    yield
    await _settled(house)
    found = changes(before, await dump(house.runtime.store), ignoring=ignoring)
    assert found <= set(but), f"left behind: {sorted(found - set(but))}"


async def _settled(house: House) -> None:
    """Waits until no message is between the outbox and its transport: the worker would settle it in the middle."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        await house.deliver()
        rows = (await dump(house.runtime.store))["outbox"].values()
        if not any(row["state"] == "queued" and not row["last_error"] for row in rows):
            return
        assert time.monotonic() < deadline, "a message is under way for ever"
        await asyncio.sleep(0.01)
