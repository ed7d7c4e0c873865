"""The account scope, for every kind of account and depth, to the letter of the contract."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp.domain.accounts import Account, Kind, is_at_or_below, is_below, may_stand_under
from idp.domain.claims import account_claims, claims_for, standard_claims
from idp.domain.people import Role
from idp.domain.permissions import may_allocate
from tests.domain.people import DANA, OPERATOR, QUAYSIDE, RESELLER, member


def test_an_end_client_names_its_whole_chain() -> None:
    assert account_claims(member(QUAYSIDE, Role.ADMINISTRATOR)) == {
        "account": {"id": "acc_ec2", "number": "EC-20018", "name": "Quayside Legal", "kind": "end_client"},
        "account_path": [
            {"id": "acc_op", "number": "OP-1", "kind": "operator"},
            {"id": "acc_rs", "number": "RS-10023", "kind": "reseller"},
            {"id": "acc_ec2", "number": "EC-20018", "kind": "end_client"},
        ],
        "reseller": {"id": "acc_rs", "number": "RS-10023", "name": "Northern Voice"},
        "roles": ["administrator"],
        "permissions": ["use_2fa"],
    }


def test_a_resellers_own_user_stands_at_the_reseller() -> None:
    account = Account("acc_rs", "RS-10023", "Northern Voice", Kind.RESELLER, "/acc_op/acc_rs/", ancestors=(OPERATOR,))
    claims = account_claims(member(account))
    assert claims["reseller"]["number"] == "RS-10023"
    assert [node["number"] for node in claims["account_path"]] == ["OP-1", "RS-10023"]


def test_a_sub_resellers_client_names_the_nearest_reseller() -> None:
    sub = replace(RESELLER, id="acc_sub", number="RS-2", name="Little Voice")
    account = replace(QUAYSIDE, ancestors=(OPERATOR, RESELLER, sub))
    claims = account_claims(member(account))
    assert claims["reseller"]["number"] == "RS-2"
    assert len(claims["account_path"]) == 4


def test_the_operators_staff_have_no_reseller() -> None:
    account = Account("acc_op", "OP-1", "500 Telecom", Kind.OPERATOR, "/acc_op/")
    assert "reseller" not in account_claims(member(account, Role.SUPPORT))


def test_claims_without_a_value_are_left_out() -> None:
    claims = standard_claims(DANA)
    assert None not in claims.values()
    assert "phone_number" not in claims
    assert "phone_number_verified" not in claims
    assert claims["email_verified"] is False


@pytest.mark.parametrize(
    ("scopes", "names"),
    [
        (["openid"], set()),
        (["openid", "email"], {"email", "email_verified"}),
        (["openid", "profile"], {"name", "given_name", "family_name", "preferred_username"}),
        (["openid", "phone"], set()),
        (["openid", "account"], {"account", "account_path", "reseller", "roles", "permissions"}),
    ],
)
def test_UI08_only_granted_claims(scopes: list[str], names: set[str]) -> None:
    assert set(claims_for(scopes, DANA, member())) == names


@pytest.mark.parametrize(
    ("actor", "target", "allowed"),
    [
        ("/op/", "/op/rs/", True),
        ("/op/rs/", "/op/rs/ec/", True),
        ("/op/rs/", "/op/rs/", False),
        ("/op/rs/", "/op/", False),
        ("/op/rs/", "/op/rs2/ec/", False),
        ("/op/rs/ec/", "/op/rs/ec/", False),
    ],
)
def test_SM18_who_may_allocate(actor: str, target: str, allowed: bool) -> None:
    assert may_allocate(actor, target) is allowed
    assert is_below(target, actor) is allowed


def test_an_account_is_at_or_below_itself() -> None:
    assert is_at_or_below("/op/rs/", "/op/rs/")
    assert not is_at_or_below("/op/rs2/", "/op/rs/")


@pytest.mark.parametrize(
    ("kind", "parent", "fits"),
    [
        (Kind.OPERATOR, None, True),
        (Kind.OPERATOR, Kind.OPERATOR, False),
        (Kind.RESELLER, Kind.OPERATOR, True),
        (Kind.RESELLER, Kind.RESELLER, True),
        (Kind.RESELLER, Kind.END_CLIENT, False),
        (Kind.END_CLIENT, Kind.RESELLER, True),
        (Kind.END_CLIENT, Kind.END_CLIENT, False),
        (Kind.END_CLIENT, None, False),
    ],
)
def test_what_stands_under_what(kind: Kind, parent: Kind | None, fits: bool) -> None:
    assert may_stand_under(kind, parent) is fits
