"""What the operations ask and change, once for both databases.

`LIVE` is the one list of what must hold for a grant to be worth anything. Redemption, rotation, userinfo and introspection
all carry it, so suspending an account, disabling a person or ending a session stops every one of them with the next request
(SECURITY-CASES TK20, TK34, IN06) and no job has to run for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    LargeBinary,
    Text,
    and_,
    bindparam,
    case,
    exists,
    or_,
    select,
)

from idp.domain.clients import ClientStatus
from idp.domain.people import UserStatus
from idp.storage.rows import ACCOUNT_COLUMNS, MEMBERSHIP_COLUMNS, PERSON_COLUMNS
from idp.storage.tables import accounts, audit_events, clients, grants, memberships, portal_denials, sessions, users

g = grants.c


def parameter(name: str, type_: Any) -> BindParameter[Any]:
    """A value that comes with each call. Its default, None, is never used: it only lets the text be rendered."""
    return bindparam(name, None, type_=type_)


now = parameter("now", BigInteger)
grant_id = parameter("grant_id", Text)
client_id = parameter("client_id", Text)
client_version = parameter("client_version", Integer)
generation = parameter("generation", Integer)
code_hash = parameter("code_hash", LargeBinary)
code_challenge = parameter("code_challenge", Text)
idle_expires_at = case(
    (g.offline, parameter("offline_idle_until", BigInteger)), else_=parameter("idle_until", BigInteger)
)

Condition = ColumnElement[bool]

_session_goes_on = exists().where(sessions.c.id == g.session_id, sessions.c.ended_at.is_(None)).correlate(grants)
_portal_is_denied = (
    exists()
    .where(portal_denials.c.account_id == g.account_id, portal_denials.c.client_id == g.client_id)
    .correlate(grants)
)

LIVE: tuple[Condition, ...] = (
    g.revoked_at.is_(None),
    g.expires_at > now,
    users.c.id == g.user_id,
    users.c.status == UserStatus.ACTIVE.value,
    users.c.auth_epoch == g.user_epoch,
    accounts.c.id == g.account_id,
    accounts.c.chain_active,
    accounts.c.epoch == g.account_epoch,
    memberships.c.id == g.membership_id,
    memberships.c.user_id == g.user_id,
    memberships.c.account_id == g.account_id,
    clients.c.client_id == g.client_id,
    clients.c.status == ClientStatus.ACTIVE.value,
    or_(g.offline, _session_goes_on),
    ~_portal_is_denied,
)

OF_THIS_CLIENT: tuple[Condition, ...] = (g.client_id == client_id, clients.c.version == client_version)
"""The asking client owns the grant, and is still registered as it was when it authenticated: cached values save parsing only."""

LIVE_GRANT = (
    g.id.label("grant_id"),
    g.client_id.label("grant_client_id"),
    g.session_id.label("grant_session_id"),
    g.scope.label("grant_scope"),
    g.claims.label("grant_claims"),
    g.nonce.label("grant_nonce"),
    g.acr.label("grant_acr"),
    g.amr.label("grant_amr"),
    g.auth_time.label("grant_auth_time"),
    g.generation.label("grant_generation"),
    g.idle_expires_at.label("grant_idle_expires_at"),
    g.expires_at.label("grant_expires_at"),
    *PERSON_COLUMNS,
    *MEMBERSHIP_COLUMNS,
    *ACCOUNT_COLUMNS,
)


@dataclass(frozen=True, slots=True)
class Change:
    """A conditional change of the one grant that meets `where`, answered with `answer`; nobody else can have made it (F26).

    `answer` starts with the grant's id as `grant_id`, and what it names of the grant may be from before the change. `event`:
    an audit event is written with it, whose columns are parameters of the same names; then `answer` names its subjects too.
    """

    where: tuple[Condition, ...]
    values: Mapping[str, Any]
    answer: tuple[ColumnElement[Any], ...]
    event: bool = field(default=False)


REDEEM_CODE = Change(
    where=(
        *LIVE,
        *OF_THIS_CLIENT,
        g.code_hash == code_hash,
        g.code_used_at.is_(None),
        g.code_expires_at > now,
        g.redirect_uri == parameter("redirect_uri", Text),
        # No verifier where there was no challenge, the right one where there was (RFC 9700 §4.8.2): NULL equals NULL only.
        g.code_challenge.is_not_distinct_from(code_challenge),
    ),
    values={"code_used_at": now, "generation": generation, "idle_expires_at": idle_expires_at},
    answer=LIVE_GRANT,
)

ROTATE = Change(
    where=(*LIVE, *OF_THIS_CLIENT, g.id == grant_id, g.generation == generation, g.idle_expires_at > now),
    values={"generation": generation + 1, "rotated_at": now, "idle_expires_at": idle_expires_at},
    answer=LIVE_GRANT,
)

SUBJECTS = (g.id.label("grant_id"), g.user_id, g.account_id, g.client_id)
REVOKE = Change(
    where=(g.id == grant_id, g.client_id == client_id, g.revoked_at.is_(None)),
    values={"revoked_at": now, "revoked_because": parameter("because", Text)},
    answer=SUBJECTS,
    event=True,
)

EVENT_COLUMNS = ("event", "at", "actor_id", "address", "user_agent", "request_id", "details")
SUBJECT_COLUMNS = ("user_id", "account_id", "client_id")
event_values = tuple(parameter(f"event_{name}", audit_events.c[name].type) for name in EVENT_COLUMNS)

_asker = clients.alias("asker")
_asker_is_as_it_was = exists().where(
    _asker.c.client_id == client_id,
    _asker.c.version == client_version,
    _asker.c.status == ClientStatus.ACTIVE.value,
)

READ_GRANT = select(*LIVE_GRANT).where(g.id == grant_id, *LIVE)

READ_GRANT_FOR = READ_GRANT.where(_asker_is_as_it_was)
"""For a client that asks about a token, its own or another's."""

CODE_STATE = select(
    g.id, g.client_id, g.redirect_uri, g.code_challenge, g.code_used_at.is_not(None).label("is_used")
).where(g.code_hash == code_hash)

FAMILY_STATE = select(
    g.client_id,
    g.generation,
    g.rotated_at,
    and_(g.idle_expires_at > now, exists().where(*LIVE).correlate(grants)).label("is_live"),
).where(g.id == grant_id)

CLIENT_VERSION = select(clients.c.version).where(
    clients.c.client_id == client_id, clients.c.status == ClientStatus.ACTIVE.value
)
