"""A whole house for tests: real settings, a migrated and seeded database, the real server, and a clock that the test moves.

`running_house` serves in the test's own event loop; `server_process.two_processes` serves the same house from processes of
their own. Either way a test talks to it over HTTP, and reads mails and texts where a reader of the demo would.
"""

from __future__ import annotations

import asyncio
import io
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import structlog
from sqlalchemy import select

from idp.adapters.logs import configure_logs
from idp.bootstrap import Runtime, build
from idp.config import settings_from
from idp.demo.seed import register_clients, support_secret
from idp.demo.world import PORTALS
from idp.domain.delivery import DeliveryState
from idp.errors import ConfigurationError
from idp.ports import Clock, Ports
from idp.services.clients import RegisterClient, register_client
from idp.storage.tables import outbox
from idp.storage.unit_of_work import Store
from idp.web.app import create_app
from idp.web.server import serving
from tests.support.foundations import HOST, house_tables, prepare
from tests.support.inbox import Message
from tests.support.network import ToPort, free_port
from tests.support.person import Person
from tests.support.ports import FileClock, ManualClock
from tests.support.relying_party import SCOPE, RelyingParty

CALLBACK = "http://localhost:9/callback"
"""Where clients of tests have people sent to. Nobody listens there, and nobody goes: a `Person` stops at the door."""
SIGNED_OUT = "http://localhost:9/"
PATIENCE_SECONDS = 15
"""How long a message may take in real time before a test gives up: a busy machine is slow, a lost message never comes."""
AUTH = {
    "client_secret_basic": "basic",
    "client_secret_post": "post",
    "private_key_jwt": "assertion",
    "none": "none",
}

C = TypeVar("C")
T = TypeVar("T")


class House:
    """A house that is served. `doors` are the ports of its server processes; `runtime` is the test's own hold on it, for
    what operators do by other ways than the pages."""

    def __init__(self, runtime: Runtime, clock: ManualClock | FileClock, doors: tuple[int, ...]) -> None:
        self.runtime = runtime
        self.settings = runtime.settings
        self.issuer = runtime.settings.server.issuer
        self.clock = clock
        self.doors = doors
        self._log = io.StringIO()
        self._read: set[str] = set()
        self._people: list[Person] = []
        self._parties: list[RelyingParty] = []
        self._http = httpx2.AsyncClient(transport=ToPort(doors[0]), timeout=30)

    def person(self, *, door: int = 0, address: str | None = None, fetch_metadata: bool = True) -> Person:
        """Somebody with a new browser. `address` counts only in a house that trusts the test as its proxy (`BEHIND_PROXY`)."""
        person = Person(self.issuer, port=self.doors[door], address=address, fetch_metadata=fetch_metadata)
        self._people.append(person)
        return person

    def portal(self, client_id: str, *, door: int = 0) -> RelyingParty:
        """One of the demo's portals: `inbound` or `sip-trunk-plus`."""
        portal = next(portal for portal in PORTALS if portal.client_id == client_id)
        url = portal.url(HOST, self.settings.server.port)
        return self._party(
            RelyingParty(
                self.issuer,
                client_id,
                portal.secret,
                f"{url}/callback",
                self.clock.now,
                alg="ES256",
                post_logout_redirect_uri=f"{url}/",
                port=self.doors[door],
            )
        )

    async def client(
        self,
        client_id: str = "test-client",
        *,
        policy: Mapping[str, Any] | None = None,
        scope: str = SCOPE,
        door: int = 0,
        **metadata: Any,
    ) -> RelyingParty:
        """Registers a client of the test's own and hands over its relying party. `metadata` has RFC 7591 names."""
        values: dict[str, Any] = {
            "client_id": client_id,
            "client_name": "Test Client",
            "redirect_uris": [CALLBACK],
            "post_logout_redirect_uris": [SIGNED_OUT],
            "scope": f"{SCOPE} offline_access address",
            "grant_types": ["authorization_code", "refresh_token"],
            "policy": dict(policy or {}),
            **metadata,
        }
        registered = await self.run(register_client, RegisterClient(values))
        return self._party(
            RelyingParty(
                self.issuer,
                client_id,
                registered.secret,
                values["redirect_uris"][0],
                self.clock.now,
                alg=registered.client.id_token_alg,
                auth=AUTH[registered.client.auth_method],
                scope=scope,
                post_logout_redirect_uri=SIGNED_OUT,
                port=self.doors[door],
            )
        )

    async def run(self, use_case: Callable[[Store, Ports, C], Awaitable[T]], command: C) -> T:
        """What an operator does on the command line: one use case of `idp.services`."""
        return await use_case(self.runtime.store, self.runtime.ports, command)

    async def outbox(self) -> list[Message]:
        """Every mail and text message so far, newest first."""
        answer = await self._http.get(f"{self.issuer}/dev/outbox.json")
        assert answer.status_code == 200, answer
        return [Message(**item) for item in answer.json()]

    async def mail_to(self, address: str, holding: str = "") -> Message:
        """The newest mail to this address that holds some text, once it is one that the test has not read yet.

        Those before it count as read. `holding="Password: "` is for mails with a temporary password only.
        """
        return await self._next("email", address, holding)

    async def text_to(self, number: str) -> Message:
        """As `mail_to`, for text messages to a number (E.164)."""
        return await self._next("sms", number, "")

    async def deliver(self) -> None:
        """Hands over whatever is due in the outbox, and waits for what a worker has taken on already."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while await self.runtime.outbox.deliver_due() or await self._is_carrying():
            assert time.monotonic() < deadline, "a worker does not get a message delivered"
            await asyncio.sleep(0.01)

    async def support_key(self) -> str:
        """The authenticator key of the demo's support user."""
        return await support_secret(self.runtime.store, self.runtime.ports)

    @property
    def log(self) -> str:
        """What a server in this process has logged."""
        return self._log.getvalue()

    @contextmanager
    def logging(self) -> Iterator[None]:
        """Configures the process to log as a server does, into `log`, beside pytest's own handlers."""
        root, structure = logging.getLogger(), structlog.get_config()
        handlers = root.handlers
        configure_logs("INFO", "json", self._log)
        root.handlers += handlers
        try:
            yield
        finally:
            root.handlers = handlers
            logging.captureWarnings(False)
            structlog.configure(**structure)

    async def close(self) -> None:
        """Closes every browser and portal, and looks for passwords in the log (SECURITY-CASES IO11)."""
        for person in self._people:
            await person.close()
            for secret in person.secrets:
                assert secret not in self.log, "a password stands in the log"
        for party in self._parties:
            await party.close()
        await self._http.aclose()

    def _party(self, party: RelyingParty) -> RelyingParty:
        self._parties.append(party)
        return party

    async def _is_carrying(self) -> bool:
        t = outbox.c
        taken = select(t.id).where(t.state == DeliveryState.QUEUED.value, t.attempts > 0, t.last_error == "")
        async with self.runtime.store.reader() as connection, connection.begin():
            return (await connection.execute(taken)).first() is not None

    async def _next(self, channel: str, to: str, holding: str) -> Message:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            await self.deliver()
            found = [m for m in await self.outbox() if (m.channel, m.to) == (channel, to) and holding in m.text]
            if found and found[0].id not in self._read:
                self._read.update(message.id for message in found)
                return found[0]
            assert time.monotonic() < deadline, f"nothing new for {to} by {channel}"
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running_house(
    database_url: str, folder: Path, *, clock: ManualClock | None = None, **tables: Mapping[str, Any]
) -> AsyncIterator[House]:
    """Serves the demo world from `database_url` while the block lasts; an empty database is migrated and seeded first.

    `folder` is for keys and messages. `tables` are laid over the configuration: `sms={"code_minutes": 2}`.
    """
    clock = clock or ManualClock()
    await prepare(database_url, folder, clock)
    async with AsyncExitStack() as stack:
        runtime = await _serve(stack, database_url, folder, clock, tables)
        house = House(runtime, clock, (runtime.settings.server.port,))
        stack.push_async_callback(house.close)
        stack.enter_context(house.logging())
        yield house


async def _serve(
    stack: AsyncExitStack, database_url: str, folder: Path, clock: Clock, tables: Mapping[str, Mapping[str, Any]]
) -> Runtime:
    """The issuer names the port, so it is chosen first; when somebody else takes it meanwhile, another one is tried."""
    while True:
        port = free_port()
        settings = settings_from(house_tables(folder, port, database_url, **tables), folder=folder)
        async with AsyncExitStack() as attempt:
            runtime = await build(settings, clock=clock)
            attempt.push_async_callback(runtime.close)
            await register_clients(runtime.store, runtime.ports, HOST, port)
            try:
                await attempt.enter_async_context(serving(create_app(runtime), "127.0.0.1", port))
            except ConfigurationError as error:
                if "in use" not in error.public:
                    raise
                continue
            stack.push_async_exit(attempt.pop_all())
            return runtime
