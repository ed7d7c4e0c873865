"""`idp client`: registration under RFC 7591 names, secrets shown once, and files that may be applied again."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import House

REDIRECT = "https://inbound.example/callback"
INBOUND = ("client", "add", "--id", "inbound", "--name", "Inbound", "--redirect-uri", REDIRECT)


def test_a_new_client_is_answered_as_rfc_7591_has_it(house: House) -> None:
    more = ("--post-logout-redirect-uri", "https://inbound.example/", "--second-factor", "totp")
    answer = house.json(*INBOUND, *more, "--backchannel-logout-uri", "https://inbound.example/bye")
    secret = answer.pop("client_secret")
    assert len(base64.urlsafe_b64decode(secret + "=")) == 32
    assert answer == {
        "client_id": "inbound",
        "client_name": "Inbound",
        "client_secret_expires_at": 0,
        "redirect_uris": [REDIRECT],
        "post_logout_redirect_uris": ["https://inbound.example/"],
        "backchannel_logout_uri": "https://inbound.example/bye",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
        "scope": "openid profile email address phone account offline_access",
        "application_type": "web",
        "id_token_signed_response_alg": "RS256",
        "policy": {
            "second_factor": "totp",
            "first_party": True,
            "require_pkce": True,
            "profile": "oidc",
            "password_max_age_days": 0,
        },
    }
    shown = house.json("client", "show", "inbound")
    assert "client_secret" not in shown
    assert shown == {name: value for name, value in answer.items() if name != "client_secret_expires_at"}
    assert [client["client_id"] for client in house.json("client", "list")] == ["inbound"]
    database = b"".join(file.read_bytes() for file in house.folder.glob("data/*"))
    assert secret.encode() not in database
    assert hashlib.sha256(secret.encode()).hexdigest().encode() in database


def test_a_public_and_a_machine_client(house: House) -> None:
    public = house.json(*INBOUND, "--auth-method", "none", "--grant", "authorization_code")
    assert "client_secret" not in public
    machine = house.json("client", "add", "--id", "api", "--name", "API", "--grant", "client_credentials")
    assert machine["response_types"] == []
    assert machine["scope"] == ""
    assert machine["client_secret"]


def test_the_answer_for_people_shows_the_secret_and_says_that_it_is_the_only_time(house: House) -> None:
    out = house.done(*INBOUND).out
    assert "client_secret " in out
    assert "shown this once" in out
    assert "http://localhost:9000/.well-known/openid-configuration" in out
    assert "client_secret " not in house.done("client", "show", "inbound").out


def key_set(**members: Any) -> dict[str, Any]:
    return {"keys": [{"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ", "kid": "1"} | members]}


def test_a_client_with_its_own_keys(house: House, tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(key_set()))
    answer = house.json(*INBOUND, "--auth-method", "private_key_jwt", "--jwks", file)
    assert answer["jwks"] == key_set()
    assert "client_secret" not in answer
    assert house.run("client", "rotate-secret", "inbound").code == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--redirect-uri", "http://inbound.example/"), "http is for localhost"),
        (("--redirect-uri", "https://inbound.example/#x"), "fragment"),
        (("--redirect-uri", "https://*.example/"), "characters that do not belong"),
        (("--redirect-uri", "javascript:alert(1)"), "use https"),
        (("--redirect-uri", "https://a@inbound.example/"), "name the host plainly"),
        ((), "needs a redirect URI"),
        (("--redirect-uri", REDIRECT, "--grant", "password"), "'password' is not offered"),
        (("--redirect-uri", REDIRECT, "--grant", "implicit"), "'implicit' is not offered"),
        (("--redirect-uri", REDIRECT, "--grant", "client_credentials"), "for authorization_code"),
        (("--grant", "refresh_token"), "needs authorization_code beside it"),
        (("--grant", "client_credentials", "--auth-method", "none"), "A public client has no credentials"),
        (("--redirect-uri", REDIRECT, "--auth-method", "none", "--no-pkce"), "nothing without PKCE"),
        (("--redirect-uri", REDIRECT, "--auth-method", "private_key_jwt"), "private_key_jwt belong together"),
        (("--redirect-uri", REDIRECT, "--scope", "openid  email"), "one blank"),
        (("--redirect-uri", REDIRECT, "--scope", 'op"enid'), "one blank"),
        (("--redirect-uri", REDIRECT, "--id", "a b"), "A client id has"),
        (("--redirect-uri", REDIRECT, "--id", "taken"), "The client id taken is taken"),
        (("--redirect-uri", REDIRECT, "--name", "\u202egnihtemos"), "client_name must be plain text"),
        (("--redirect-uri", REDIRECT, "--jwks", "/nowhere/jwks.json"), "cannot be read as JSON"),
        (("--redirect-uri", REDIRECT, "--backchannel-logout-uri", "ftp://x.example/"), "use https"),
    ],
)
def test_what_must_not_be_registered(house: House, arguments: tuple[str, ...], reason: str) -> None:
    house.done("client", "add", "--id", "taken", "--name", "Taken", "--redirect-uri", REDIRECT)
    answer = house.run("client", "add", "--id", "new", "--name", "New", *arguments)
    assert answer.code == 1, answer.out
    assert reason in answer.err
    assert answer.err.count("\n") == 1
    assert [client["client_id"] for client in house.json("client", "list")] == ["taken"]


@pytest.mark.parametrize(
    "private", [{"d": "x"}, {"kty": "oct", "k": "x"}, {"kty": "RSA", "n": "x", "e": "x", "p": "x"}]
)
def test_a_private_key_is_refused_and_not_repeated(house: House, tmp_path: Path, private: dict[str, str]) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(key_set(**private)))
    answer = house.run(*INBOUND, "--auth-method", "private_key_jwt", "--jwks", file)
    assert answer.code == 1
    assert "private or symmetric key" in answer.err


def test_wrong_usage(house: House) -> None:
    assert house.run("client", "add", "--name", "X").code == 2
    assert house.run(*INBOUND, "--auth-method", "client_secret_jwt").code == 2
    assert house.run(*INBOUND, "--second-factor", "fax").code == 2
    assert house.run("client", "show").code == 2
    assert house.run("client", "show", "nobody").code == 1


def test_rotating_keeps_the_present_secret_for_the_overlap(house: House) -> None:
    first = house.json(*INBOUND)["client_secret"]
    second = house.json("client", "rotate-secret", "inbound")["client_secret"]
    assert first != second
    third = house.json("client", "rotate-secret", "inbound", "--overlap-hours", "0")["client_secret"]
    assert third != second
    rotated = house.json("audit", "list", "--client", "inbound", "--event", "client.secret_rotated")
    assert len(rotated) == 2


TOML = """
client_id = "sip"
client_name = "SIP Trunk Plus"
redirect_uris = ["https://sip.example/callback"]
client_secret_file = "sip.secret"
contacts = ["ops@sip.example"]
default_max_age = 3600

[policy]
second_factor = "sms"
access_seconds = 300
"""


def test_applying_a_folder_twice_changes_nothing(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "clients"
    folder.mkdir()
    (folder / "sip.toml").write_text(TOML)
    (folder / "sip.secret").write_text("0123456789abcdef0123456789abcdef\n")
    (folder / "two.json").write_text(
        json.dumps(
            {
                "clients": [
                    {"client_id": "a", "redirect_uris": [REDIRECT]},
                    {"client_id": "b", "grant_types": ["client_credentials"]},
                ]
            }
        )
    )
    first = house.json("client", "apply", folder)
    assert [(client["client_id"], client["outcome"]) for client in first] == [
        ("sip", "created"),
        ("a", "created"),
        ("b", "created"),
    ]
    assert ["client_secret" in client for client in first] == [False, True, True]
    again = house.json("client", "apply", folder)
    assert [client["outcome"] for client in again] == ["unchanged"] * 3
    assert not any("client_secret" in client for client in again)
    shown = house.json("client", "show", "sip")
    assert (shown["policy"]["second_factor"], shown["policy"]["access_seconds"]) == ("sms", 300)
    assert (shown["contacts"], shown["default_max_age"]) == (["ops@sip.example"], 3600)
    (folder / "sip.toml").write_text(TOML.replace("SIP Trunk Plus", "SIP Trunk Plus 2"))
    changed = house.json("client", "apply", folder / "sip.toml")
    assert [(client["client_id"], client["outcome"]) for client in changed] == [("sip", "changed")]
    assert house.json("client", "show", "sip")["client_name"] == "SIP Trunk Plus 2"


def test_a_refused_file_does_not_keep_the_others_away(house: House, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('client_id = "a"\nredirect_uri = "https://a.example/"')
    (tmp_path / "b.toml").write_text(f'client_id = "b"\nredirect_uris = ["{REDIRECT}"]')
    (tmp_path / "c.toml").write_text(
        f'client_id = "c"\nredirect_uris = ["{REDIRECT}"]\n[policy]\nsecond_facter = "sms"'
    )
    (tmp_path / "d.toml").write_text(
        f'client_id = "d"\nredirect_uris = ["{REDIRECT}"]\nfrontchannel_logout_uri = "https://d.example/"'
    )
    answer = house.run("client", "apply", tmp_path, "--json")
    assert answer.code == 1
    outcomes = {client["client_id"]: client for client in answer.json}
    assert [outcomes[name]["outcome"] for name in "abcd"] == ["refused", "created", "refused", "refused"]
    assert "a.toml: redirect_uri is not a member" in outcomes["a"]["reason"]
    assert "Did you mean redirect_uris?" in outcomes["a"]["reason"]
    assert "Did you mean second_factor?" in outcomes["c"]["reason"]
    assert "scheme, host and port of a redirect URI" in outcomes["d"]["reason"]
    assert [client["client_id"] for client in house.json("client", "list")] == ["b"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("x.toml", "client_id = ", "cannot be read as TOML or JSON"),
        ("x.json", "{", "cannot be read as TOML or JSON"),
        ("x.json", '["inbound"]', "is no table"),
        ("x.toml", 'client_id = "x"\nclient_secret_file = "nowhere"', "cannot be read. Correct the path"),
        ("x.toml", 'client_id = "x"\nclient_secret_file = "a"\nclient_secret = "b"', "no client_secret beside it"),
        ("nowhere", None, "There is no file or folder"),
    ],
)
def test_a_file_that_is_none(house: House, tmp_path: Path, name: str, content: str | None, reason: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    answer = house.run("client", "apply", tmp_path / name)
    assert answer.code == 1
    assert reason in answer.err


class _Portal(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(404 if self.path == "/gone" else 400)
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def portal() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Portal)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_trying_a_client_says_what_does_not_answer(house: House, portal: str) -> None:
    house.config.write_text(house.config.read_text().replace("localhost:9000", "localhost:1"))
    options = ("--redirect-uri", f"{portal}/callback", "--redirect-uri", f"{portal}/gone")
    house.done("client", "add", "--id", "p", "--name", "P", *options, "--backchannel-logout-uri", f"{portal}/bye")
    answer = house.run("client", "test", "p", "--json")
    assert answer.code == 1
    assert [(finding["what"], finding["ok"]) for finding in answer.json] == [
        ("discovery", False),
        ("redirect URI", True),
        ("redirect URI", False),
        ("back-channel logout", True),
    ]
