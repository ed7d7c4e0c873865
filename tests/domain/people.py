"""A small world for table tests of the rules: people, accounts and portals as values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from idp.domain.accounts import Account, AccountNode, Kind, MfaState
from idp.domain.assurance import Asked, Evidence, Method
from idp.domain.clients import Client, ClientPolicy, SecondFactor
from idp.domain.people import Membership, Person, Role
from idp.domain.permissions import Permission
from idp.domain.policy import Factors, standing_factor
from idp.domain.steps import Situation

NOW = 1_800_000_000

OPERATOR = AccountNode("acc_op", "OP-1", "500 Telecom", Kind.OPERATOR)
RESELLER = AccountNode("acc_rs", "RS-10023", "Northern Voice", Kind.RESELLER)
HARBOUR = Account(
    "acc_ec", "EC-20017", "Harbour Dental", Kind.END_CLIENT, "/acc_op/acc_rs/acc_ec/", ancestors=(OPERATOR, RESELLER)
)
QUAYSIDE = replace(
    HARBOUR,
    id="acc_ec2",
    number="EC-20018",
    name="Quayside Legal",
    path="/acc_op/acc_rs/acc_ec2/",
    permissions=frozenset({Permission.USE_2FA}),
)
DANA = Person("usr_dana", "dana", "dana@harbour.example", given_name="Dana", family_name="Marsh")

INBOUND = Client("inbound", "Inbound", policy=ClientPolicy(second_factor=SecondFactor.TOTP))
TRUNK = Client("sip-trunk-plus", "SIP Trunk Plus", policy=ClientPolicy(second_factor=SecondFactor.SMS))
PLAIN = Client("plain", "Plain", policy=ClientPolicy(second_factor=SecondFactor.NONE))


def member(account: Account = HARBOUR, role: Role = Role.USER) -> Membership:
    return Membership(f"mem_{account.id}", account, role)


def proved(*methods: Method) -> Evidence:
    return Evidence(dict.fromkeys(methods, NOW))


def situation(
    client: Client = INBOUND,
    *proofs: Method,
    membership: Membership | None = None,
    factors: Factors = Factors(),
    asked: Asked = Asked(),
    person: Person = DANA,
    **more: Any,
) -> Situation:
    """Somebody at a portal who has shown these proofs, with one membership."""
    one = membership or member()
    fields: dict[str, Any] = {"memberships": (one,), "chosen": one, "password_changed_at": NOW - 10} | more
    fields = {"standing": standing_factor(fields["memberships"], factors)} | fields
    return Situation(client, asked, NOW, person, proved(*proofs), factors=factors, **fields)


def with_mfa(person: Person = DANA) -> Person:
    return replace(person, mfa_enabled=True)


def demanding(state: MfaState, account: Account = HARBOUR) -> Account:
    return replace(account, mfa=state)
