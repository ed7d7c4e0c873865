"""The house in processes of their own, for races between servers and for servers that die.

Run as `python -m tests.support.server_process SETTINGS CLOCK PORT`: the settings are a JSON file of the configuration's
tables, the clock a file that `FileClock` reads. It says `ready` on standard output, and stops when its standard input ends,
so that no server outlives the tests.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Self

from idp.bootstrap import build
from idp.config import Settings, settings_from
from idp.demo.seed import register_clients
from idp.web.app import create_app
from idp.web.server import run, serving, stop_signal
from tests.support.foundations import HOST, house_tables, prepare
from tests.support.house import House
from tests.support.network import free_port
from tests.support.ports import FileClock

READY = b"ready\n"
START_SECONDS = 60
ROOT = Path(__file__).parents[2]


class ServerProcess:
    """One server process. `log` is the file with what it said on standard error."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, log: Path) -> None:
        self.port = port
        self.log = log
        self._process = process

    @classmethod
    async def start(cls, settings: Path, clock: Path, port: int) -> Self:
        """Raises RuntimeError with its last words when it does not come up."""
        log = settings.with_name(f"server-{port}.log")
        command = [sys.executable, "-m", "tests.support.server_process", str(settings), str(clock), str(port)]
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=errors, cwd=ROOT
            )
        started = cls(process, port, log)
        assert process.stdout is not None
        try:
            said = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
        except TimeoutError:
            said = b""
        if said != READY:
            await started.kill()
            raise RuntimeError(f"The server did not start:\n{log.read_text()[-2000:]}")
        return started

    @property
    def pid(self) -> int:
        return self._process.pid

    async def stop(self) -> None:
        """As an operator stops it: what is under way comes to its end. Safe to call twice, and after `kill`."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """As a power cut would: nothing comes to its end (SECURITY-CASES section 2)."""
        await self._end(signal.SIGKILL)

    async def _end(self, how: signal.Signals) -> None:
        if self._process.returncode is None:
            self._process.send_signal(how)
        assert self._process.stdin is not None
        await self._process.communicate()


class Replicated(House):
    """A house behind several doors. `processes[n]` is behind `doors[n]`."""

    processes: tuple[ServerProcess, ...] = ()


@asynccontextmanager
async def two_processes(
    database_url: str, folder: Path, *, count: int = 2, **tables: Mapping[str, Any]
) -> AsyncIterator[Replicated]:
    """The demo world served by `count` processes on one database while the block lasts; more than one needs PostgreSQL.

    Their clock is the real one plus what `house.clock.advance` adds. `house.person(door=1)` goes to the second process.
    """
    clock = FileClock(folder / "clock")
    await prepare(database_url, folder, clock)
    doors = tuple(free_port() for _ in range(count))
    values = house_tables(folder, doors[0], database_url, **tables)
    settings_file = folder / "settings.json"
    settings_file.write_text(json.dumps(values), encoding="ascii")
    async with AsyncExitStack() as stack:
        runtime = await build(settings_from(values, folder=folder), clock=clock)
        stack.push_async_callback(runtime.close)
        await register_clients(runtime.store, runtime.ports, HOST, doors[0])
        house = Replicated(runtime, clock, doors)
        started = [ServerProcess.start(settings_file, folder / "clock", door) for door in doors]
        outcomes = await asyncio.gather(*started, return_exceptions=True)
        house.processes = tuple(outcome for outcome in outcomes if isinstance(outcome, ServerProcess))
        for process in house.processes:
            stack.push_async_callback(process.stop)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        stack.push_async_callback(house.close)
        yield house


async def _main(settings: Settings, clock: FileClock, port: int) -> None:
    runtime = await build(settings, clock=clock)
    try:
        async with serving(create_app(runtime), "127.0.0.1", port):
            print("ready", flush=True)
            await stop_signal()
    finally:
        await runtime.close()


def _stop_with_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    tables = json.loads(Path(sys.argv[1]).read_text("ascii"))
    run(_main(settings_from(tables, folder=Path(sys.argv[1]).parent), FileClock(Path(sys.argv[2])), int(sys.argv[3])))
