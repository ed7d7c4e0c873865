"""Several server processes on one address: started here, replaced when one dies, and stopped together.

This process answers nothing itself and imports little. It holds the sockets, one for each worker: when a worker dies, its
socket lives, and connections wait there for the successor instead of being refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from pathlib import Path

from idp.config import Settings
from idp.errors import ConfigurationError
from idp.web.server import GRACE_SECONDS, listen, stop_signal

READY = "ready"
"""What a worker says on standard output when it serves."""
START_SECONDS = 60
RESTART_SECONDS = 1


async def serve_by_workers(config: Path, settings: Settings) -> None:
    """Serves until SIGINT or SIGTERM. Raises `errors.ConfigurationError` when the address cannot be used or the workers do not
    come up; they have said why."""
    server = settings.server
    listeners = listen(server.host, server.port, server.workers)
    workers = [_Worker(config, listener) for listener in listeners]
    tending: list[asyncio.Task[None]] = []
    try:
        # One first: it makes signing keys and registers configured clients, and the others find all that.
        await workers[0].start()
        await asyncio.gather(*(worker.start() for worker in workers[1:]))
        tending += [asyncio.create_task(worker.tend()) for worker in workers]
        port = listeners[0].getsockname()[1]
        print(f"{server.issuer} is served at {server.host} port {port}. Workers: {len(workers)}.", file=sys.stderr)
        await stop_signal()
    finally:
        for task in tending:
            task.cancel()
        await asyncio.gather(*tending, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in workers))
        for listener in listeners:
            listener.close()


class _Worker:
    def __init__(self, config: Path, listener: socket.socket) -> None:
        self._config = config
        self._listener = listener
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Returns when it serves. Raises `errors.ConfigurationError` when it ends before, or takes too long."""
        number = str(self._listener.fileno())
        command = ("-m", "idp.cli", "serve", "--config", self._config, "--listener", number)
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            stdin=asyncio.subprocess.PIPE,  # how it notices that we are gone
            stdout=asyncio.subprocess.PIPE,
            pass_fds=(self._listener.fileno(),),
            start_new_session=True,  # Ctrl+C is for us alone: we stop them, each once
        )
        said = b""
        if process.stdout is not None:
            with contextlib.suppress(TimeoutError):
                said = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
        if said.decode().strip() != READY:
            raise ConfigurationError("A worker could not start. Its message above says why.")

    async def tend(self) -> None:
        """Puts a new process in the place of one that ended, for ever."""
        while self._process is not None:
            status = await self._process.wait()
            print(f"idp: a worker ended with status {status}; starting another.", file=sys.stderr)
            await asyncio.sleep(RESTART_SECONDS)
            with contextlib.suppress(ConfigurationError):  # it said why, and is tried again
                await self.start()

    async def stop(self) -> None:
        """Lets it finish what is under way."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), GRACE_SECONDS + 5)
        except TimeoutError:
            process.kill()
            await process.wait()
