"""Throttle buckets. The row's lock makes check and count one act, for any number of processes (SECURITY-CASES LG06, F30)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import delete, select, update

from idp.domain.throttling import Limit, ThrottleState, Verdict
from idp.storage.encoding import from_json, to_json
from idp.storage.repositories.repository import Repository
from idp.storage.tables import throttles


class Throttles(Repository):
    """A transaction that takes several buckets takes them in one order always, or two of them wait for each other."""

    async def attempt(self, bucket: str, limit: Limit, now: int) -> Verdict:
        """Counts one attempt *before* it is evaluated, and says whether it may be."""
        insert = self._insert(throttles).values(bucket=bucket, state=_to_json(ThrottleState()), expires_at=now)
        # Changing nothing on conflict is what locks a row that exists and makes one that does not, in one statement:
        # a bucket that is cleared between two statements would let an attempt go uncounted.
        locked = insert.on_conflict_do_update(index_elements=["bucket"], set_={"bucket": insert.excluded.bucket})
        row = await self._first(locked.returning(throttles.c.state, throttles.c.expires_at))
        verdict = limit.attempt(_live_state(row, now), now)
        await self._run(
            update(throttles)
            .where(throttles.c.bucket == bucket)
            .values(state=_to_json(verdict.state), expires_at=now + limit.keep_seconds)
        )
        return verdict

    async def peek(self, bucket: str, limit: Limit, now: int) -> Verdict:
        """What an attempt would be told now. Nothing is counted, so it decides nothing: it is for showing."""
        statement = select(throttles.c.state, throttles.c.expires_at).where(throttles.c.bucket == bucket)
        return limit.attempt(_live_state(await self._first(statement), now), now)

    async def forgive(self, bucket: str, limit: Limit, now: int) -> None:
        """Takes the latest attempt back; the run of failures before it goes on."""
        await self._move(bucket, limit.forgive, now)

    async def succeed(self, bucket: str, limit: Limit, now: int) -> None:
        """Takes the latest attempt back: it was right, and the run of failures is over."""
        await self._move(bucket, limit.succeed, now)

    async def _move(self, bucket: str, change: Callable[[ThrottleState], ThrottleState], now: int) -> None:
        this = throttles.c.bucket == bucket
        row = await self._first(select(throttles.c.state, throttles.c.expires_at).where(this).with_for_update())
        await self._run(update(throttles).where(this).values(state=_to_json(change(_live_state(row, now)))))

    async def clear(self, bucket: str) -> None:
        await self._run(delete(throttles).where(throttles.c.bucket == bucket))


def _live_state(row: Any, now: int) -> ThrottleState:
    """An expired state is none, whether the housekeeping has been here or not (SECURITY-CASES F48)."""
    if row is None or row["expires_at"] <= now:
        return ThrottleState()
    failures, free_at, recent = from_json(row["state"])
    return ThrottleState(failures, free_at, tuple(recent))


def _to_json(state: ThrottleState) -> str:
    return to_json([state.failures, state.free_at, state.recent])
