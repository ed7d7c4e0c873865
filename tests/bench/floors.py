"""What the work costs when nothing is around it: a bare ASGI answer, one signature, one commit. No server can be cheaper."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import uvicorn
import uvloop
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from idp.storage.engine import SQLITE_WRITER
from tests.bench.load import Requests, run_load
from tests.bench.peer_subject import libpq
from tests.bench.subject import running
from tests.support.network import free_port

CONNECTIONS = 10
AT_ONCE = 16
MESSAGE = b"x" * 400
"""As long as the signed part of an access token."""


@dataclass(frozen=True, slots=True)
class Floors:
    """Processor microseconds of one, on the server's side."""

    asgi: float
    es256: float
    rs256: float
    verify: float
    read: float
    commit: float
    sqlite_read: float
    sqlite_commit: float
    commits_a_second: float
    sqlite_commit_alone: float
    """Microseconds by the clock that one transaction takes when nobody shares its commit."""


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """The least that ASGI can answer."""
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


def measure(database_url: str, folder: Path, seconds: float) -> Floors:
    signing, signer = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
    proof, scheme = ec.ECDSA(SHA256()), padding.PKCS1v15()
    signature, public = signing.sign(MESSAGE, proof), signing.public_key()
    read, commit, rate = uvloop.run(_postgresql(libpq(database_url), seconds))
    sqlite_read, sqlite_commit, alone = _sqlite(folder / "floor.db", seconds)
    with _bare_server(folder) as (url, pid):
        asgi = run_load(url, Requests("/"), AT_ONCE, seconds, [pid], []).cpu
    return Floors(
        asgi=asgi,
        es256=_cost(lambda: signing.sign(MESSAGE, proof), seconds / 4),
        rs256=_cost(lambda: signer.sign(MESSAGE, scheme, SHA256()), seconds / 4),
        verify=_cost(lambda: public.verify(signature, MESSAGE, proof), seconds / 4),
        read=read,
        commit=commit,
        sqlite_read=sqlite_read,
        sqlite_commit=sqlite_commit,
        commits_a_second=rate,
        sqlite_commit_alone=alone,
    )


def _cost(work: Callable[[], object], seconds: float) -> float:
    count, begun, until = 0, time.process_time(), time.monotonic() + seconds
    while time.monotonic() < until:
        for _ in range(10):
            work()
        count += 10
    return (time.process_time() - begun) / count * 1e6


async def _postgresql(url: str, seconds: float) -> tuple[float, float, float]:
    """Of a read and of a committed change of one row each by its key, as many at once as the benchmarks have requests."""
    pool = [await asyncpg.connect(url) for _ in range(CONNECTIONS)]
    await pool[0].execute("DROP TABLE IF EXISTS floor; CREATE TABLE floor (id int PRIMARY KEY, n int NOT NULL)")
    await pool[0].execute("INSERT INTO floor SELECT k, 0 FROM generate_series(0, 999) AS k")
    try:
        read, _ = await _together(pool, "SELECT n FROM floor WHERE id = $1", seconds)
        return read, *await _together(pool, "UPDATE floor SET n = n + 1 WHERE id = $1 RETURNING n", seconds)
    finally:
        for connection in pool:
            await connection.close()


async def _together(pool: list[Any], statement: str, seconds: float) -> tuple[float, float]:
    """Processor microseconds of one, and how many there are in a second."""
    free, count, until = list(pool), 0, time.monotonic() + seconds
    places = asyncio.Semaphore(len(pool))

    async def client(row: int) -> None:
        nonlocal count
        while time.monotonic() < until:
            async with places:
                connection = free.pop()
                await connection.fetchrow(statement, row)
                free.append(connection)
            count += 1

    begun, started = time.process_time(), time.monotonic()
    work: list[Awaitable[None]] = [client(row) for row in range(AT_ONCE)]
    await asyncio.gather(*work)
    return (time.process_time() - begun) / count * 1e6, count / (time.monotonic() - started)


def _sqlite(file: Path, seconds: float) -> tuple[float, float, float]:
    """Of a read, of a change that shares its commit with `AT_ONCE` others, and the time of a commit alone."""
    file.unlink(missing_ok=True)
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        for pragma in SQLITE_WRITER:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("CREATE TABLE floor (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)")
        connection.executemany("INSERT INTO floor VALUES (?, 0)", [(n,) for n in range(1000)])

        def change(rows: int) -> None:
            connection.execute("BEGIN IMMEDIATE")
            for row in range(rows):
                connection.execute("UPDATE floor SET n = n + 1 WHERE id = ?", (row,))
            connection.execute("COMMIT")

        read = _cost(
            lambda: connection.execute("SELECT n FROM floor WHERE id = ?", (7,)).fetchone(),
            seconds / 4,
        )
        shared = _cost(lambda: change(AT_ONCE), seconds / 2) / AT_ONCE
        begun, alone = time.monotonic(), 0
        while time.monotonic() - begun < seconds / 2:
            change(1)
            alone += 1
        return read, shared, (time.monotonic() - begun) / alone * 1e6
    finally:
        connection.close()


@contextmanager
def _bare_server(folder: Path) -> Iterator[tuple[str, int]]:
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.floors", str(port)]
    with (folder / "bare.log").open("wb") as log, running(command, f"http://127.0.0.1:{port}", log) as (process, _):
        yield f"http://127.0.0.1:{port}", process.pid


if __name__ == "__main__":
    uvicorn.run(answer, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False, lifespan="off")
