"""The configuration: defaults, files, the environment, and what is refused before anything runs."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from idp.config import (
    Starter,
    client_entries,
    known_keys,
    load_settings,
    read_client_files,
    settings_from,
    write_private,
)
from idp.domain.clients import SecondFactor
from idp.domain.registration import read_client
from idp.domain.rules import Rules
from idp.errors import ConfigurationError

EXAMPLE = Path(__file__).resolve().parents[1] / "config.example.toml"
KEY = "k1:" + "A" * 43 + "="
PRODUCTION: dict[str, Any] = {
    "server": {"issuer": "https://id.example"},
    "mail": {"transport": "smtp", "host": "mail.example"},
    "sms": {"provider": "twilio"},
}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("IDP_", "AUTHLIB_")):
            monkeypatch.delenv(name)


def refusal(values: dict[str, Any]) -> str:
    with pytest.raises(ConfigurationError) as refused:
        settings_from(values)
    return refused.value.public


class TestTheExample:
    def test_it_holds_every_key_with_its_default(self) -> None:
        written = tomllib.loads(EXAMPLE.read_text())
        keys = {name for name, value in written.items() if not isinstance(value, dict)}
        keys |= {f"{table}.{key}" for table, value in written.items() if isinstance(value, dict) for key in value}
        assert keys == set(known_keys()) - {"clients"}
        assert load_settings(EXAMPLE) == settings_from({}, folder=EXAMPLE.parent)

    def test_its_client_can_be_registered_as_it_stands(self, tmp_path: Path) -> None:
        text = EXAMPLE.read_text()
        client = re.sub("^# ?", "", text[text.index("# [[clients]]") :], flags=re.MULTILINE)
        (tmp_path / "secrets").mkdir()
        (tmp_path / "secrets" / "inbound").write_text("a" * 32)
        file = tmp_path / "config.toml"
        file.write_text(client)
        (entry,) = read_client_files(file)
        assert entry.metadata["client_id"] == "inbound"
        assert entry.metadata["client_secret"] == "a" * 32
        registered = read_client({name: v for name, v in entry.metadata.items() if name != "client_secret"})
        assert registered.policy.second_factor is SecondFactor.TOTP


def test_the_defaults_are_those_of_the_rules() -> None:
    assert settings_from({}).rules() == Rules()


def test_every_rule_that_can_be_set_follows_its_key() -> None:
    """Each number of the configuration is changed by itself, and exactly the rules differ."""
    untouched = {
        "server",
        "database",
        "secrets",
        "mail",
        "keys",
        "outbound",
        "support",
        "branding",
        "profile",
        "clients_dir",
    }
    without_rule = {
        *(f"passwords.argon2_{name}" for name in ("time_cost", "memory_kib", "parallelism", "threads")),
        "sms.timeout_seconds",
    }
    defaults = settings_from({})
    for key in known_keys():
        section, _, name = key.partition(".")
        if section in untouched or key in without_rule or not name:
            continue
        value = getattr(getattr(defaults, section), name)
        if type(value) is not int:
            continue
        changed = (
            value - 1 if name.endswith(("_idle_seconds", "idle_minutes", "_second_factor")) and value > 8 else value + 1
        )
        if key in ("tokens.refresh_grace_seconds",):
            changed = value - 1
        rules = settings_from({section: {name: changed}}).rules()
        assert rules != defaults.rules(), f"{key} changes no rule"


def test_names_and_addresses_reach_the_rules() -> None:
    rules = settings_from(
        {
            "server": {"issuer": "http://localhost:9100"},
            "branding": {"issuer": "Portal"},
            "support": {"name": "Desk", "email": "desk@example.com"},
        }
    ).rules()
    assert (rules.issuer, rules.mfa.issuer_name) == ("http://localhost:9100", "Portal")
    assert (rules.support.name, rules.support.email) == ("Desk", "desk@example.com")
    assert is_dataclass(rules)
    assert {field.name for field in fields(rules)} >= {"passwords", "mfa", "sms", "sessions", "tokens", "throttle"}


class TestPaths:
    def test_they_are_relative_to_the_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = tmp_path / "etc"
        folder.mkdir()
        file = folder / "config.toml"
        file.write_text(
            '[keys]\ndirectory = "signing"\n[database]\nurl = "sqlite:///d/x.db"\n[server]\ntls_cert = "c"\ntls_key = "k"'
        )
        monkeypatch.chdir(tmp_path)
        settings = load_settings("etc/config.toml")
        assert settings.keys.directory == folder / "signing"
        assert settings.database.url == f"sqlite:///{folder}/d/x.db"
        assert settings.server.tls_cert == folder / "c"
        assert settings.mail.outbox_directory == folder / "outbox"
        assert settings.outbound.ca_bundle is None

    @pytest.mark.parametrize(
        "url", ["postgresql://u:p@h/n", "sqlite:////var/idp.db", "sqlite+aiosqlite:////var/idp.db"]
    )
    def test_what_is_absolute_stays(self, url: str) -> None:
        assert settings_from({"database": {"url": url}}).database.url == url


class TestTheEnvironment:
    def test_it_overrides_the_file_key_by_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("IDP_SERVER__PORT", "9100")
        monkeypatch.setenv("IDP_MAIL__FROM", "Desk <desk@example.com>")
        monkeypatch.setenv("IDP_PROFILE", "demo")
        monkeypatch.setenv("IDP_SMS__DRAMA_NUMBERS", "true")
        settings = settings_from({"server": {"port": 1, "host": "::1"}, "mail": {"reply_to": "x@example.com"}})
        assert (settings.server.port, settings.server.host) == (9100, "::1")
        assert (settings.mail.sender, settings.mail.reply_to) == ("Desk <desk@example.com>", "x@example.com")
        assert (settings.profile, settings.sms.drama_numbers) == ("demo", True)

    @pytest.mark.parametrize("text", ["GB,IE", "GB, IE", "GB\nIE", "GB\nIE\n"])
    def test_a_list_is_separated_by_commas_or_lines(self, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("IDP_SMS__COUNTRIES", text)
        monkeypatch.setenv("IDP_SMS__RESEND_SECONDS", "10,20")
        sms = settings_from({}).sms
        assert (sms.countries, sms.resend_seconds) == (("GB", "IE"), (10, 20))

    def test_secrets_come_from_files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, content in (("keys", f"{KEY}\nk2:x\n"), ("mail", "pass word\n"), ("url", "postgresql://u:p@h/n\n")):
            (tmp_path / name).write_text(content)
        monkeypatch.setenv("IDP_SECRETS__SEALING_KEYS_FILE", str(tmp_path / "keys"))
        monkeypatch.setenv("IDP_MAIL__PASSWORD_FILE", str(tmp_path / "mail"))
        monkeypatch.setenv("IDP_DATABASE__URL_FILE", str(tmp_path / "url"))
        settings = settings_from({})
        assert settings.secrets.sealing_keys == (KEY, "k2:x")
        assert settings.mail.password == "pass word"
        assert settings.database.url == "postgresql://u:p@h/n"

    def test_a_file_that_is_missing_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("IDP_MAIL__PASSWORD_FILE", "/nowhere/secret")
        assert refusal({}) == (
            "IDP_MAIL__PASSWORD_FILE names the file /nowhere/secret, which cannot be read. "
            "Correct the path or its permissions."
        )

    @pytest.mark.parametrize(
        ("variable", "sentence"),
        [
            ("IDP_SERVER__PROT", "server.prot (IDP_SERVER__PROT) is no setting. Did you mean server.port?"),
            ("IDP_SEVER__PORT", "sever (IDP_SEVER__PORT) is no setting. Did you mean server?"),
            ("IDP_SERVER__PORT", "server.port (IDP_SERVER__PORT) must be a whole number."),
            (
                "IDP_SERVER__PORT_FILE",
                "server.port_file (IDP_SERVER__PORT_FILE) is no setting. Did you mean server.port?",
            ),
        ],
    )
    def test_a_wrong_variable_is_named(self, variable: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(variable, "x")
        assert refusal({}).startswith(sentence)

    def test_variables_of_others_are_left_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("IDP_PORT", "tcp://10.0.0.1:9000")  # Kubernetes makes these for a service called idp
        monkeypatch.setenv("IDP_SERVICE_HOST", "10.0.0.1")
        assert settings_from({}).server.port == 9000


NO_BACKSLASH = "server.issuer must be in lower case and end without a slash. Write it as https://id.example."


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"server": {"prot": 1}}, "server.prot is no setting. Did you mean server.port?"),
        ({"sever": {}}, "sever is no setting. Did you mean server?"),
        ({"server": {"url": "x"}}, "server.url is no setting. Did you mean database.url?"),
        ({"port": 1}, "port is no setting. Did you mean server.port?"),
        (
            {"mail": {"qqqqqqqqqqqqqqqq": 1}},
            "mail.qqqqqqqqqqqqqqqq is no setting. Remove it; config.example.toml lists every key.",
        ),
        ({"server": {"port": "many"}}, "server.port must be a whole number."),
        ({"server": {"port": 70000}}, "server.port must be at most 65535."),
        ({"server": 3}, "server must be a table."),
        ({"sms": {"countries": 3}}, "sms.countries must be a list in square brackets."),
        ({"sms": {"drama_numbers": "perhaps"}}, "sms.drama_numbers must be true or false."),
        ({"sms": {"provider": "fax"}}, 'sms.provider must be "outbox", "twilio", "twilio_verify" or "webhook".'),
        ({"profile": "test"}, 'profile must be "production" or "demo".'),
        ({"clients": [{}, 2]}, "clients[2] must be a table."),
        ({"passwords": {"temporary_minutes": 0}}, "passwords.temporary_minutes must be at least 1."),
        ({"passwords": {"min_length": 7}}, "passwords.min_length must be at least 8."),
        ({"tokens": {"access_seconds": 3600}}, "tokens.access_seconds must be at most 900."),
        ({"tokens": {"refresh_grace_seconds": 60}}, "tokens.refresh_grace_seconds must be at most 10."),
        ({"keys": {"rsa_bits": 1024}}, "keys.rsa_bits must be at least 2048."),
        ({"server": {"issuer": "http://id.example"}}, "server.issuer is plain http, which is for localhost"),
        ({"server": {"issuer": "http://localhost.evil.example"}}, "server.issuer is plain http"),
        ({"server": {"issuer": "id.example"}}, "server.issuer is not a URL. Write it as https://id.example."),
        ({"server": {"issuer": "ftp://id.example"}}, "server.issuer is not a URL."),
        ({"server": {"issuer": "https://id.example/"}}, NO_BACKSLASH),
        ({"server": {"issuer": "https://ID.example"}}, NO_BACKSLASH),
        ({"server": {"issuer": "https://a@id.example"}}, "server.issuer must have no user, query or fragment."),
        ({"server": {"issuer": "https://id.example?x"}}, "server.issuer must have no user, query or fragment."),
        ({"server": {"issuer": "https://id.example:x"}}, "server.issuer is not a URL."),
        ({"server": {"trusted_proxies": ["proxy"]}}, "server.trusted_proxies[1] holds something that is no address"),
        ({"server": {"tls_cert": "cert.pem"}}, "server.tls_cert and server.tls_key belong together."),
        ({"branding": {"issuer": "500: Telecom"}}, "branding.issuer must be a name without a colon"),
        ({"mail": {"transport": "smtp"}}, 'mail.host is empty, but mail.transport is "smtp".'),
        (
            {"passwords": {"min_length": 8, "min_length_with_second_factor": 9}},
            "passwords.min_length_with_second_factor is",
        ),
        ({"sessions": {"idle_minutes": 721}}, "sessions.idle_minutes is longer than sessions.absolute_hours."),
        ({"tokens": {"refresh_idle_seconds": 50_000}}, "tokens.refresh_idle_seconds is more than"),
        ({"tokens": {"offline_idle_seconds": 2_600_000}}, "tokens.offline_idle_seconds is more than"),
        ({**PRODUCTION, "profile": "demo"}, 'profile = "demo" is for a loopback server.issuer.'),
        ({"profile": "demo", "server": {"host": "0.0.0.0"}}, "server.host must be a loopback address"),
        ({"sms": {"drama_numbers": True}}, 'sms.drama_numbers is for profile = "demo" only. Set it to false.'),
        ({**PRODUCTION, "mail": {}}, 'mail.transport = "outbox" only writes messages to a file'),
        ({**PRODUCTION, "sms": {}}, 'sms.provider = "outbox" only writes messages to a file'),
    ],
)
def test_what_cannot_work_is_refused_with_the_mend(values: dict[str, Any], sentence: str) -> None:
    public = refusal(values)
    assert public.startswith(sentence), public
    assert public.endswith((".", "?"))
    assert public.count("\n") == 0


def test_every_fault_is_told_at_once() -> None:
    lines = refusal({"server": {"prot": 1}, "mail": {"tls": "no"}}).splitlines()
    assert len(lines) == 2


def test_a_production_configuration_is_accepted() -> None:
    settings = settings_from(PRODUCTION)
    assert not settings.issuer_is_loopback
    assert not settings.is_demo


def test_secrets_show_nowhere() -> None:
    values = {
        "secrets": {"sealing_keys": [KEY]},
        "mail": {"password": "mail-secret"},
        "sms": {
            "auth_token": "sms-secret",
            "webhook_secret": "whsec_x",
            "webhook_url": "https://x.example/token-in-path",
        },
        "database": {"url": "postgresql://u:db-secret@h/n"},
    }
    shown = repr(settings_from(values)) + str(settings_from(values))
    broken = refusal({**values, "secrets": {"sealing_keys": [KEY], "sealing_kezs": KEY}, "mail": {"password": 7}})
    for secret in (KEY, "mail-secret", "sms-secret", "whsec_x", "token-in-path", "db-secret"):
        assert secret not in shown
        assert secret not in broken


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"[server", "is not valid TOML"),
        (b'a = "\xff"', "is not valid TOML"),
        (b"[server]\nport = 1\nport = 2\n", "is not valid TOML"),
        (None, "Write one with idp init, or name another with --config."),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    file = tmp_path / "config.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError) as refused:
        load_settings(file)
    assert sentence in refused.value.public
    assert str(file) in refused.value.public


def test_clients_stand_in_the_file_and_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "clients").mkdir()
    (tmp_path / "clients" / "b.json").write_text('[{"client_id": "b"}, {"client_id": "c"}]')
    (tmp_path / "clients" / "notes.txt").write_text("not a client")
    (tmp_path / "a.secret").write_text("0123456789abcdef0123456789abcdef\n")
    file = tmp_path / "config.toml"
    file.write_text(
        'clients_dir = "clients"\n[[clients]]\nclient_id = "a"\nclient_secret_file = "a.secret"\n'
        '[clients.policy]\nsecond_factor = "sms"\n'
    )
    entries = client_entries(load_settings(file))
    assert [(entry.origin, entry.metadata["client_id"]) for entry in entries] == [
        ("clients[1]", "a"),
        ("b.json: client 1", "b"),
        ("b.json: client 2", "c"),
    ]
    assert entries[0].metadata["client_secret"] == "0123456789abcdef0123456789abcdef"
    assert entries[0].metadata["policy"] == {"second_factor": "sms"}


@pytest.mark.parametrize("demo", [True, False])
@pytest.mark.parametrize("issuer", ["http://localhost:9100", "https://id.example"])
def test_a_starter_is_a_configuration(issuer: str, demo: bool, tmp_path: Path) -> None:
    if demo and issuer.startswith("https"):
        return
    file = tmp_path / "config.toml"
    starter = Starter(issuer, KEY, port=9100, database_url='sqlite:///a "quoted" file.db', demo=demo)
    write_private(file, starter.toml().replace('host = ""', 'host = "mail.example"'))
    settings = load_settings(file)
    assert settings.server.issuer == issuer
    assert settings.secrets.sealing_keys == (KEY,)
    assert settings.is_demo is demo
    assert settings.database.url.endswith('a "quoted" file.db')
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_private_file_is_not_replaced_unless_meant(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "config.toml"
    write_private(file, "one")
    with pytest.raises(ConfigurationError):
        write_private(file, "two")
    assert file.read_text() == "one"
    file.chmod(0o644)
    write_private(file, "three", replace=True)
    assert file.read_text() == "three"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_settings_never_change() -> None:
    settings = settings_from({})
    with pytest.raises(ValueError, match="frozen"):
        settings.server.port = 1
