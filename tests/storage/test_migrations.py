"""From nothing to the schema and no further, on both databases; killed half-way, started twice, made by somebody newer."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from idp.errors import ConfigurationError
from idp.storage.engine import open_store
from idp.storage.migrate import check_schema, current, head, upgrade
from idp.storage.schema import known_revisions
from idp.storage.tables import metadata
from idp.storage.unit_of_work import Store

ROOT = Path(__file__).resolve().parents[2]


async def refusal(url: str) -> str:
    store = open_store(url)
    try:
        with pytest.raises(ConfigurationError) as caught:
            await check_schema(store)
    finally:
        await store.close()
    return caught.value.public


async def write(url: str, statement: str) -> None:
    store = open_store(url)
    async with store.writer() as connection:
        await connection.execute(text(statement))
        await connection.commit()
    await store.close()


async def tables(store: Store) -> set[str]:
    async with store.reader() as connection:
        return await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))


async def test_an_empty_database_is_brought_to_the_schema_and_stays_there(database_url: str) -> None:
    assert await current(database_url) is None
    assert await upgrade(database_url) == head()
    assert await current(database_url) == head()
    assert await upgrade(database_url) == head()
    store = open_store(database_url)
    await check_schema(store)
    assert await store.is_ready()
    assert await tables(store) == {*metadata.tables, "alembic_version"}
    await store.close()


async def test_the_migrations_make_exactly_the_schema_of_the_code(store: Store) -> None:
    def differences(connection: Connection) -> list[object]:
        # Alembic misreads SQLite's empty defaults; the migration is the same for both.
        defaults = connection.dialect.name == "postgresql"
        context = MigrationContext.configure(connection, opts={"compare_server_default": defaults})
        return list(compare_metadata(context, metadata))

    async with store.reader() as connection:
        assert await connection.run_sync(differences) == []


async def test_keys_are_compared_byte_by_byte(postgres_url: str) -> None:
    """Alembic does not compare collations, and a subtree is a range of the path's index only under this one."""
    store = open_store(postgres_url)
    async with store.reader() as connection:
        rows = await connection.execute(
            text("SELECT table_name, column_name FROM information_schema.columns WHERE collation_name = 'C'")
        )
        found = {tuple(row) for row in rows}
    await store.close()
    keys = {(table.name, column.name) for table in metadata.tables.values() for column in table.c}
    assert found & keys == {
        ("accounts", "number_key"),
        ("accounts", "path"),
        ("users", "username_key"),
        ("users", "email_key"),
    }


async def test_several_that_start_at_once_do_it_once(database_url: str) -> None:
    assert await asyncio.gather(*(upgrade(database_url) for _ in range(4))) == [head()] * 4
    assert await current(database_url) == head()


MURDER = """
import asyncio, os, signal, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
from idp.storage.migrate import upgrade

@event.listens_for(Engine, "after_cursor_execute")
def strike(connection, cursor, statement, *rest):
    if sys.argv[2] in statement:
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(upgrade(sys.argv[1]))
"""


async def kill_after(statement: str, url: str) -> None:
    """Migrates in another process, which is killed as soon as it has executed a statement with these words."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", MURDER, url, statement),
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    _, complaint = await process.communicate()
    assert process.returncode == -signal.SIGKILL, complaint.decode()


@pytest.mark.parametrize("after", ["CREATE TABLE accounts", "CREATE TABLE grants", "UPDATE alembic_version"])
async def test_a_migration_that_is_killed_leaves_nothing_behind(after: str, database_url: str) -> None:
    """F35: killed between any two statements, it leaves what was there before, and the next one succeeds."""
    await kill_after(after, database_url)
    assert await current(database_url) is None
    assert "Run `idp migrate`" in await refusal(database_url)
    assert await upgrade(database_url) == head()


async def test_a_copy_of_a_table_that_is_killed_leaves_the_table(tmp_path: Path) -> None:
    """F35: SQLite changes a column by copying the table."""
    url = f"sqlite:///{tmp_path}/idp.db"
    await kill_after("INSERT INTO _alembic_tmp_", url)
    assert await current(url) is None
    assert await upgrade(url) == head()


async def test_a_database_of_an_older_version_names_the_mend(database_url: str) -> None:
    await upgrade(database_url)
    oldest = min(known_revisions())
    await write(database_url, f"UPDATE alembic_version SET version_num = '{oldest}'")
    complaint = await refusal(database_url)
    assert "older version" in complaint
    assert "Run `idp migrate`" in complaint


async def test_a_failing_statement_takes_the_whole_migration_back(database_url: str) -> None:
    await write(database_url, "CREATE TABLE users (id text)")  # somebody else's
    with pytest.raises(ConfigurationError, match="already exists"):
        await upgrade(database_url)
    store = open_store(database_url)
    assert await tables(store) == {"users"}
    await store.close()


async def test_a_database_without_tables_names_the_mend(database_url: str) -> None:
    complaint = await refusal(database_url)
    assert "database.url" in complaint
    assert "Run `idp migrate`" in complaint


async def test_a_database_of_a_newer_version_is_left_alone(database_url: str) -> None:
    await upgrade(database_url)
    await write(database_url, "UPDATE alembic_version SET version_num = '9999'")
    assert "newer version" in await refusal(database_url)
    with pytest.raises(ConfigurationError, match="newer version"):
        await upgrade(database_url)
    store = open_store(database_url)
    assert not await store.is_ready()
    await store.close()


async def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "idp.db"
    await upgrade(f"sqlite:///{path}")
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    url = f"sqlite:///{tmp_path}/file/idp.db"
    with pytest.raises(ConfigurationError, match="cannot be used"):
        await upgrade(url)
    assert "database.url" in await refusal(url)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "idp.db").write_text("This is a letter to my aunt. " * 100)
    assert "database.url" in await refusal(f"sqlite:///{tmp_path}/idp.db")
    with pytest.raises(ConfigurationError):
        await upgrade(f"sqlite:///{tmp_path}/idp.db")


async def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    url = "postgresql://idp:hunter2@127.0.0.1:1/idp"
    complaint = await refusal(url)
    assert "127.0.0.1:1" in complaint
    assert "hunter2" not in complaint
    with pytest.raises(ConfigurationError, match="does not answer"):
        await upgrade(url)
    with pytest.raises(ConfigurationError, match="does not answer"):
        await current(url)


async def test_a_wrong_password_or_name_is_a_matter_of_configuration(postgres_url: str) -> None:
    for wrong in (postgres_url.replace("idp:", "idp:x"), postgres_url + "_none"):
        assert "does not answer" in await refusal(wrong)


async def test_an_installed_package_finds_its_migrations(tmp_path: Path) -> None:
    """As a wheel lays it out: `idp/_migrations`, and nothing beside the package."""
    shutil.copytree(ROOT / "idp", tmp_path / "idp", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "migrations", tmp_path / "idp" / "_migrations")
    script = "import asyncio, sys, idp.storage.migrate as m; print(m.__file__, asyncio.run(m.upgrade(sys.argv[1])))"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", script, f"sqlite:///{tmp_path}/idp.db"),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    out, _ = await process.communicate()
    assert out.decode().split() == [str(tmp_path / "idp/storage/migrate.py"), head()]
