"""`idp account`: the tree, what stands where, and permissions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import House


def numbers(house: House, *arguments: str) -> list[str]:
    return [account["number"] for account in house.json("account", "list", *arguments)]


def test_an_added_account_is_shown_and_listed(house: House) -> None:
    added = house.json(
        "account", "add", "--number", "EC-2", "--name", "Quayside Legal", "--kind", "end_client", "--under", "rs-1"
    )
    assert added == {
        "id": added["id"],
        "number": "EC-2",
        "name": "Quayside Legal",
        "kind": "end_client",
        "under": "RS-1",
        "active": True,
        "mfa": "available",
        "password_max_age_days": 0,
        "permissions": [],
    }
    assert house.json("account", "show", "ec-2") == added
    assert numbers(house) == ["EC-1", "EC-2", "OP-1", "RS-1"]
    assert numbers(house, "--under", "RS-1", "--search", "quay") == ["EC-2"]
    assert numbers(house, "--limit", "2") == ["EC-1", "EC-2"]


def test_a_list_is_complete_beyond_one_page(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idp.cli.account.PAGE", 2)
    assert numbers(house) == ["EC-1", "OP-1", "RS-1"]


def test_the_table_for_people(house: House) -> None:
    assert house.done("account", "list").out.splitlines() == [
        "NUMBER  NAME            KIND        UNDER  ACTIVE  PERMISSIONS",
        "EC-1    Harbour Dental  end_client  RS-1   yes",
        "OP-1    500 Telecom     operator           yes",
        "RS-1    Northern Voice  reseller    OP-1   yes",
    ]


def test_suspending_stops_the_subtree_and_resuming_lets_it_work_again(house: House) -> None:
    assert house.json("account", "suspend", "RS-1")["active"] is False
    assert house.json("account", "show", "EC-1")["active"] is False
    assert house.json("account", "show", "OP-1")["active"] is True
    assert house.json("account", "resume", "RS-1")["active"] is True
    assert house.json("account", "show", "EC-1")["active"] is True
    events = [entry["event"] for entry in house.json("audit", "list", "--account", "RS-1")]
    assert events[:2] == ["account.resumed", "account.suspended"]


def test_moving_puts_the_subtree_under_another_account(house: House) -> None:
    house.done("account", "add", "--number", "RS-2", "--name", "Southern", "--kind", "reseller", "--under", "OP-1")
    assert house.json("account", "move", "EC-1", "--under", "RS-2")["under"] == "RS-2"
    assert numbers(house, "--under", "RS-2") == ["EC-1", "RS-2"]
    moved = house.json("audit", "list", "--event", "account.moved")
    assert moved[0]["details"] == {"from": "RS-1", "to": "RS-2"}
    assert moved[0]["actor"]["id"] == "cli"


def test_permissions_are_allocated_and_withdrawn_once(house: House) -> None:
    def permissions(*arguments: str) -> Any:
        return house.json("account", "permissions", "EC-1", *arguments)

    assert permissions() == {"number": "EC-1", "permissions": []}
    assert permissions("--allocate", "use_2fa")["permissions"] == ["use_2fa"]
    assert permissions("--allocate", "use_2fa")["permissions"] == ["use_2fa"]
    assert permissions("--withdraw", "use_2fa")["permissions"] == []
    events = [entry["event"] for entry in house.json("audit", "list", "--account", "EC-1")]
    assert events == ["permission.withdrawn", "permission.allocated", "account.created"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("add", "--number", "ec-1", "--name", "X", "--kind", "end_client", "--under", "OP-1"), "number is taken"),
        (("add", "--number", "X", "--name", "X", "--kind", "end_client", "--under", "NONE"), "no account NONE"),
        (("add", "--number", "X", "--name", "X", "--kind", "end_client"), "Name the account that this one stands"),
        (("add", "--number", "X", "--name", "X", "--kind", "end_client", "--under", "EC-1"), "EC-1 is an end client"),
        (("add", "--number", "X", "--name", "X", "--kind", "operator", "--under", "OP-1"), "Leave the parent out"),
        (("add", "--number", "X", "--name", "X", "--kind", "operator"), "only one"),
        (("add", "--number", "", "--name", "X", "--kind", "reseller", "--under", "OP-1"), "The number must be text"),
        (("add", "--number", "X", "--name", "a\nb", "--kind", "reseller", "--under", "OP-1"), "The name must be text"),
        (("move", "RS-1", "--under", "EC-1"), "EC-1 is an end client"),
        (("move", "RS-1", "--under", "RS-1"), "below itself"),
        (("suspend", "OP-1"), "holds everybody"),
        (("permissions", "OP-1", "--allocate", "use_2fa"), "below one's own"),
        (("permissions", "EC-1", "--allocate", "use_2fa", "--withdraw", "use_2fa"), "Choose one"),
        (("show", "EC-9"), "There is no account EC-9"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(house: House, arguments: tuple[str, ...], reason: str) -> None:
    before = house.json("account", "list")
    answer = house.run("account", *arguments)
    assert answer.code == 1
    assert reason in answer.err
    assert answer.err.startswith("idp: ")
    assert answer.err.count("\n") == 1
    assert answer.out == ""
    assert house.json("account", "list") == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "--number", "X", "--name", "X", "--kind", "department", "--under", "OP-1"),
        ("add", "--name", "X", "--kind", "reseller"),
        ("permissions", "EC-1", "--allocate", "everything"),
        ("list", "--limit", "0"),
        ("shw", "EC-1"),
    ],
)
def test_wrong_usage_has_a_code_of_its_own(house: House, arguments: tuple[str, ...]) -> None:
    assert house.run("account", *arguments).code == 2
