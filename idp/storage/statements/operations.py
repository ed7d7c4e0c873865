"""The operations themselves. Each is one short transaction: when it returns, what it did is committed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from sqlalchemy import Select

from idp.domain.audit import Actor, Event
from idp.domain.clients import Client
from idp.domain.rules import TokenRules
from idp.storage.encoding import to_json
from idp.storage.rows import Row
from idp.storage.statements import expressions
from idp.storage.statements.expressions import Change
from idp.storage.statements.postgresql import PostgreSQLRunner
from idp.storage.statements.rows import (
    CodeState,
    FamilyState,
    LiveGrant,
    code_state_from,
    family_state_from,
    live_grant_from,
)
from idp.storage.statements.sqlite import SQLiteRunner
from idp.storage.unit_of_work import Store

POOL_SIZE = 10


class Runner(Protocol):
    """One database's way of preparing and running; what `prepare_…` returned is only ever handed back to it."""

    def prepare_read(self, statement: Select[Any], /) -> Any: ...
    def prepare_change(self, change: Change, /) -> Any: ...
    async def read(self, prepared: Any, values: Mapping[str, Any], /) -> Row | None: ...
    async def change(self, prepared: Any, values: Mapping[str, Any], /) -> Row | None: ...
    async def close(self) -> None: ...


class Statements:
    """Built by `Statements.open`. Every method raises `errors.StorageUnavailable` when the database does not answer."""

    def __init__(self, runner: Runner, rules: TokenRules) -> None:
        self._runner = runner
        self._rules = rules
        self._redeem = runner.prepare_change(expressions.REDEEM_CODE)
        self._rotate = runner.prepare_change(expressions.ROTATE)
        self._revoke = runner.prepare_change(expressions.REVOKE)
        self._read_grant_for = runner.prepare_read(expressions.READ_GRANT_FOR)
        self._read_grant = runner.prepare_read(expressions.READ_GRANT)
        self._code_state = runner.prepare_read(expressions.CODE_STATE)
        self._family_state = runner.prepare_read(expressions.FAMILY_STATE)
        self._client_version = runner.prepare_read(expressions.CLIENT_VERSION)

    @classmethod
    async def open(
        cls, store: Store, rules: TokenRules, *, pool_size: int = POOL_SIZE, busy_timeout: float = 5.0
    ) -> Statements:
        """On the store's database and, with SQLite, behind its write gate. The schema must be there already.

        `busy_timeout` (seconds) is how long SQLite waits for another process's lock. Raises `errors.StorageUnavailable`.
        """
        if store.dialect == "sqlite":
            return cls(SQLiteRunner(store.url.database or "", store.gate, busy_timeout), rules)
        return cls(PostgreSQLRunner(store.url, pool_size), rules)

    async def redeem_code(
        self,
        code_hash: bytes,
        client: Client,
        redirect_uri: str,
        code_challenge: str | None,
        generation: int,
        now: int,
    ) -> LiveGrant | None:
        """Uses up a code, once and for all. None: something does not fit, and nothing was changed.

        `code_challenge` is the S256 of the verifier that was sent, None when none was. `generation` is that of the first
        refresh token: 1, or 0 when none is issued.
        """
        values = {
            "code_hash": code_hash,
            "redirect_uri": redirect_uri,
            "code_challenge": code_challenge,
            "generation": generation,
        }
        row = await self._runner.change(self._redeem, values | _client(client) | self._lives(now))
        return live_grant_from(row) if row else None

    async def rotate(self, grant_id: str, generation: int, client: Client, now: int) -> LiveGrant | None:
        """Puts generation + 1 in the place of `generation`. None: that is not the one in force, or the grant is dead."""
        values = {"grant_id": grant_id, "generation": generation}
        row = await self._runner.change(self._rotate, values | _client(client) | self._lives(now))
        return live_grant_from(row) if row else None

    async def revoke_grant(
        self, grant_id: str, client_id: str, because: str, event: Event, actor: Actor, now: int
    ) -> bool:
        """Ends a family of tokens of this client and records why. False: it is another's, unknown, or ended already."""
        values = {
            "grant_id": grant_id,
            "client_id": client_id,
            "because": because,
            "now": now,
            "event_event": event.value,
            "event_at": now,
            "event_actor_id": actor.id,
            "event_address": actor.address,
            "event_user_agent": actor.user_agent.replace("\x00", "?"),
            "event_request_id": actor.request_id,
            "event_details": to_json({"grant": grant_id}),
        }
        return await self._runner.change(self._revoke, values) is not None

    async def read_grant(self, grant_id: str, now: int, *, asked_by: Client | None = None) -> LiveGrant | None:
        """The grant, if tokens of it count at this moment, and if the client that asks is registered as it was."""
        values = {"grant_id": grant_id, "now": now}
        if asked_by is None:
            row = await self._runner.read(self._read_grant, values)
        else:
            row = await self._runner.read(self._read_grant_for, values | _client(asked_by))
        return live_grant_from(row) if row else None

    async def code_state(self, code_hash: bytes) -> CodeState | None:
        row = await self._runner.read(self._code_state, {"code_hash": code_hash})
        return code_state_from(row) if row else None

    async def family_state(self, grant_id: str, now: int) -> FamilyState | None:
        row = await self._runner.read(self._family_state, {"grant_id": grant_id, "now": now})
        return family_state_from(row) if row else None

    async def client_version(self, client_id: str) -> int | None:
        """The version of an active client's registration; None when there is no such client any more."""
        row = await self._runner.read(self._client_version, {"client_id": client_id})
        return int(row["version"]) if row else None

    async def close(self) -> None:
        await self._runner.close()

    def _lives(self, now: int) -> dict[str, int]:
        return {
            "now": now,
            "idle_until": now + self._rules.refresh_idle_seconds,
            "offline_idle_until": now + self._rules.offline_idle_seconds,
        }


def _client(client: Client) -> dict[str, Any]:
    return {"client_id": client.client_id, "client_version": client.version}
