"""Rows and the domain's values: which columns make one, and how.

Rows are read by label, so one join can carry a person, a membership and its account. Any row that answers `row["label"]` will
do: SQLAlchemy's mappings, and the drivers' own records on the back channel.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any, Protocol

from sqlalchemy import func, select

from idp.domain.accounts import Account, Kind, MfaState
from idp.domain.clients import AuthMethod, Client, ClientPolicy, ClientStatus, SecondFactor
from idp.domain.people import Membership, Person, Role, UserStatus
from idp.domain.permissions import Permission
from idp.storage.encoding import from_json, lineage_from_json, to_json
from idp.storage.tables import account_permissions, accounts, clients, memberships, users


class Row(Protocol):
    def __getitem__(self, label: str, /) -> Any: ...


_permissions = (
    select(func.aggregate_strings(account_permissions.c.permission, ","))
    .where(account_permissions.c.account_id == accounts.c.id)
    .correlate(accounts)
    .scalar_subquery()
)

ACCOUNT_COLUMNS = (
    accounts.c.id.label("account_id"),
    accounts.c.number.label("account_number"),
    accounts.c.name.label("account_name"),
    accounts.c.kind.label("account_kind"),
    accounts.c.path.label("account_path"),
    accounts.c.chain_active.label("account_chain_active"),
    accounts.c.chain_mfa.label("account_chain_mfa"),
    accounts.c.lineage.label("account_lineage"),
    accounts.c.password_max_age_days.label("account_password_max_age_days"),
    _permissions.label("account_permissions"),
)

MEMBERSHIP_COLUMNS = (
    memberships.c.id.label("membership_id"),
    memberships.c.role.label("membership_role"),
    memberships.c.may_manage_mfa.label("membership_may_manage_mfa"),
)

PERSON_COLUMNS = (
    users.c.id.label("user_id"),
    users.c.username.label("user_username"),
    users.c.email.label("user_email"),
    users.c.email_verified.label("user_email_verified"),
    users.c.given_name.label("user_given_name"),
    users.c.family_name.label("user_family_name"),
    users.c.name.label("user_name"),
    users.c.phone_number.label("user_phone_number"),
    users.c.phone_number_verified.label("user_phone_number_verified"),
    users.c.standard_claims.label("user_standard_claims"),
    users.c.status.label("user_status"),
    users.c.mfa_enabled.label("user_mfa_enabled"),
    users.c.auth_epoch.label("user_auth_epoch"),
    users.c.updated_at.label("user_updated_at"),
)

CLIENT_COLUMNS = (
    clients.c.client_id.label("client_id"),
    clients.c.metadata.label("client_metadata"),
    clients.c.policy.label("client_policy"),
    clients.c.secrets.label("client_secrets"),
    clients.c.status.label("client_status"),
    clients.c.version.label("client_version"),
)


def account_from(row: Row) -> Account:
    return Account(
        id=row["account_id"],
        number=row["account_number"],
        name=row["account_name"],
        kind=Kind(row["account_kind"]),
        path=row["account_path"],
        chain_active=bool(row["account_chain_active"]),
        mfa=MfaState(row["account_chain_mfa"]),
        permissions=frozenset(map(Permission, filter(None, (row["account_permissions"] or "").split(",")))),
        password_max_age_days=row["account_password_max_age_days"],
        ancestors=lineage_from_json(row["account_lineage"]),
    )


def membership_from(row: Row) -> Membership:
    """Needs `MEMBERSHIP_COLUMNS` and `ACCOUNT_COLUMNS`."""
    return Membership(
        id=row["membership_id"],
        account=account_from(row),
        role=Role(row["membership_role"]),
        may_manage_mfa=bool(row["membership_may_manage_mfa"]),
    )


def person_from(row: Row) -> Person:
    return Person(
        id=row["user_id"],
        username=row["user_username"],
        email=row["user_email"],
        given_name=row["user_given_name"],
        family_name=row["user_family_name"],
        name=row["user_name"],
        status=UserStatus(row["user_status"]),
        phone_number=row["user_phone_number"],
        phone_number_verified=bool(row["user_phone_number_verified"]),
        email_verified=bool(row["user_email_verified"]),
        mfa_enabled=bool(row["user_mfa_enabled"]),
        auth_epoch=row["user_auth_epoch"],
        updated_at=row["user_updated_at"],
        standard_claims=from_json(row["user_standard_claims"]),
    )


# `clients.metadata` holds the registration under its RFC 7591 names, so that a dump of the table reads like one.
_TEXT_MEMBERS = {
    "client_name": "client_name",
    "scope": "scope",
    "id_token_signed_response_alg": "id_token_alg",
    "backchannel_logout_uri": "backchannel_logout_uri",
    "frontchannel_logout_uri": "frontchannel_logout_uri",
    "client_uri": "client_uri",
    "policy_uri": "policy_uri",
    "tos_uri": "tos_uri",
    "application_type": "application_type",
    "jwks": "jwks",
    "jwks_uri": "jwks_uri",
}
_LIST_MEMBERS = ("redirect_uris", "post_logout_redirect_uris", "grant_types", "response_types", "default_acr_values")
_AUTH_METHOD = "token_endpoint_auth_method"


def client_columns(client: Client) -> dict[str, Any]:
    """The stored columns of a client, without its id, source and version."""
    registered = {member: getattr(client, name) for member, name in _TEXT_MEMBERS.items()}
    registered |= {member: list(getattr(client, member)) for member in _LIST_MEMBERS}
    registered[_AUTH_METHOD] = client.auth_method.value
    present = {member: value for member, value in registered.items() if value is not None}
    return {
        "metadata": to_json({**client.metadata, **present}),
        "policy": to_json(asdict(client.policy)),
        "secrets": secrets_to_json(client.secret_hashes),
        "status": client.status.value,
    }


def secrets_to_json(hashes: tuple[tuple[bytes, int | None], ...]) -> str:
    """The `clients.secrets` column: `[[SHA-256 in hexadecimal, expires_at or null], ...]`."""
    return to_json([[digest.hex(), expires_at] for digest, expires_at in hashes])


def client_from(row: Row) -> Client:
    registered: dict[str, Any] = from_json(row["client_metadata"])
    method = registered.pop(_AUTH_METHOD)
    named: dict[str, Any] = {
        name: registered.pop(member) for member, name in _TEXT_MEMBERS.items() if member in registered
    }
    listed: dict[str, Any] = {member: tuple(registered.pop(member)) for member in _LIST_MEMBERS}
    return Client(
        client_id=row["client_id"],
        **named,
        **listed,
        auth_method=AuthMethod(method),
        secret_hashes=tuple((bytes.fromhex(digest), until) for digest, until in from_json(row["client_secrets"])),
        metadata=registered,
        policy=_policy_from(from_json(row["client_policy"])),
        status=ClientStatus(row["client_status"]),
        version=row["client_version"],
    )


def _policy_from(stored: dict[str, Any]) -> ClientPolicy:
    """Members that this version does not know are left out: a rolling update runs two versions over one database."""
    known = {field.name for field in fields(ClientPolicy)}
    kept = {name: value for name, value in stored.items() if name in known}
    return ClientPolicy(**{**kept, "second_factor": SecondFactor(kept.get("second_factor", SecondFactor.NONE))})
