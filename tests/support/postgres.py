"""A throw-away PostgreSQL cluster on a free loopback port, for the tests that must hold on both databases.

`python -m tests.support.postgres` prints where the server's programs are, or fails: `make test` asks it whether to
install them, so that there is one answer to that question.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

START_SECONDS = 60
STOP_SECONDS = 30
SUPERUSER = "idp"

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "max_wal_size": "128MB",
    "min_wal_size": "32MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # Durability stays as in production: tests that kill the server rely on it.
    "fsync": "on",
    "synchronous_commit": "on",
}


class PostgresUnavailable(RuntimeError):
    """PostgreSQL is not installed, or did not start. The message says what to do; tests fail with it, never skip."""


def server_programs() -> Path:
    """The directory with `initdb`, `postgres` and `psql`: from PATH, else Debian's newest version.

    Debian keeps the server's programs off the PATH. Raises `PostgresUnavailable` when there are none.
    """
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    installed = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not installed:
        raise PostgresUnavailable(
            "The tests need the PostgreSQL server. Run `make test`, which installs it on Debian, "
            "or install it yourself (Debian: apt-get install postgresql, macOS: brew install postgresql)."
        )
    return max(installed, key=lambda path: int(path.parent.name))


class PostgresCluster:
    """One server with its own data directory. A context manager: leaving it stops the server and removes the data."""

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        """`settings` of the server's own, laid over `SETTINGS`."""
        self._settings = {**SETTINGS, **(settings or {})}
        self._programs = server_programs()
        self._owner = _unprivileged_user()
        self._password = secrets.token_hex(16)
        self._databases = 0
        # Straight under the temporary directory: pytest's own are closed to the user that the server runs as.
        self.home = Path(tempfile.mkdtemp(prefix="idp-postgres-"))
        self._server: subprocess.Popen[bytes] | None = None
        self.port = 0

    def __enter__(self) -> PostgresCluster:
        try:
            self._initialise()
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def create_database(self, template: str | None = None) -> str:
        """Makes an empty database, or a copy of the one whose URL is `template`, and answers its URL.

        Nothing may be connected to the template while it is copied.
        """
        self._databases += 1
        name = f"test_{self._databases}"
        source = urlsplit(template).path[1:] if template else "template0"
        self._sql(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        return f"postgresql+asyncpg://{SUPERUSER}:{self._password}@127.0.0.1:{self.port}/{name}"

    def drop_database(self, url: str) -> None:
        """Removes a database of this cluster, cutting the connections it still has."""
        self._sql(f'DROP DATABASE "{urlsplit(url).path[1:]}" WITH (FORCE)')

    def stop(self) -> None:
        """Stops the server, hard if it must be, and removes its data. Safe to call twice."""
        server, self._server = self._server, None
        if server is not None:
            for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):  # fast, immediate, gone
                server.send_signal(how)
                try:
                    server.wait(STOP_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    continue
        shutil.rmtree(self.home, ignore_errors=True)

    @property
    def pid(self) -> int:
        """Of the server's first process, while it runs."""
        return self._server.pid if self._server else 0

    @property
    def _data(self) -> Path:
        return self.home / "data"

    @property
    def _log(self) -> Path:
        return self.home / "server.log"

    def _initialise(self) -> None:
        password_file = self.home / "password"
        password_file.write_text(self._password, encoding="ascii")
        if self._owner:
            for path in (self.home, password_file):
                shutil.chown(path, self._owner, pwd.getpwnam(self._owner).pw_gid)
        self._run(
            "initdb", f"--pgdata={self._data}", f"--username={SUPERUSER}", f"--pwfile={password_file}",
            # Anybody on this machine can reach the port, and a superuser may run programs: ask for the password.
            # `password` rather than `scram-sha-256`, which costs every connection 10 ms of client arithmetic.
            "--auth=password", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip
        settings = "".join(f"{name} = '{value}'\n" for name, value in self._settings.items())
        with (self._data / "postgresql.conf").open("a", encoding="ascii") as configuration:
            configuration.write(settings)

    def _start(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._try_start(deadline):
            # Between asking for a free port and binding it another process may have taken it: ask again.
            if time.monotonic() > deadline:
                raise PostgresUnavailable(f"PostgreSQL did not start. Its log ends:\n{self._log_tail()}")

    def _try_start(self, deadline: float) -> bool:
        self.port = _free_port()
        command = [str(self._programs / "postgres"), "-D", str(self._data), "-p", str(self.port)]
        if shutil.which("setpriv"):
            # The kernel stops the server when the test process dies without a chance to do so itself.
            command = ["setpriv", "--pdeathsig", "INT", *command]
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.home, start_new_session=True,
                **_as_user(self._owner),
            )  # fmt: skip
        while self._server.poll() is None and time.monotonic() < deadline:
            if self._ready():
                return True
            time.sleep(0.02)
        return False

    def _ready(self) -> bool:
        """The server writes `ready` into its pid file once it takes connections."""
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()[-1].strip() == "ready"
        except (FileNotFoundError, IndexError):
            return False

    def _sql(self, statement: str) -> None:
        self._run(
            "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--host=127.0.0.1", f"--port={self.port}",
            f"--username={SUPERUSER}", "--dbname=postgres", f"--command={statement}",
        )  # fmt: skip

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *arguments], cwd=self.home, capture_output=True, text=True, check=False,
            env={**os.environ, "PGPASSWORD": self._password, "LC_ALL": "C.UTF-8"}, **_as_user(self._owner),
        )  # fmt: skip
        if done.returncode:
            raise PostgresUnavailable(f"{program} failed: {done.stderr.strip()}\n{self._log_tail()}")

    def _log_tail(self) -> str:
        return self._log.read_text(errors="replace")[-2000:] if self._log.exists() else ""


def _unprivileged_user() -> str | None:
    """Whom to become before starting the server, which refuses to run as root; None: stay who we are."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _as_user(name: str | None) -> dict[str, Any]:
    if name is None:
        return {}
    return {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    try:
        print(server_programs())
    except PostgresUnavailable as missing:
        sys.exit(str(missing))
