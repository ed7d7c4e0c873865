"""`idp serve` with several workers: one address, one of them dies, all of them stop."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import CHEAP, call
from tests.support.network import free_port
from tests.support.postgres import PostgresCluster

PATIENCE_SECONDS = 90
"""Two interpreters start and make RSA keys; on a machine that runs all the tests at once that takes a while."""
SERVED = re.compile(r"is served at 127\.0\.0\.1 port ([0-9]+)\. Workers: 2\.")


class Served:
    """A running `idp serve` and what it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said = ""
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said += line

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def workers(self) -> set[int]:
        """The processes below the one that was started."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return {int(pid) for pid in children.read_text().split()}

    def is_well(self) -> bool:
        found = SERVED.search(self.said)
        assert found is not None
        request = urllib.request.Request(
            f"http://127.0.0.1:{found[1]}/health/ready", headers={"Host": "localhost:9000"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return bool(answer.status == 200)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE_SECONDS)
        self._listening.join()
        for stream in (self.process.stderr, self.process.stdout):
            if stream is not None:
                stream.close()


@contextmanager
def serve(config: Path) -> Iterator[Served]:
    command = [sys.executable, "-m", "idp.cli", "serve", "--config", str(config)]
    served = Served(subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    try:
        yield served
    finally:
        served.end()


def configured(folder: Path, database_url: str, port: int) -> Path:
    config = folder / "config.toml"
    call("init", "--config", config, "--database-url", database_url)
    text = config.read_text().replace("port = 9000\n", f"port = {port}\nworkers = 2\n", 1)
    config.write_text(text + CHEAP)
    return config


@pytest.fixture
def config(postgres: PostgresCluster, tmp_path: Path) -> Iterator[Path]:
    url = postgres.create_database()
    config = configured(tmp_path, url, free_port())
    assert call("migrate", "--config", config).code == 0
    yield config
    postgres.drop_database(url)


def test_a_worker_that_dies_is_replaced_and_all_stop_at_the_signal(config: Path) -> None:
    with serve(config) as served:
        served.until(lambda: SERVED.search(served.said) is not None)
        first = served.workers()
        assert len(first) == 2
        assert served.is_well()

        os.kill(min(first), signal.SIGKILL)
        for _ in range(20):  # whoever was sent to the dead one waits for its successor
            assert served.is_well()
        served.until(lambda: len(served.workers()) == 2)
        assert served.workers() != first
        assert "a worker ended with status -9; starting another" in served.said

        served.process.send_signal(signal.SIGTERM)
        served.until(lambda: served.process.poll() is not None)
        assert served.process.returncode == 0


def test_workers_end_with_their_parent_however_it_ends(config: Path) -> None:
    with serve(config) as served:
        served.until(lambda: SERVED.search(served.said) is not None)
        workers = served.workers()
        served.process.kill()
        served.until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def test_a_second_server_does_not_join_the_first(config: Path) -> None:
    with serve(config) as first:
        first.until(lambda: SERVED.search(first.said) is not None)
        with serve(config) as second:
            second.until(lambda: second.process.poll() is not None)
            assert second.process.returncode == 1
            assert "is in use already" in second.said
        assert first.is_well()


def test_workers_that_cannot_start_end_it_with_the_reason(config: Path) -> None:
    key = re.compile(r'sealing_keys = \["[^"]*"\]')
    text = config.read_text()
    assert call("keys", "list", "--config", config).code == 0  # the first start, which ties the key to the database
    config.write_text(key.sub(f'sealing_keys = ["other:{"A" * 43}="]', text))
    with serve(config) as served:
        served.until(lambda: served.process.poll() is not None)
        assert served.process.returncode == 1
        assert "sealing" in served.said
        assert "A worker could not start" in served.said


def test_SQLite_is_for_one_process(tmp_path: Path) -> None:
    answer = call("serve", "--config", configured(tmp_path, "sqlite:///idp.db", 9000))
    assert answer.code == 1
    assert "server.workers is more than 1, but database.url is SQLite" in answer.err
