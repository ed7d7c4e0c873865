"""A house whose clock shows the real time: clients in other programs judge tokens by theirs."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.house import House, running_house
from tests.support.ports import ManualClock


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    clock = ManualClock(int(time.time()))
    async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path, clock=clock) as house:
        yield house
