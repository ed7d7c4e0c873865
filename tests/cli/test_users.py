"""`idp user`: people come by mail, and nobody's password is anybody else's business."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import House, call


def test_a_new_user_gets_a_temporary_password_by_mail(house: House) -> None:
    arguments = ("--username", "rita", "--email", "rita@example.com", "--account", "RS-1", "--role", "administrator")
    names = ("--phone", "07400 123456", "--given-name", "Rita", "--family-name", "Calder")
    added = house.json("user", "add", *arguments, *names)
    assert added["mail"] == "sent"
    assert (added["phone_number"], added["phone_number_verified"]) == ("+447400123456", False)
    assert added["name"] == "Rita Calder"
    assert [(m["account"], m["role"]) for m in added["memberships"]] == [("RS-1", "administrator")]
    (mail,) = house.mails()
    assert mail["to"] == "rita@example.com"
    assert re.search(r"^Username: rita$", mail["text"], re.MULTILINE)
    password = re.search(r"^Password: ([A-Za-z0-9]{16})$", mail["text"], re.MULTILINE)
    assert password is not None
    assert "60 minutes" in mail["text"]
    assert "Northern Voice" in mail["text"]
    stored = b"".join(file.read_bytes() for file in house.folder.glob("data/*"))
    assert password[1].encode() not in stored
    assert "password" not in json.dumps(added)


def test_people_are_listed_and_shown(house: House, dana: str) -> None:
    assert [person["username"] for person in house.json("user", "list", "--account", "RS-1")] == [dana]
    assert house.json("user", "list", "--account", "RS-1", "--search", "nobody") == []
    shown = house.json("user", "show", "DANA")
    assert (shown["username"], shown["status"], shown["authenticator_app"]) == ("dana", "active", False)
    assert "dana" in house.done("user", "show", dana).out
    assert "EC-1 (user)" in house.done("user", "list").out


def test_disabling_and_enabling(house: House, dana: str) -> None:
    assert house.json("user", "disable", dana)["status"] == "disabled"
    assert house.json("user", "disable", dana)["status"] == "disabled"
    assert house.json("user", "enable", dana)["status"] == "active"
    events = [entry["event"] for entry in house.json("audit", "list", "--user", dana, "--limit", "2")]
    assert events == ["user.enabled", "user.disabled"]


def test_the_last_support_person_cannot_be_disabled(house: House) -> None:
    for name in ("first", "second"):
        mail = f"{name}@example.com"
        house.done("user", "add", "--username", name, "--email", mail, "--account", "OP-1", "--role", "support")
    house.done("user", "disable", "first")
    answer = house.run("user", "disable", "second")
    assert answer.code == 1
    assert "last person with the role support" in answer.err


def test_another_phone_number_is_told_to_the_person_without_showing_it(house: House, dana: str) -> None:
    assert house.json("user", "set-phone", dana, "447400123456")["phone_number"] == "+447400123456"
    assert house.json("user", "set-phone", dana, "--remove")["phone_number"] is None
    queued = house.json("audit", "list", "--event", "phone.changed")
    assert [entry["details"] for entry in queued] == [{"removed": "yes"}, {}]
    assert house.run("user", "set-phone", dana).code == 2
    assert house.run("user", "set-phone", dana, "447400123456", "--remove").code == 2


def test_resetting_mfa_without_an_app_changes_nothing(house: House, dana: str) -> None:
    assert house.json("user", "reset-mfa", dana)["authenticator_app"] is False
    assert house.json("audit", "list", "--event", "mfa.reset") == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"--username": "with blank"}, "A username is one word"),
        ({"--username": "da\u200bna2"}, "A username is one word"),
        ({"--username": "DANA"}, "is taken"),
        ({"--username": "dana@example.com"}, "is taken"),
        ({"--email": "nobody"}, "one e-mail address"),
        ({"--email": "a@example.com,b@example.com"}, "one e-mail address"),
        ({"--email": "a@example.com\nBcc: b@example.com"}, "one e-mail address"),
        ({"--account": "EC-9"}, "There is no account EC-9"),
        ({"--role": "support"}, "The role support is for the operator"),
        ({"--phone": "12"}, "international format"),
        ({"--phone": "+44 20 7946 0000"}, "international format"),
        ({"--phone": "+1 212 555 0100"}, "that country"),
        ({"--phone": "+33 6 12 34 56 78"}, "that country"),
        ({"--phone": "+447700900123"}, "international format"),
        ({"--given-name": "a\x1b[31m"}, "given_name"),
    ],
)
def test_bad_input_names_the_mend_and_stores_nothing(
    house: House, dana: str, changes: dict[str, str], reason: str
) -> None:
    options = {"--username": "newcomer", "--email": "new@example.com", "--account": "EC-1"} | changes
    answer = house.run("user", "add", *(part for option in options.items() for part in option))
    assert answer.code == 1, answer.out
    assert reason in answer.err
    assert [person["username"] for person in house.json("user", "list")] == [dana]
    assert len(house.mails()) == 1


def test_no_command_touches_a_password(house: House) -> None:
    help_text = call("user", "--help").out
    assert not re.search(r"(set|show|reset|change)-password", help_text)
    for name in ("set-password", "reset-password", "password", "temporary-password"):
        assert house.run("user", name, "dana").code == 2
    assert (
        house.run("user", "add", "--username", "x", "--email", "x@y.z", "--account", "EC-1", "--password", "x").code
        == 2
    )


PEOPLE: list[dict[str, Any]] = [
    {
        "preferred_username": "ada",
        "email": "ada@example.com",
        "email_verified": True,
        "account": "EC-1",
        "role": "administrator",
        "name": "Dr Ada Quay",
        "given_name": "Ada",
        "family_name": "Quay",
        "middle_name": "M",
        "nickname": "Addie",
        "profile": "https://example.com/ada",
        "picture": "https://example.com/ada.png",
        "website": "https://example.com",
        "gender": "female",
        "birthdate": "1980-02-29",
        "zoneinfo": "Europe/London",
        "locale": "en-GB",
        "phone_number": "+447400123456",
        "phone_number_verified": True,
        "address": {"street_address": "1 Quay\nHarbour", "locality": "Leeds", "country": "GB"},
        "updated_at": 1,
    },
    {"username": "bob", "email": "bob@example.com", "account": "EC-1"},
]


def test_an_import_takes_every_standard_claim_and_can_be_run_again(house: House, tmp_path: Path) -> None:
    file = tmp_path / "people.json"
    file.write_text(json.dumps(PEOPLE))
    first = house.json("user", "import", file)
    assert [(row["username"], row["outcome"]) for row in first] == [("ada", "created"), ("bob", "created")]
    again = house.json("user", "import", file)
    assert [row["outcome"] for row in again] == ["unchanged", "unchanged"]
    ada = house.json("user", "show", "ada")
    assert (ada["name"], ada["email_verified"], ada["phone_number_verified"]) == ("Dr Ada Quay", True, True)
    assert ada["memberships"][0]["role"] == "administrator"


def test_an_import_without_mail_lets_people_ask_for_their_password(house: House, tmp_path: Path) -> None:
    file = tmp_path / "people.ndjson"
    file.write_text("\n".join(json.dumps(person) for person in PEOPLE))
    house.done("user", "import", file, "--no-mail")
    assert house.json("audit", "list", "--event", "temporary_password.sent") == []
    assert len(house.json("user", "list")) == 2


def test_one_bad_row_does_not_keep_the_others_away(house: House, tmp_path: Path) -> None:
    rows = [
        {"preferred_username": "ann", "email": "ann@example.com", "account": "EC-1", "emial_verified": True},
        {"preferred_username": "ben", "email": "ben@example.com", "account": "EC-9"},
        {"preferred_username": "cat", "email": "cat@example.com", "account": "EC-1", "email_verified": "yes"},
        {"preferred_username": "dog", "email": "dog@example.com", "account": "EC-1", "sub": "usr_1"},
        {"preferred_username": "eve", "email": "eve@example.com", "account": "EC-1", "address": {"planet": "Mars"}},
        {"preferred_username": "fay", "email": "fay@example.com", "account": "EC-1", "password": "Secret-123456789"},
        {"preferred_username": "gus", "email": "gus@example.com", "account": "EC-1", "nickname": 7},
        {"preferred_username": "hal", "email": "hal@example.com", "account": "EC-1", "role": "root"},
        ["not", "an", "object"],
        {"preferred_username": "zoe", "email": "zoe@example.com", "account": "EC-1"},
    ]
    file = tmp_path / "people.json"
    file.write_text(json.dumps(rows))
    answer = house.run("user", "import", file, "--json")
    assert answer.code == 1
    assert [row["outcome"] for row in answer.json] == ["refused"] * 9 + ["created"]
    reasons = " ".join(row["reason"] for row in answer.json)
    assert "Did you mean email_verified?" in reasons
    assert "There is no account EC-9" in reasons
    assert "Secret" not in answer.out
    assert [person["username"] for person in house.json("user", "list")] == ["zoe"]


@pytest.mark.parametrize("content", ["{", "[1,", b"\xff\xfe", None])
def test_a_file_that_cannot_be_read_is_refused(house: House, tmp_path: Path, content: str | bytes | None) -> None:
    file = tmp_path / "people.json"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    answer = house.run("user", "import", file)
    assert answer.code == 1
    assert str(file) in answer.err
