"""Relying parties and the consents that people gave them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import delete, select, update

from idp.domain.clients import Client, ClientStatus
from idp.errors import Conflict, NotFound
from idp.storage.repositories.repository import Repository
from idp.storage.rows import CLIENT_COLUMNS, client_columns, client_from, secrets_to_json
from idp.storage.tables import clients, consents


class Clients(Repository):
    async def get(self, client_id: str) -> Client | None:
        row = await self._first(select(*CLIENT_COLUMNS).where(clients.c.client_id == client_id))
        return client_from(row) if row else None

    async def all(self) -> list[Client]:
        """In the order of ids."""
        return [client_from(row) for row in await self._all(select(*CLIENT_COLUMNS).order_by(clients.c.client_id))]

    async def source(self, client_id: str) -> str | None:
        """Who made the client and owns it: a configuration file, the command line, ...; None when there is no such client."""
        row = await self._first(select(clients.c.source).where(clients.c.client_id == client_id))
        return row["source"] if row else None

    async def put(self, client: Client, source: str, now: int) -> bool:
        """Stores a client as it is given, `version` apart, which counts the changes. True: it was new, or it changed.

        `source` owns the client it made first: what a configuration file says of it would undo another's change at the next
        start. Raises `errors.Conflict` for another source.
        """
        columns = client_columns(client)
        insert = self._insert(clients).values(client_id=client.client_id, source=source, created_at=now, **columns)
        if await self._happened(insert.on_conflict_do_nothing().returning(clients.c.client_id)):
            return True
        row = await self._first(
            select(*CLIENT_COLUMNS, clients.c.source).where(clients.c.client_id == client.client_id).with_for_update()
        )
        if row is None:
            raise NotFound(detail=f"client {client.client_id} was removed meanwhile")
        if row["source"] != source:
            raise Conflict(f"The client {client.client_id} belongs to {row['source']}. Change it there.")
        stored = client_from(row)
        if stored == replace(client, version=stored.version):
            return False
        await self._change(client.client_id, **columns)
        return True

    async def set_status(self, client_id: str, status: ClientStatus) -> bool:
        """False: nothing changed, or there is no such client."""
        return await self._happened(
            update(clients)
            .where(clients.c.client_id == client_id, clients.c.status != status.value)
            .values(status=status.value, version=clients.c.version + 1)
            .returning(clients.c.client_id)
        )

    async def set_secrets(self, client_id: str, secret_hashes: tuple[tuple[bytes, int | None], ...], now: int) -> None:
        """Replaces the (SHA-256, expires_at or None) pairs. Raises `errors.NotFound`."""
        await self._change(client_id, secrets=secrets_to_json(secret_hashes))

    async def _change(self, client_id: str, **values: str) -> None:
        changed = update(clients).where(clients.c.client_id == client_id)
        changed = changed.values(version=clients.c.version + 1, **values)
        if not await self._happened(changed.returning(clients.c.client_id)):
            raise NotFound(detail=f"client {client_id}")

    async def consent(self, user_id: str, client_id: str) -> frozenset[str]:
        """The scopes that the person let this client have; empty without consent."""
        c = consents.c
        row = await self._first(select(c.scope).where(c.user_id == user_id, c.client_id == client_id))
        return frozenset(row["scope"].split()) if row else frozenset()

    async def give_consent(self, user_id: str, client_id: str, scopes: Iterable[str], now: int) -> None:
        """Adds to what was given before: a request for less takes nothing back."""
        insert = self._insert(consents).values(user_id=user_id, client_id=client_id, scope="", given_at=now)
        locked = insert.on_conflict_do_update(index_elements=["user_id", "client_id"], set_={"given_at": now})
        row = await self._first(locked.returning(consents.c.scope))
        together = {*(row["scope"].split() if row else ()), *scopes}
        await self._run(
            update(consents)
            .where(consents.c.user_id == user_id, consents.c.client_id == client_id)
            .values(scope=" ".join(sorted(together)))
        )

    async def withdraw_consent(self, user_id: str, client_id: str) -> None:
        await self._run(delete(consents).where(consents.c.user_id == user_id, consents.c.client_id == client_id))
