"""The demo as somebody sees it who ran `idp demo`: the identity provider and both portals, served for real beside the browser.

The house runs in an event loop of a thread of its own, because Playwright's synchronous interface keeps the test's thread to
itself. Portals are relying parties like any other and go by the real time; so the clock of the house starts behind it, and a
test may move it forward without making tokens from the future.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from idp.demo.portal import Portal
from idp.demo.world import PORTALS
from idp.errors import ConfigurationError
from idp.ports import Ports
from idp.storage.unit_of_work import Store
from idp.web.server import serving
from tests.support.foundations import HOST, prepare
from tests.support.house import House, running_house
from tests.support.inbox import Message
from tests.support.ports import ManualClock

MINUTE = 60
HOUR = 60 * MINUTE
TRIES = 20
"""How many times a house is started elsewhere because somebody listens on one of the three ports already."""

C = TypeVar("C")
T = TypeVar("T")


class Loop:
    """An event loop in a thread of its own, for as long as the tests of this process need it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="demo")
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Does the work there and waits for what comes of it, for a minute at most."""
        return self.start(work).result(timeout=MINUTE)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@dataclass(frozen=True)
class Foundation:
    """A seeded database with its keys in `folder`, as of the moment `begin` of the house's clock."""

    folder: Path
    begin: int

    @classmethod
    def lay(cls, loop: Loop, folder: Path, seconds_ago: int) -> Foundation:
        begin = int(time.time()) - seconds_ago
        loop.run(prepare(f"sqlite:///{folder}/idp.db", folder, ManualClock(begin)))
        return cls(folder, begin)

    def copy_to(self, folder: Path) -> None:
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)


class Demo:
    """A demo that is served. What a test does to it goes through the pages; this is the operator's and the reader's side."""

    def __init__(self, house: House, loop: Loop) -> None:
        self.house = house
        self.issuer = house.issuer
        self.clock = house.clock
        port = house.settings.server.port
        self.inbound, self.sip_trunk_plus = (portal.url(HOST, port) for portal in PORTALS)
        self._loop = loop

    @property
    def origins(self) -> tuple[str, ...]:
        return (self.issuer, self.inbound, self.sip_trunk_plus)

    def mail_to(self, address: str) -> Message:
        """The newest mail to this address that the test has not read yet."""
        return self._loop.run(self.house.mail_to(address))

    def text_to(self, number: str) -> Message:
        """As `mail_to`, for text messages to a number (E.164)."""
        return self._loop.run(self.house.text_to(number))

    def texts(self) -> list[Message]:
        """All text messages so far."""
        return [message for message in self._loop.run(self.house.outbox()) if message.channel == "sms"]

    def support_key(self) -> str:
        """The authenticator key that the demo's start prints."""
        return self._loop.run(self.house.support_key())

    def register(self, client_id: str, **metadata: Any) -> None:
        """Registers a client besides the portals, as `idp client add` does. `metadata` as for `House.client`."""
        self._loop.run(self.house.client(client_id, **metadata))

    def operate(self, use_case: Callable[[Store, Ports, C], Awaitable[T]], command: C) -> T:
        """What an operator does on the command line: one use case of `idp.services`."""
        return self._loop.run(self.house.run(use_case, command))

    def assert_healthy(self) -> None:
        """Nothing that the browser did was an error to the server."""
        errors = [line for line in self.house.log.splitlines() if _level(line) in ("error", "critical")]
        assert not errors, "The server logged errors:\n" + "\n".join(errors)


@contextmanager
def running_demo(loop: Loop, foundation: Foundation, folder: Path, **tables: Any) -> Iterator[Demo]:
    """Serves the demo while the block lasts. `tables` are laid over the configuration."""
    foundation.copy_to(folder)
    started: Future[Demo] = Future()
    stop = asyncio.Event()
    # ID tokens of an hour, the longest: a house whose clock is behind issues tokens that are old to its portals.
    tables["tokens"] = {"id_token_seconds": HOUR, **tables.get("tokens", {})}

    async def serve() -> None:
        clock = ManualClock(foundation.begin + MINUTE)  # nobody signs in at the second in which the world began
        async with AsyncExitStack() as stack:
            house = await _open(stack, f"sqlite:///{folder}/idp.db", folder, clock, tables)
            started.set_result(Demo(house, loop))
            await stop.wait()

    serving_it = loop.start(serve())
    serving_it.add_done_callback(lambda done: _fail(started, done))
    demo = started.result(timeout=MINUTE)
    try:
        yield demo
    finally:
        loop.run(_set(stop))
        serving_it.result(timeout=MINUTE)
    demo.assert_healthy()


async def _open(stack: AsyncExitStack, url: str, folder: Path, clock: ManualClock, tables: dict[str, Any]) -> House:
    """The house and its portals on three neighbouring ports; elsewhere when one of them is taken."""
    for _ in range(TRIES):
        async with AsyncExitStack() as attempt:
            house = await attempt.enter_async_context(running_house(url, folder, clock=clock, **tables))
            port = house.settings.server.port
            try:
                for portal in PORTALS:
                    app = Portal(portal, portal.url(HOST, port), house.issuer, house.settings.branding.provider).app()
                    await attempt.enter_async_context(serving(app, "127.0.0.1", port + portal.offset))
            except ConfigurationError:
                continue
            stack.push_async_exit(attempt.pop_all())
            return house
    raise RuntimeError("no three neighbouring ports are free")


async def _set(event: asyncio.Event) -> None:
    event.set()


def _fail(started: Future[Demo], done: Future[None]) -> None:
    """The demo ended before it began."""
    if not started.done():
        started.set_exception(done.exception() or RuntimeError("the demo ended before it began"))


def _level(line: str) -> str:
    try:
        return str(json.loads(line).get("level", ""))
    except ValueError:
        return ""
