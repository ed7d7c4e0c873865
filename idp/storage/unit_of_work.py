"""The store, and the unit of work: returned means committed, raised means rolled back (DESIGN section 5)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from idp.storage.faults import translated
from idp.storage.gate import WriteGate
from idp.storage.repositories.accounts import Accounts
from idp.storage.repositories.audit import Audit
from idp.storage.repositories.clients import Clients
from idp.storage.repositories.credentials import Credentials
from idp.storage.repositories.grants import Grants
from idp.storage.repositories.house import House
from idp.storage.repositories.housekeeping import Housekeeping
from idp.storage.repositories.logins import Logins
from idp.storage.repositories.outbox import Outbox
from idp.storage.repositories.people import People
from idp.storage.repositories.protocol import PostedRequests, UsedAssertions
from idp.storage.repositories.sessions import Browsers, Sessions
from idp.storage.repositories.text_codes import TextCodes
from idp.storage.repositories.throttles import Throttles
from idp.storage.schema import head, revision_of


class UnitOfWork:
    """The repositories, all in one transaction. It never commits: `Store.write` does."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.accounts = Accounts(connection)
        self.people = People(connection)
        self.credentials = Credentials(connection)
        self.logins = Logins(connection)
        self.text_codes = TextCodes(connection)
        self.sessions = Sessions(connection)
        self.browsers = Browsers(connection)
        self.clients = Clients(connection)
        self.grants = Grants(connection)
        self.posted_requests = PostedRequests(connection)
        self.used_assertions = UsedAssertions(connection)
        self.throttles = Throttles(connection)
        self.outbox = Outbox(connection)
        self.audit = Audit(connection)
        self.house = House(connection)
        self.housekeeping = Housekeeping(connection)


class Store:
    """One database, as one process sees it. `engine.open_store` builds it.

    `gate` and `writer()` are for the back channel, which commits its own batches (`storage/gate.py` shows how); everybody
    else uses `read()` and `write()`.
    """

    def __init__(self, writing: AsyncEngine, reading: AsyncEngine, gate: WriteGate) -> None:
        self._writing = writing
        self._reading = reading
        self.gate = gate

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._writing.dialect.name

    @property
    def url(self) -> URL:
        """Where the database is. Its text hides the password."""
        return self._writing.url

    async def is_ready(self) -> bool:
        """Whether the database answers and has the schema that this program knows. Raises `errors.StorageUnavailable`."""
        async with self.reader() as connection:
            with translated():
                return await connection.run_sync(revision_of) == head()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[UnitOfWork]:
        """A consistent snapshot; whatever is written into it is refused by the database.

        Raises `errors.StorageUnavailable`, and RuntimeError inside a write.
        """
        self.gate.refuse_inside_turn()
        async with _connected(self._reading) as connection:
            yield UnitOfWork(connection)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[UnitOfWork]:
        """One short write transaction: left by an exception it is rolled back, else it is committed.

        Await nothing in it but the unit of work: on SQLite every other writer waits. Raises `errors.StorageUnavailable`, and
        RuntimeError inside another write.
        """
        async with self.gate.turn(), self.writer() as connection:
            with translated():
                await connection.begin()
            yield UnitOfWork(connection)
            with translated():
                await connection.commit()

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[AsyncConnection]:
        """A connection to read from, with no transaction begun."""
        async with _connected(self._reading) as connection:
            yield connection

    @asynccontextmanager
    async def writer(self) -> AsyncIterator[AsyncConnection]:
        """The connection to write with, inside a turn of `gate`; no transaction is begun. What is not committed when it is
        left is rolled back."""
        async with _connected(self._writing) as connection:
            yield connection

    async def close(self) -> None:
        await self._reading.dispose()
        await self._writing.dispose()


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    connection = engine.connect()
    with translated():
        await connection.start()
    try:
        yield connection
    finally:
        # Shielded: a caller that is cancelled must not leave the connection, and with it the writer's place, half given back.
        with translated():
            await asyncio.shield(connection.close())
