"""A Node script of this folder as a program that a test talks with, one JSON value a line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.support.node import node_program, packages_of

FOLDER = Path(__file__).parent
PATIENCE_SECONDS = 60
LONGEST_LINE = 1024 * 1024


class NodeScript:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def say(self, value: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(value).encode() + b"\n")
        await self._process.stdin.drain()

    async def hear(self) -> Any:
        """The next value. Fails with what the script wrote to standard error when it ended instead."""
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            line = await self._process.stdout.readline()
            if not line:
                raise AssertionError(f"the script ended:\n{(await self._process.stderr.read()).decode()}")
        return json.loads(line)


@asynccontextmanager
async def node_script(name: str) -> AsyncIterator[NodeScript]:
    """Runs `name` while the block lasts. Raises `NodeUnavailable`."""
    packages_of(FOLDER)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        node_program(), name, cwd=FOLDER, stdin=pipe, stdout=pipe, stderr=pipe, limit=LONGEST_LINE
    )
    try:
        yield NodeScript(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
