"""What an account's row repeats of its ancestors (path, lineage, chain_*), and the one function that keeps it true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update

from idp.domain.accounts import AccountNode, AccountStatus, Kind, MfaState, child_path
from idp.errors import NotFound
from idp.storage.encoding import lineage_from_json, lineage_to_json
from idp.storage.repositories.repository import Repository, starts_with
from idp.storage.tables import accounts

BATCH = 500
"""Rows per round trip: a large subtree never makes one statement that outlasts its timeout."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where children of an account stand, and what they inherit. `kind` is the parent's; None above the root."""

    path: str = "/"
    kind: Kind | None = None
    lineage: tuple[AccountNode, ...] = ()
    chain_active: bool = True
    chain_mfa: MfaState = MfaState.OFF

    def derived(self, account_id: str, status: AccountStatus, mfa: MfaState) -> dict[str, Any]:
        """The derived columns of an account that stands here."""
        return {
            "path": child_path(self.path, account_id),
            "lineage": lineage_to_json(self.lineage),
            "chain_active": self.chain_active and status is AccountStatus.ACTIVE,
            "chain_mfa": max(self.chain_mfa, mfa, key=lambda state: state.strictness).value,
        }


DERIVED = ("path", "lineage", "chain_active", "chain_mfa")
_rewrite = (
    update(accounts)
    .where(accounts.c.id == bindparam("this_id"))
    .values({name: bindparam(f"new_{name}") for name in DERIVED} | {"version": accounts.c.version + 1})
)


class Tree(Repository):
    """Changes to the tree come one after another, in the order of `_lock_tree`: each reads ancestors and writes descendants."""

    async def _lock_tree(self) -> None:
        await self._lock("account tree")

    async def _place_under(self, parent_id: str | None) -> Place:
        """Raises `errors.NotFound`."""
        if parent_id is None:
            return Place()
        row = await self._first(select(accounts).where(accounts.c.id == parent_id))
        if row is None:
            raise NotFound("There is no such account to stand under.", detail=f"account {parent_id}")
        return _place_below(row, row)

    async def _bump_epochs(self, path: str) -> None:
        """Voids every grant of the subtree: each carries the epoch that its account had at sign-in."""
        await self._run(update(accounts).where(starts_with(accounts.c.path, path)).values(epoch=accounts.c.epoch + 1))

    async def _derive_below(self, account_id: str, path: str) -> int:
        """Derives the account and everything below from its parent down, and rewrites the rows that changed.

        `path` is where the subtree still stands. Parents sort before their children there, so each finds its own done.
        Returns the number of accounts in the subtree.
        """
        rows = await self._all(select(accounts).where(starts_with(accounts.c.path, path)).order_by(accounts.c.path))
        top = next(row for row in rows if row["id"] == account_id)
        places = {top["parent_id"]: await self._place_under(top["parent_id"])}
        changes = []
        for row in rows:
            place = places[row["parent_id"]]
            fresh = place.derived(row["id"], AccountStatus(row["status"]), MfaState(row["mfa"]))
            places[row["id"]] = _place_below(row, fresh)
            if any(row[name] != fresh[name] for name in DERIVED):
                changes.append({"this_id": row["id"]} | {f"new_{name}": fresh[name] for name in DERIVED})
        for start in range(0, len(changes), BATCH):
            await self._run(_rewrite, changes[start : start + BATCH])
        return len(rows)


def _place_below(row: Any, derived: Any) -> Place:
    """Where the children of `row` stand; its derived columns come from `derived`, which may be fresher."""
    kind = Kind(row["kind"])
    node = AccountNode(row["id"], row["number"], row["name"], kind)
    return Place(
        derived["path"],
        kind,
        (*lineage_from_json(derived["lineage"]), node),
        bool(derived["chain_active"]),
        MfaState(derived["chain_mfa"]),
    )
