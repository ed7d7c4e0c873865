"""Opens the house for one command: configuration, database and keys, and closes it again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from idp.bootstrap import Runtime, build
from idp.cli.logs import log_quietly
from idp.config import Settings, load_settings

T = TypeVar("T")


def with_house(config: Path, work: Callable[[Runtime], Awaitable[T]], *, apply_clients: bool = False) -> T:
    """What `work` answers with the runtime of this configuration. Raises `errors.IdpError`."""
    log_quietly()
    return asyncio.run(_with_house(load_settings(config), work, apply_clients))


async def _with_house(settings: Settings, work: Callable[[Runtime], Awaitable[T]], apply_clients: bool) -> T:
    house = await build(settings, apply_clients=apply_clients)
    try:
        return await work(house)
    finally:
        await house.close()
