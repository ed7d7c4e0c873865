"""The rest of the command line: help, usage, init, migrate, doctor, keys, sessions, audit, purge, serve."""

from __future__ import annotations

import json
import re
import signal
import stat
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from typer.testing import CliRunner

from idp.cli.root import COMMANDS, app
from tests.cli.conftest import CHEAP, House, call

SERVED = re.compile(r"is served at 127\.0\.0\.1 port ([0-9]+)\.")


def test_help_stands_on_every_level() -> None:
    top = call("--help")
    assert top.code == 0
    for name, text in COMMANDS.items():
        assert name in top.out
        answer = call(name, "--help")
        assert answer.code == 0
        assert text.split(".")[0].split(":")[0] in answer.out.replace("\n", " ")


def test_help_is_quick_because_it_imports_nothing_heavy() -> None:
    script = "import sys, idp.cli; print(*(m for m in sys.modules if m in ('sqlalchemy', 'joserfc', 'starlette')))"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("serve", "--prot", "1"), ("keys", "revoke")])
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...]) -> None:
    assert call(*arguments).code == 2


def test_a_typing_error_is_answered_with_the_nearest_command() -> None:
    assert "'doctor'" in call("docter").err


def test_the_version(house: House) -> None:
    assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+\S*\n", call("--version").out)


def test_init_writes_fresh_secrets_for_the_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "house" / "config.toml"
    assert call("init", "--config", file).code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text()
    assert re.search(r'sealing_keys = \["k[0-9]{8}:[A-Za-z0-9+/]{43}="\]', text)
    again = call("init", "--config", file)
    assert again.code == 1
    assert "There is a file" in again.err
    assert file.read_text() == text
    other = tmp_path / "other.toml"
    call("init", "--config", other)
    assert other.read_text() != text


def test_init_for_the_world_names_what_has_to_be_filled_in(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    assert call("init", "--config", file, "--issuer", "https://id.example").code == 0
    refused = call("migrate", "--config", file)
    assert refused.code == 1
    assert "mail.host is empty" in refused.err
    file.write_text(file.read_text().replace('host = ""', 'host = "mail.example"', 1))
    assert call("migrate", "--config", file).code == 0


@pytest.mark.parametrize("issuer", ["http://id.example", "https://id.example/", "id.example", "https://a@id.example"])
def test_init_refuses_an_issuer_that_could_not_start(tmp_path: Path, issuer: str) -> None:
    file = tmp_path / "config.toml"
    answer = call("init", "--config", file, "--issuer", issuer)
    assert answer.code == 1
    assert "server.issuer" in answer.err
    assert not file.exists()


def test_commands_say_how_to_begin(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    assert "Write one with idp init" in call("user", "list", "--config", file).err
    call("init", "--config", file)
    answer = call("user", "list", "--config", file)
    assert answer.code == 1
    assert "Run `idp migrate`" in answer.err


def test_migrating_twice_changes_nothing(house: House) -> None:
    first = house.json("migrate")
    assert first["before"] == first["after"]
    assert "up to date" in house.done("migrate").out


def test_doctor_finds_a_fresh_house_healthy(house: House) -> None:
    with_free_port(house)
    answer = house.json("doctor")
    assert answer["healthy"] is True
    health = {check["check"]: check["health"] for check in answer["checks"]}
    assert set(health.values()) == {"ok"}
    assert {"python", "database", "sealing key", "signing keys", "port", "clock", "mail", "sms", "templates"} <= set(
        health
    )


def with_free_port(house: House) -> None:
    house.config.write_text(house.config.read_text().replace("port = 9000", "port = 0"))


def test_doctor_names_every_thing_to_mend_and_touches_nothing(house: House, tmp_path: Path) -> None:
    with_free_port(house)
    text = house.config.read_text()
    text = re.sub(r'sealing_keys = \[".*?"\]', 'sealing_keys = ["other:' + "A" * 43 + '="]', text)
    text = text.replace('provider = "outbox"', 'provider = "webhook"\nwebhook_url = "http://127.0.0.1:9/x"')
    text = text.replace("[sms]", f'[sms]\nwebhook_secret = "whsec_{"A" * 32}"')
    text += '\n[[clients]]\nclient_id = "x"\nredirect_uris = ["http://x.example/"]\n'
    house.config.write_text(text)
    house.config.chmod(0o644)
    (house.folder / "keys").chmod(0o755)
    before = sorted(file.name for file in house.folder.rglob("*"))
    answer = house.run("doctor", "--json")
    assert answer.code == 1
    findings = {check["check"]: (check["health"], check["detail"]) for check in answer.json["checks"]}
    assert findings["configuration file"][0] == "warning"
    assert "chmod 600" in findings["configuration file"][1]
    assert "chmod 700" in findings["signing keys"][1]
    assert findings["sealing key"][0] == "failed"
    assert "does not fit the stored data" in findings["sealing key"][1]
    assert "does not answer" in findings["sms"][1]
    assert "clients[1]" in findings["clients"][1]
    assert sorted(file.name for file in house.folder.rglob("*")) == before


def test_doctor_before_the_first_start(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    call("init", "--config", file)
    answer = call("doctor", "--config", file, "--json")
    assert answer.code == 1
    health = {check["check"]: check["health"] for check in answer.json["checks"]}
    assert (health["database"], health["sealing key"]) == ("failed", "skipped")
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


def test_keys_are_rotated_and_revoked(house: House) -> None:
    def states() -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for key in house.json("keys", "list"):
            found.setdefault(key["state"], []).append(key["kid"])
        return found

    before = states()
    assert {state: len(kids) for state, kids in before.items()} == {"active": 2, "next": 2}
    house.done("keys", "rotate")
    after = states()
    assert sorted(after["previous"]) == sorted(before["active"])
    assert sorted(after["active"]) == sorted(before["next"])
    house.done("keys", "revoke", after["active"][0])
    assert after["active"][0] not in str(states())
    assert len(states()["active"]) == 2
    assert house.run("keys", "revoke", "unknown").code == 1
    assert [e["event"] for e in house.json("audit", "list", "--limit", "2")] == ["key.revoked", "key.rotated"]
    assert "active" in house.done("keys", "list").out


def test_sessions_of_somebody_who_is_not_signed_in(house: House, dana: str) -> None:
    assert house.json("session", "list", "--user", dana) == []
    assert "nowhere" in house.done("session", "list", "--user", dana).out
    assert house.json("session", "revoke", "--user", dana) == {"ended": 0}
    assert house.run("session", "revoke", "ses_nothing").code == 1
    assert house.run("session", "revoke").code == 2
    assert house.run("session", "revoke", "ses_x", "--user", dana).code == 2


def test_the_audit_trail_is_filtered(house: House, dana: str) -> None:
    everything = house.json("audit", "list")
    assert [entry["seq"] for entry in everything] == sorted((e["seq"] for e in everything), reverse=True)
    assert [e["event"] for e in house.json("audit", "list", "--user", dana)] == [
        "temporary_password.sent",
        "user.created",
    ]
    assert house.json("audit", "list", "--before", str(everything[0]["seq"]), "--limit", "1") == [everything[1]]
    assert house.json("audit", "list", "--reference", "AAAA-AAAA") == []
    assert house.run("audit", "list", "--event", "no.such").code == 2
    assert "account.created" in house.done("audit", "list").out


def test_purging(house: House) -> None:
    assert house.json("purge") == {}
    assert "nothing to remove" in house.done("purge").out


def test_a_fault_of_the_database_is_a_sentence(house: House) -> None:
    (house.folder / "data" / "idp.db").write_bytes(b"this is no database, and long enough to be seen as none")
    answer = house.run("user", "list")
    assert answer.code == 1
    assert answer.err.startswith("idp: ")


def test_a_bug_is_not_dressed_as_a_refusal(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("idp.cli.account.with_house", broken)
    result = CliRunner().invoke(app, ["account", "list"])
    assert isinstance(result.exception, RuntimeError)


def test_the_console_script_refuses_with_one_line(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("idp")
    answer = subprocess.run([script, "serve", "--config", tmp_path / "none.toml"], capture_output=True, text=True)
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr.count("\n") == 1
    assert "idp init" in answer.stderr


@pytest.mark.slow
def test_what_init_and_migrate_made_is_served_until_the_signal(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    call("init", "--config", config)
    config.write_text(config.read_text().replace("port = 9000", "port = 0") + CHEAP)
    call("migrate", "--config", config)
    script = Path(sys.executable).with_name("idp")
    server = subprocess.Popen(
        [script, "serve", "--config", config], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stderr is not None
        served = next((found for line in server.stderr if (found := SERVED.search(line))), None)
        assert served is not None
        url = f"http://127.0.0.1:{served[1]}/health/live"
        request = urllib.request.Request(url, headers={"Host": "localhost:9000"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200
        server.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 20
        while server.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert server.returncode == 0
    finally:
        server.kill()
        server.communicate()


def test_json_is_json_on_every_command_that_prints_data(house: House, dana: str) -> None:
    for command in (
        ("account", "list"), ("account", "show", "EC-1"), ("user", "list"), ("user", "show", dana), ("client", "list"),
        ("keys", "list"), ("audit", "list"), ("session", "list", "--user", dana), ("purge",), ("migrate",),
    ):  # fmt: skip
        assert json.loads(house.done(*command, "--json").out) is not None
