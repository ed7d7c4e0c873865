"""A configured house on SQLite for each test of a command, and a way to call commands in this process."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from idp.cli import app

CHEAP = """
[passwords]
argon2_time_cost = 3
argon2_memory_kib = 12288
argon2_parallelism = 1

[keys]
rsa_bits = 2048
"""
"""The least that is accepted, so that the tests do not wait for Argon2 and RSA."""


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def call(*arguments: str | Path) -> Answer:
    """Runs one command as the console script would. A traceback is a failure of the test."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="idp")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.stdout, result.stderr)


@dataclass(frozen=True, slots=True)
class House:
    """A folder with a config.toml, a migrated database and signing keys."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    def run(self, *arguments: str | Path) -> Answer:
        return call(*arguments, "--config", self.config)

    def done(self, *arguments: str | Path) -> Answer:
        """For commands that have to succeed."""
        answer = self.run(*arguments)
        assert answer.code == 0, answer.err
        return answer

    def json(self, *arguments: str | Path) -> Any:
        return self.done(*arguments, "--json").json

    def mails(self) -> list[dict[str, str]]:
        """What was mailed, oldest first."""
        file = self.folder / "outbox" / "outbox.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("IDP_", "AUTHLIB_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")  # usage errors are not to be wrapped in the middle of a sentence


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A command sets logging up for its process, which is everybody's here."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def first_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `idp init` and `idp migrate` make, with an operator, a reseller and an end client; copied for each test."""
    house = House(tmp_path_factory.mktemp("first") / "house")
    house.done("init")
    house.config.write_text(house.config.read_text() + CHEAP)
    house.done("migrate")
    for number, name, kind, *under in (
        ("OP-1", "500 Telecom", "operator"),
        ("RS-1", "Northern Voice", "reseller", "--under", "OP-1"),
        ("EC-1", "Harbour Dental", "end_client", "--under", "RS-1"),
    ):
        house.done("account", "add", "--number", number, "--name", name, "--kind", kind, *under)
    return house.folder


@pytest.fixture
def house(first_house: Path, tmp_path: Path) -> House:
    return House(Path(shutil.copytree(first_house, tmp_path / "house")))


@pytest.fixture
def dana(house: House) -> str:
    """A person of Harbour Dental with the temporary password in the mailbox."""
    house.done("user", "add", "--username", "dana", "--email", "dana@example.com", "--account", "EC-1")
    return "dana"
