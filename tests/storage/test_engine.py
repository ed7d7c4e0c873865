"""Which database URLs there are, and what a wrong one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from idp.errors import ConfigurationError, StorageUnavailable
from idp.storage.engine import open_store, parse_url


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:///data/idp.db", "sqlite+aiosqlite"),
        ("sqlite:////var/lib/idp/idp.db", "sqlite+aiosqlite"),
        ("sqlite+aiosqlite:///idp.db", "sqlite+aiosqlite"),
        ("postgresql://idp@db.example/idp", "postgresql+asyncpg"),
        ("postgresql+asyncpg://idp:p%40ss@db.example:5433/idp?sslmode=require", "postgresql+asyncpg"),
    ],
)
def test_urls_that_are_ours(url: str, driver: str) -> None:
    assert parse_url(url).drivername == driver


@pytest.mark.parametrize(
    "url",
    [
        "",
        "idp.db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file::memory:?cache=shared&uri=true",
        "sqlite://host/idp.db",
        "mysql://idp@db.example/idp",
        "postgres://idp@db.example/idp",
        "postgresql+psycopg://idp@db.example/idp",
        "postgresql+nonsense://idp:hunter2@db.example/idp",
        "postgresql://idp:hunter2@db.example:port/idp",
    ],
)
def test_urls_that_are_not(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"database\.url") as caught:
        open_store(url)
    assert "hunter2" not in str(caught.value)


async def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/idp.db")
    assert store.dialect == "sqlite"
    assert store.url.database == f"{tmp_path}/idp.db"
    await store.close()


async def test_what_stands_behind_the_question_mark_is_libpqs(postgres_url: str) -> None:
    for query in ("sslmode=prefer", "sslmode=disable&application_name=theirs"):
        store = open_store(f"{postgres_url}?{query}", application_name="ours")
        assert await store.is_ready()
        await store.close()


async def test_tls_that_is_required_is_not_given_up(postgres_url: str) -> None:
    store = open_store(f"{postgres_url}?sslmode=require")
    with pytest.raises(StorageUnavailable):
        await store.is_ready()
    await store.close()
