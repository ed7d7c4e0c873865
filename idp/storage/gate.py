"""The write gate: one turn at a time, first come first served, and never one inside another.

SQLite takes one writer. Connections that compete for it by `BEGIN IMMEDIATE` wait in no order and up to seconds (DESIGN
section 1), so every write of this process, the pages' and the back channel's alike, takes its turn here instead. Other
processes are kept apart by `busy_timeout` alone. On PostgreSQL the gate is open: it only refuses nesting.

The back channel groups its operations: it takes one turn, runs a batch on the same connection, commits once.

    async with store.gate.turn(), store.writer() as connection:
        ...                                    # await nothing but `connection` in here
        await connection.commit()
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from idp.errors import StorageUnavailable


@dataclass(slots=True, eq=False)
class _Turn:
    gate: WriteGate
    over: bool = False


# A context variable, not the task: a task that is started inside a turn and awaited there would wait for ever as well.
_turn: ContextVar[_Turn | None] = ContextVar("idp_storage_turn", default=None)


class WriteGate:
    """The gate of one `Store`, that is of one database in one process.

    `patience` is the longest wait for a turn in seconds, after which the caller gets its 503 instead of joining a pile-up
    behind a stalled writer (SECURITY-CASES F12); None opens the gate to everybody at once.
    """

    def __init__(self, patience: float | None) -> None:
        self._patience = patience
        self._lock = asyncio.Lock()  # wakes its waiters in the order in which they came

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Raises RuntimeError inside another turn, `errors.StorageUnavailable` when no turn comes in time."""
        self.refuse_inside_turn()
        await self._enter()
        before, turn = _turn.get(), _Turn(self)
        _turn.set(turn)
        try:
            yield
        finally:
            turn.over = True
            _turn.set(before)
            if self._patience is not None:
                self._lock.release()

    def refuse_inside_turn(self) -> None:
        """A second transaction inside a write would wait for itself, or read what the first has not committed."""
        turn = _turn.get()
        if turn is not None and turn.gate is self and not turn.over:
            raise RuntimeError("a transaction was opened inside a write: pass the unit of work on instead")

    async def _enter(self) -> None:
        if self._patience is None:
            return
        try:
            async with asyncio.timeout(self._patience):
                await self._lock.acquire()
        except TimeoutError as error:
            raise StorageUnavailable(detail="no turn at the write gate in time") from error
