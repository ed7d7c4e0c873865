"""`idp token` and `idp demo`: the demo world from the command line."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from idp.bootstrap import build, fresh_sealing_key
from idp.cli.sign_in_page import SignInPage
from idp.cli.token import _claims
from idp.config import Starter, load_settings, write_private
from idp.demo.seed import register_clients, seed
from idp.storage.migrate import upgrade
from tests.cli.conftest import CHEAP, House, call


@pytest.fixture(scope="session")
def first_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    house = House(tmp_path_factory.mktemp("demo") / "house")
    starter = Starter("http://localhost:9000", fresh_sealing_key("demo"), database_url="sqlite:///idp.db", demo=True)
    write_private(house.config, starter.toml() + CHEAP)

    async def fill() -> None:
        settings = load_settings(house.config)
        await upgrade(settings.database.url)
        runtime = await build(settings)
        await seed(runtime.store, runtime.ports)
        await register_clients(runtime.store, runtime.ports, "localhost", 9000)
        await runtime.outbox.deliver_due()
        await runtime.close()

    asyncio.run(fill())
    return house.folder


@pytest.fixture
def demo(first_demo: Path, tmp_path: Path) -> House:
    return House(Path(shutil.copytree(first_demo, tmp_path / "house")))


@pytest.mark.parametrize(
    ("client", "user", "more", "amr"),
    [
        ("inbound", "dana", (), ["pwd"]),
        ("inbound", "theo", (), ["pwd", "otp", "mfa"]),
        ("inbound", "support", (), ["pwd", "otp", "mfa"]),
        ("inbound", "max", ("--account", "EC-20017"), ["pwd"]),
        ("sip-trunk-plus", "sam", (), ["pwd", "sms", "mfa"]),
    ],
)
def test_a_real_flow_gives_tokens(demo: House, client: str, user: str, more: tuple[str, ...], amr: list[str]) -> None:
    answer = demo.json("token", "--client", client, "--user", user, *more)
    assert answer["token_type"] == "Bearer"
    claims = _claims(answer["id_token"])
    assert claims is not None
    assert (claims["iss"], claims["aud"], claims["amr"]) == ("http://localhost:9000", client, amr)
    assert claims["account"]["number"] == (more[1] if more else claims["account"]["number"])
    events = [entry["event"] for entry in demo.json("audit", "list", "--user", user, "--limit", "3")]
    assert "sign_in.succeeded" in events or "session.started" in events


def test_whoever_signed_in_is_listed_and_can_be_signed_out(demo: House) -> None:
    for user in ("dana", "support"):
        demo.done("token", "--client", "inbound", "--user", user)
    assert {session["username"] for session in demo.json("session", "list")} == {"dana", "support"}
    (session,) = demo.json("session", "list", "--user", "dana")
    assert session["amr"] == ["pwd"]
    assert demo.json("session", "list", "--limit", "1")[0]["username"] in ("dana", "support")
    assert demo.json("session", "revoke", session["id"]) == {"ended": 1}
    assert [s["username"] for s in demo.json("session", "list")] == ["support"]
    demo.done("user", "reset-mfa", "support")
    assert demo.json("session", "list") == []
    assert demo.json("user", "show", "support")["authenticator_app"] is False
    ended = demo.json("audit", "list", "--event", "session.ended")
    assert [entry["actor"]["id"] for entry in ended] == ["cli", "cli"]


def test_a_changed_phone_number_ends_what_text_messages_opened(demo: House) -> None:
    demo.done("token", "--client", "sip-trunk-plus", "--user", "sam")
    demo.done("user", "set-phone", "sam", "+447700900120")
    assert demo.json("session", "list", "--user", "sam") == []


def test_the_tokens_are_shown_opened_to_people(demo: House) -> None:
    out = demo.done("token", "--client", "inbound", "--user", "dana", "--scope", "openid account").out
    assert '"number": "EC-20017"' in out
    assert re.search(r"^access_token +ey", out, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--client", "inbound", "--user", "dana", "--password", "wrong"), "Enter the correct username and password"),
        (("--client", "inbound", "--user", "nobody"), "Enter the correct username and password"),
        (("--client", "inbound", "--user", "max"), "Name one with --account"),
        (("--client", "sip-trunk-plus", "--user", "nora"), "The sign-in was refused: "),
        (("--client", "inbound", "--user", "dana", "--client-secret", "wrong"), "The code was not redeemed"),
        (("--client", "demo-api", "--user", "dana"), "it has no authorization_code grant"),
        (("--client", "nothing", "--user", "dana"), "There is no client nothing"),
    ],
)
def test_a_refusal_says_what_the_page_says(demo: House, arguments: tuple[str, ...], reason: str) -> None:
    answer = demo.run("token", *arguments)
    assert answer.code == 1
    assert reason in answer.err
    assert answer.out == ""


def test_a_new_person_has_to_choose_a_password_in_a_browser(demo: House) -> None:
    mail = next(m for m in demo.mails() if m["to"].startswith("iris"))
    password = re.search(r"^Password: (\S+)$", mail["text"], re.MULTILINE)
    assert password is not None
    answer = demo.run("token", "--client", "inbound", "--user", "iris", "--password", password[1])
    assert answer.code == 1
    assert "A password has to be chosen first" in answer.err


def test_a_client_of_ones_own_needs_its_secret_named(demo: House) -> None:
    added = demo.json("client", "add", "--id", "own", "--name", "Own", "--redirect-uri", "http://localhost:9100/cb")
    refused = demo.run("token", "--client", "own", "--user", "dana")
    assert "Name the secret of own" in refused.err
    secret = added["client_secret"]
    assert demo.json("token", "--client", "own", "--user", "dana", "--client-secret", secret)["id_token"]


def test_outside_the_demo_there_are_no_such_tokens(house: House) -> None:
    answer = house.run("token", "--client", "inbound", "--user", "dana")
    assert answer.code == 1
    assert 'profile = "demo"' in answer.err


def test_pages_are_read_by_names_and_ids() -> None:
    page = SignInPage(
        '<div id="blocked"><p>We need <b>you</b><br>here</p></div><p>not this</p>'
        '<form action="/a"><input name="form_token" value="t"><input type="radio" name="account" value="1">'
        '<input type="radio" name="account" value="2" checked><input type="checkbox" name="enable_mfa">'
        '<button id="continue">Go</button></form>'
    )
    assert page.text("blocked") == "We need you here"
    form = page.form_with("continue")
    assert form is not None
    assert form.fields == {"form_token": "t", "account": "2"}
    assert form.choices == {"account": ["1", "2"]}
    assert page.form_with("password") is None


def test_a_folder_of_something_else_is_not_touched(house: House) -> None:
    before = house.config.read_text()
    answer = call("demo", "--data", house.folder, "--reset", "--no-open")
    assert answer.code == 1
    assert "is not a demo's configuration" in answer.err
    assert house.config.read_text() == before
    assert call("account", "list", "--config", house.config).code == 0


def test_the_demo_is_for_this_machine_alone(tmp_path: Path) -> None:
    answer = call("demo", "--data", tmp_path / "demo", "--host", "0.0.0.0", "--no-open")
    assert answer.code == 1
    assert "server.host must be a loopback address" in answer.err


@pytest.mark.slow
def test_the_demo_starts_again_with_what_it_had_and_begins_anew_on_request(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    first = started(folder)
    again = started(folder)
    fresh = started(folder, "--reset")
    assert first == again
    assert fresh.keys() == first.keys()
    assert fresh["dana"] != first["dana"]


def started(folder: Path, *more: str) -> dict[str, str]:
    """Starts the demo, asks the command line who is in it, and stops it: usernames with their ids."""
    script = Path(sys.executable).with_name("idp")
    arguments = [str(script), "demo", "--data", str(folder), "--port", str(free_ports()), "--no-open", *more]
    server = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert server.stdout is not None
        lines = []
        for line in server.stdout:
            lines.append(line)
            if "Ctrl+C" in line:
                break
        assert any("Correct-Horse-9" in line for line in lines), "".join(lines)
        listed = json.loads(call("user", "list", "--config", folder / "config.toml", "--json").out)
        server.send_signal(signal.SIGINT)
        deadline = time.monotonic() + 20
        while server.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert server.returncode == 0
        return {person["username"]: person["id"] for person in listed}
    finally:
        server.kill()
        server.communicate()


def free_ports() -> int:
    """The first of three neighbouring ports that nobody uses."""
    for port in range(20000, 60000, 7):
        try:
            for offset in range(3):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port + offset))
        except OSError:
            continue
        return port
    raise AssertionError("no three neighbouring ports are free")
