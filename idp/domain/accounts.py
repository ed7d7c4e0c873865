"""The account tree: operator > reseller (> sub-reseller) > end client, of any depth.

`Account.path` is the materialised path, ids root first: `/acc_op/acc_rs/acc_ec/`. Everything below an account is one prefix
search; everything above it is read from its own path.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from idp.domain.permissions import Permission


class Kind(StrEnum):
    OPERATOR = "operator"
    RESELLER = "reseller"
    END_CLIENT = "end_client"


class AccountStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"


class MfaState(StrEnum):
    """How far an account demands a second factor of its users. Inherited downward as "at least this"."""

    OFF = "off"
    AVAILABLE = "available"
    ADMINISTRATORS = "administrators"
    EVERYONE = "everyone"

    @property
    def strictness(self) -> int:
        return list(MfaState).index(self)


@dataclass(frozen=True, slots=True)
class AccountNode:
    """One account as its descendants and tokens see it."""

    id: str
    number: str
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Account:
    """One account with what policy needs to know of it and of its ancestors.

    `chain_active` is false when the account or any ancestor is suspended. `mfa` is the strictest state along the chain;
    `permissions` are the account's own (Use 2FA is not inherited). `ancestors` are root first, without the account itself.
    """

    id: str
    number: str
    name: str
    kind: Kind
    path: str
    chain_active: bool = True
    mfa: MfaState = MfaState.AVAILABLE
    permissions: frozenset[Permission] = frozenset()
    password_max_age_days: int = 0
    ancestors: tuple[AccountNode, ...] = ()

    @property
    def node(self) -> AccountNode:
        return AccountNode(self.id, self.number, self.name, self.kind)

    @property
    def reseller(self) -> AccountNode | None:
        """The nearest reseller above this account, whom its users turn to for help; None right below the operator."""
        return next((node for node in reversed(self.ancestors) if node.kind is Kind.RESELLER), None)


def child_path(parent_path: str, account_id: str) -> str:
    return f"{parent_path}{account_id}/"


def ancestor_ids(path: str) -> tuple[str, ...]:
    """Ids root first, the account's own last."""
    return tuple(part for part in path.split("/") if part)


def is_at_or_below(path: str, root_path: str) -> bool:
    """Whether the account at `path` is the one at `root_path` or stands somewhere below it."""
    return path.startswith(root_path)


def is_below(path: str, root_path: str) -> bool:
    return path != root_path and is_at_or_below(path, root_path)


def may_stand_under(kind: Kind, parent: Kind | None) -> bool:
    """Which kinds nest: one operator at the root, resellers below it or below resellers, end clients below either."""
    match kind:
        case Kind.OPERATOR:
            return parent is None
        case Kind.RESELLER | Kind.END_CLIENT:
            return parent in (Kind.OPERATOR, Kind.RESELLER)
