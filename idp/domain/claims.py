"""What tokens say about people and their place in the tree (CONTRACT, Tokens; OIDC Core §5)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from idp.domain.accounts import AccountNode
from idp.domain.people import Membership, Person

SCOPE_CLAIMS: dict[str, tuple[str, ...]] = {
    "profile": (
        "name",
        "family_name",
        "given_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "updated_at",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
}
ACCOUNT_CLAIMS = ("account", "account_path", "reseller", "roles", "permissions")
STANDARD_CLAIMS = tuple(claim for claims in SCOPE_CLAIMS.values() for claim in claims)
FREE_CLAIMS = (
    "middle_name",
    "nickname",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "address",
)
"""Standard claims kept in `Person.standard_claims`, because nothing of ours depends on them."""


def standard_claims(person: Person) -> dict[str, Any]:
    """Every standard claim that has a value. Absent ones are left out: a null is not a value (OIDC Core §5.3.2)."""
    claims: dict[str, Any] = {name: person.standard_claims.get(name) for name in FREE_CLAIMS}
    claims |= {
        "name": person.display_name,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "preferred_username": person.username,
        "updated_at": person.updated_at or None,
        "email": person.email,
        "phone_number": person.phone_number,
    }
    present = {name: value for name, value in claims.items() if value not in (None, "", {})}
    if "email" in present:
        present["email_verified"] = person.email_verified
    if "phone_number" in present:
        present["phone_number_verified"] = person.phone_number_verified
    return present


def account_claims(membership: Membership) -> dict[str, Any]:
    """The `account` scope: the account, its ancestors root first, the nearest reseller, roles and permissions.

    Never descendants, so the size is bounded by the depth of the tree. `reseller` is absent for an account right below the
    operator; for a reseller's own users it is the reseller itself, for a sub-reseller's users the nearest one.
    """
    account = membership.account
    lineage = (*account.ancestors, account.node)
    reseller = next((node for node in reversed(lineage) if node.kind == "reseller"), None)
    claims: dict[str, Any] = {
        "account": _named(account.node) | {"kind": account.kind.value},
        "account_path": [{"id": node.id, "number": node.number, "kind": node.kind.value} for node in lineage],
        "roles": [membership.role.value],
        "permissions": sorted(permission.value for permission in account.permissions),
    }
    if reseller is not None:
        claims["reseller"] = _named(reseller)
    return claims


def _named(node: AccountNode) -> dict[str, str]:
    return {"id": node.id, "number": node.number, "name": node.name}


def claims_for(
    scopes: Iterable[str], person: Person, membership: Membership, requested: Iterable[str] = ()
) -> dict[str, Any]:
    """The claims that these scopes and the individually requested names are answered with at `/userinfo`."""
    granted = set(scopes)
    available = standard_claims(person)
    names = {claim for scope in granted for claim in SCOPE_CLAIMS.get(scope, ())} | set(requested)
    claims = {name: value for name, value in available.items() if name in names}
    if "account" in granted:
        claims |= account_claims(membership)
    return claims
