"""A house with a back channel on a migrated database, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from idp.adapters.key_files import KeyDirectory
from idp.oidc.keys import KeyRing
from idp.storage.unit_of_work import Store
from tests.flows.journeys import sign_in
from tests.oidc.house import House, build_house, sealer
from tests.oidc.signer import FAPI2, PUBLISHING, SIGNER, Signer
from tests.oidc.visits import Visit
from tests.storage.conftest import (  # noqa: F401 - the same databases as the storage tests
    migrated_url,
    other_store,
    postgres_url,
    shared_postgres_url,
    sqlite_template,
    sqlite_url,
    store,
)
from tests.support.house import House as ServedHouse
from tests.support.house import running_house
from tests.support.logouts import LogoutListener
from tests.support.ports import ManualClock


@pytest.fixture(scope="session")
def key_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of signing keys, to be copied: making RSA keys takes longer than most tests."""
    folder = tmp_path_factory.mktemp("oidc") / "keys"
    asyncio.run(KeyRing.open(KeyDirectory(folder), sealer(), ManualClock(), rsa_bits=2048))
    return folder


@pytest.fixture
def keys_folder(key_template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(key_template, tmp_path / "keys"))


@pytest.fixture
async def house(store: Store, keys_folder: Path, clock: ManualClock) -> AsyncIterator[House]:  # noqa: F811
    built = await build_house(store, keys_folder, clock)
    yield built
    await built.back.statements.close()


@pytest.fixture
async def replica(house: House, other_store: Store, keys_folder: Path) -> AsyncIterator[House]:  # noqa: F811
    """A second process over the same database and keys."""
    joined = await house.joined_by(other_store, keys_folder)
    yield joined
    await joined.back.statements.close()


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[ServedHouse]:
    """The whole house behind real HTTP, with the demo world in it."""
    async with running_house(f"sqlite:///{tmp_path}/served.db", tmp_path / "served") as running:
        yield running


@pytest.fixture
def listener() -> Iterator[LogoutListener]:
    with LogoutListener() as listening:
        yield listening


@pytest.fixture
async def visit(served: ServedHouse, listener: LogoutListener) -> Visit:
    portal = await served.client("listening", backchannel_logout_uri=listener.uri)
    person = served.person()
    return Visit(served, portal, person, await sign_in(portal, person, "dana"), listener)


@pytest.fixture
async def signer(house: House) -> Signer:
    async with house.store.write() as uow:
        for client in (SIGNER, FAPI2, PUBLISHING):
            await uow.clients.put(client, "test", house.clock.now())
    return Signer(house)
