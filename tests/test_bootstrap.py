"""The composition: what refuses to start, and that the sealing key is never replaced over data that it belongs to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from idp.bootstrap import Runtime, build, fresh_sealing_key
from idp.config import Settings, settings_from
from idp.domain.accounts import Kind
from idp.domain.people import Person, Role
from idp.errors import ConfigurationError, WrongSealingKey
from idp.services.clients import RegisterClient, register_client
from idp.storage.engine import open_store
from idp.storage.migrate import current, erase, upgrade
from tests.support.ports import ManualClock

KEY, OTHER = fresh_sealing_key("a"), fresh_sealing_key("b")
SECRET = "0123456789abcdef0123456789abcdef"
CLIENT = {"client_id": "inbound", "redirect_uris": ["https://inbound.example/cb"], "client_secret": SECRET}

Configured = Callable[..., Settings]


@pytest.fixture
def configured(tmp_path: Path, database_url: str) -> Configured:
    """Settings over one database and one folder, with the given changes."""

    def settings(*sealing_keys: str, clients: tuple[dict[str, Any], ...] = (), **changes: dict[str, Any]) -> Settings:
        values: dict[str, Any] = {
            "database": {"url": database_url},
            "secrets": {"sealing_keys": list(sealing_keys or (KEY,))},
            "passwords": {"argon2_memory_kib": 12288, "argon2_parallelism": 1},
            "keys": {"rsa_bits": 2048},
            "clients": clients,
        }
        for section, content in changes.items():
            values[section] = values.get(section, {}) | content
        return settings_from(values, folder=tmp_path)

    return settings


@asynccontextmanager
async def running(settings: Settings, *, migrated: bool = True) -> AsyncIterator[Runtime]:
    if migrated:
        await upgrade(settings.database.url)
    runtime = await build(settings, clock=ManualClock())
    try:
        yield runtime
    finally:
        await runtime.close()


def key_files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (folder / "keys").glob("*.jwk")}


async def refused(settings: Settings) -> str:
    with pytest.raises((ConfigurationError, WrongSealingKey)) as refusal:
        async with running(settings):
            pass
    return refusal.value.public


class TestTheSealingKey:
    async def test_the_same_key_starts_again(self, configured: Configured, tmp_path: Path) -> None:
        async with running(configured()):
            made = key_files(tmp_path)
        async with running(configured()):
            assert key_files(tmp_path) == made

    async def test_another_key_is_refused_and_nothing_is_made_anew(
        self, configured: Configured, tmp_path: Path
    ) -> None:
        async with running(configured()):
            made = key_files(tmp_path)
        assert "does not fit the stored data" in await refused(configured(OTHER))
        assert "does not fit the stored data" in await refused(
            configured(KEY.split(":")[0] + ":" + OTHER.split(":")[1])
        )
        assert key_files(tmp_path) == made

    async def test_without_the_signing_keys_the_database_still_knows_its_key(
        self, configured: Configured, tmp_path: Path
    ) -> None:
        async with running(configured()):
            pass
        for file in (tmp_path / "keys").glob("*.jwk"):
            file.unlink()
        assert "does not fit the stored data" in await refused(configured(OTHER))
        assert key_files(tmp_path) == {}

    async def test_a_new_database_beside_old_signing_keys_is_refused_too(
        self, configured: Configured, tmp_path: Path
    ) -> None:
        async with running(configured()):
            made = key_files(tmp_path)
        fresh = {"url": f"sqlite:///{tmp_path}/fresh.db"}
        assert "does not fit the stored data" in await refused(configured(OTHER, database=fresh))
        assert key_files(tmp_path) == made

    async def test_people_without_the_proof_are_not_adopted(self, configured: Configured, tmp_path: Path) -> None:
        settings = configured()
        await upgrade(settings.database.url)
        store = open_store(settings.database.url)
        async with store.write() as uow:
            await uow.accounts.add("acc_1", "OP-1", "Operator", Kind.OPERATOR, None, 1)
            await uow.people.add(Person("usr_1", "rita", "rita@example.com"), 1)
            await uow.people.add_membership("mem_1", "usr_1", "acc_1", Role.SUPPORT, True, 1)
        await store.close()
        assert "does not fit the stored data" in await refused(settings)
        assert key_files(tmp_path) == {}

    async def test_no_key_at_all_is_refused(self, configured: Configured) -> None:
        assert (await refused(configured(secrets={"sealing_keys": []}))).startswith("secrets.sealing_keys is empty.")

    async def test_a_key_is_rotated_in_two_steps(self, configured: Configured) -> None:
        async with running(configured()):
            pass
        async with running(configured(KEY, OTHER)):
            pass
        async with running(configured(OTHER, KEY)):
            pass
        async with running(configured(OTHER, KEY)) as runtime:  # the proof is under the new key now
            async with runtime.store.read() as uow:
                sealed = await uow.house.get("sealing_check")
            assert sealed is not None
            assert sealed[2:3] == b"b"

    async def test_of_two_first_starts_with_different_keys_one_is_refused(
        self, configured: Configured, tmp_path: Path
    ) -> None:
        await upgrade(configured().database.url)
        both = [configured(KEY, keys={"directory": "one"}), configured(OTHER, keys={"directory": "two"})]
        outcomes = await asyncio.gather(*(build(settings) for settings in both), return_exceptions=True)
        started = [outcome for outcome in outcomes if isinstance(outcome, Runtime)]
        for runtime in started:
            await runtime.close()
        assert len(started) == 1
        assert any(isinstance(outcome, WrongSealingKey) for outcome in outcomes)


class TestConfiguredClients:
    async def test_they_are_there_after_the_start_and_follow_the_file(self, configured: Configured) -> None:
        async with running(configured(clients=(CLIENT,))) as runtime:
            first = await runtime.clients.get("inbound")
        async with running(configured(clients=(CLIENT,))) as runtime:
            again = await runtime.clients.get("inbound")
        async with running(configured(clients=({**CLIENT, "client_name": "Inbound 2"},))) as runtime:
            changed = await runtime.clients.get("inbound")
        assert first is not None
        assert first == again
        assert changed is not None
        assert replace(changed, client_name=first.client_name, version=first.version) == first
        assert changed.version == first.version + 1

    async def test_a_command_leaves_them_to_the_server(self, configured: Configured) -> None:
        settings = configured(clients=(CLIENT,))
        await upgrade(settings.database.url)
        runtime = await build(settings, apply_clients=False)
        try:
            assert await runtime.clients.get("inbound") is None
        finally:
            await runtime.close()

    async def test_one_that_was_registered_by_hand_is_not_taken_over(self, configured: Configured) -> None:
        async with running(configured()) as runtime:
            metadata = {"client_id": "inbound", "redirect_uris": ["https://inbound.example/cb"]}
            await register_client(runtime.store, runtime.ports, RegisterClient(metadata))
        assert "clients[1]: The client inbound belongs to cli" in await refused(configured(clients=(CLIENT,)))

    @pytest.mark.parametrize(
        ("clients", "sentence"),
        [
            (({"client_id": "x"},), "clients[1]: A client that signs people in needs a redirect URI."),
            (({**CLIENT, "redirect_uri": "x"},), "clients[1]: redirect_uri is not a member that is honoured here."),
            ((CLIENT, CLIENT), "clients[2] and clients[1] are both inbound. Remove one of the two."),
            (({k: v for k, v in CLIENT.items() if k != "client_secret"},), "clients[1]: inbound has no secret."),
            (({**CLIENT, "client_secret": ""},), "clients[1]: A client secret is ASCII text on one line."),
        ],
    )
    async def test_what_cannot_be_registered_stops_the_start(
        self, configured: Configured, clients: tuple[dict[str, Any], ...], sentence: str
    ) -> None:
        assert (await refused(configured(clients=clients))).startswith(sentence)

    async def test_a_guessable_secret_is_for_loopback_issuers(self, configured: Configured) -> None:
        short = ({**CLIENT, "client_secret": "short"},)
        async with running(configured(clients=short)):
            pass
        world = {
            "server": {"issuer": "https://id.example"},
            "mail": {"transport": "smtp", "host": "mail.example"},
            "sms": {
                "provider": "webhook",
                "webhook_url": "https://sms.example/",
                "webhook_secret": "whsec_" + "A" * 32,
            },
        }
        assert "That client secret is too short" in await refused(configured(clients=short, **world))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"passwords": {"argon2_memory_kib": 8192}}, "passwords.argon2_memory_kib = 8192 is too weak"),
        ({"passwords": {"argon2_time_cost": 1}}, "passwords.argon2_memory_kib = 12288 is too weak"),
        ({"passwords": {"breached_list": "none.txt"}}, "passwords.breached_list: there is no file"),
        ({"secrets": {"sealing_keys": ["a:short"]}}, "Key 1 of secrets.sealing_keys is not a sealing key."),
        ({"sms": {"countries": ["XX"]}}, "sms.countries: 'XX' is not a country."),
        ({"sms": {"provider": "twilio", "sender": "Telecom"}}, "sms.account_sid and sms.auth_token are not"),
        ({"mail": {"transport": "smtp", "host": "h", "from": "nobody"}}, "mail.from is not an e-mail address."),
        ({"keys": {"algorithms": ["ES256"]}}, "keys.algorithms lacks RS256"),
        ({"keys": {"algorithms": ["RS256", "none"]}}, "keys.algorithms names 'none'."),
        ({"branding": {"templates": "."}}, "There is no folder"),
        ({"database": {"url": "mysql://h/n"}}, "database.url names a database that is not supported"),
    ],
)
async def test_what_is_unsafe_or_missing_is_refused_by_name(
    configured: Configured, changes: dict[str, dict[str, Any]], sentence: str
) -> None:
    settings = configured(**changes)
    with pytest.raises(ConfigurationError) as refusal:
        async with running(settings, migrated=False):
            pass
    if "database" in changes or "keys" not in changes:
        assert refusal.value.public.startswith(sentence)
        return
    assert (await refused(settings)).startswith(sentence)


async def test_a_switch_against_https_is_refused(configured: Configured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    assert (await refused(configured())).startswith("AUTHLIB_INSECURE_TRANSPORT is set")


async def test_a_database_without_tables_is_not_served(configured: Configured) -> None:
    with pytest.raises(ConfigurationError, match="idp migrate"):
        async with running(configured(), migrated=False):
            pass


async def test_a_file_in_place_of_a_folder_is_named(configured: Configured, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for section, key in (("keys", "directory"), ("mail", "outbox_directory")):
        settings = configured(**{section: {key: "file"}})
        assert (await refused(settings)).startswith(f"{section}.{key}: {file} cannot be used")


async def test_the_outbox_page_is_for_the_demo_only(configured: Configured) -> None:
    async with running(configured()) as runtime:
        assert runtime.dev_outbox is None
    demo = configured().model_copy(update={"profile": "demo"})
    async with running(demo) as runtime:
        assert runtime.dev_outbox is not None


async def test_a_demo_that_begins_anew_finds_an_empty_database(configured: Configured) -> None:
    settings = configured()
    async with running(settings):
        pass
    await erase(settings.database.url)
    assert await current(settings.database.url) is None
    await erase(settings.database.url)
    async with running(configured(OTHER, keys={"directory": "other"})):
        pass
