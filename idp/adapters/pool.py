"""Threads of one's own for slow work, with a bounded queue.

The default executor is shared by everything and queues without end: a burst of hashes or a slow provider would then stand in
front of everybody else's work and fill the memory (SECURITY-CASES F16, F22).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import ParamSpec, TypeVar

from idp.errors import Busy

P = ParamSpec("P")
T = TypeVar("T")


class BoundedPool:
    """At most `threads` pieces of work at a time and `queue` more that wait; beyond that `errors.Busy` at once."""

    def __init__(self, name: str, threads: int, queue: int) -> None:
        self._name = name
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)
        self._places = BoundedSemaphore(threads + queue)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `work`, done in a thread of this pool. Raises `errors.Busy`, and whatever `work` raises."""
        if not self._places.acquire(blocking=False):
            raise Busy(detail=f"the queue of the {self._name} threads is full")
        try:
            future = self._executor.submit(work, *args, **kwargs)
        except RuntimeError:
            self._places.release()
            raise
        # The place is freed when the work ends, not when the caller stops waiting: a thread cannot be interrupted.
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, _: Future[T]) -> None:
        self._places.release()

    def close(self) -> None:
        """Cancels what waits and lets the work under way end."""
        self._executor.shutdown(wait=True, cancel_futures=True)
