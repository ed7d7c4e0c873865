"""A house whose server dies without a word and is started again over what it left, as after a power cut or an OOM kill."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.support.server_process import Replicated, ServerProcess, two_processes


class Mortal:
    """`house` as ever; `kill` is SIGKILL, `restart` brings a new process up behind the same door."""

    def __init__(self, house: Replicated, folder: Path, stack: AsyncExitStack) -> None:
        self.house = house
        self._folder = folder
        self._stack = stack
        self._process = house.processes[0]

    async def kill(self) -> None:
        await self._process.kill()

    async def restart(self) -> None:
        """Raises RuntimeError with the server's last words when it does not come up again."""
        settings, clock = self._folder / "settings.json", self._folder / "clock"
        self._process = await ServerProcess.start(settings, clock, self.house.doors[0])
        self._stack.push_async_callback(self._process.stop)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return self._process.log.read_text()


@asynccontextmanager
async def mortal_house(database_url: str, folder: Path, **tables: Mapping[str, Any]) -> AsyncIterator[Mortal]:
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(two_processes(database_url, folder, count=1, **tables))
        yield Mortal(house, folder, stack)
