"""The account tree, what is allocated to its nodes, and which portals they may not use."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, select, update

from idp.domain.accounts import Account, AccountStatus, Kind, MfaState, may_stand_under
from idp.domain.people import identifier_key
from idp.domain.permissions import Permission
from idp.errors import Conflict, NotFound
from idp.storage.repositories.repository import matches, page, starts_with
from idp.storage.repositories.tree import Tree
from idp.storage.rows import ACCOUNT_COLUMNS, account_from
from idp.storage.tables import account_permissions, accounts, portal_denials


class Accounts(Tree):
    async def get(self, account_id: str) -> Account | None:
        row = await self._first(select(*ACCOUNT_COLUMNS).where(accounts.c.id == account_id))
        return account_from(row) if row else None

    async def by_number(self, number: str) -> Account | None:
        """Numbers are found however they were typed: case and width do not matter."""
        row = await self._first(select(*ACCOUNT_COLUMNS).where(accounts.c.number_key == identifier_key(number)))
        return account_from(row) if row else None

    async def epoch(self, account_id: str) -> int:
        """Raises `errors.NotFound`."""
        row = await self._first(select(accounts.c.epoch).where(accounts.c.id == account_id))
        if row is None:
            raise NotFound(detail=f"account {account_id}")
        return int(row["epoch"])

    async def children(self, under_path: str, *, after: str = "", limit: int = 100, search: str = "") -> list[Account]:
        """Accounts at or below `under_path` in the order of their numbers: the one query by which anybody sees a subtree.

        `after` is the `identifier_key` of the last number of the page before; `search` the start of a number or a part
        of a name.
        """
        statement = select(*ACCOUNT_COLUMNS).where(starts_with(accounts.c.path, under_path))
        if search.strip():
            statement = statement.where(matches(search, [accounts.c.number_key], [accounts.c.name]))
        return [account_from(row) for row in await self._all(page(statement, accounts.c.number_key, after, limit))]

    async def add(
        self, account_id: str, number: str, name: str, kind: Kind, parent_id: str | None, now: int
    ) -> Account:
        """Raises `errors.NotFound` (no such parent) and `errors.Conflict` (number taken, or the kind cannot stand there)."""
        await self._lock_tree()
        place = await self._place_under(parent_id)
        if not may_stand_under(kind, place.kind):
            raise Conflict(f"An account of the kind {kind} cannot stand there.")
        if kind is Kind.OPERATOR and await self._first(select(accounts.c.id).where(accounts.c.parent_id.is_(None))):
            raise Conflict("There is an operator account already, and there can be only one.")
        insert = self._insert(accounts).values(
            id=account_id,
            number=number,
            number_key=identifier_key(number),
            name=name,
            kind=kind.value,
            parent_id=parent_id,
            status=AccountStatus.ACTIVE.value,
            mfa=MfaState.AVAILABLE.value,
            created_at=now,
            **place.derived(account_id, AccountStatus.ACTIVE, MfaState.AVAILABLE),
        )
        if not await self._happened(insert.on_conflict_do_nothing().returning(accounts.c.id)):
            raise Conflict("That account number is taken.")
        return await self._existing(account_id)

    async def suspend(self, account_id: str, now: int) -> int:
        """Stops the account and everything below at once: nothing issued before counts again, resumed or not (AD08, AD09).

        Returns how many accounts that is; 0 when it was suspended already. Raises `errors.NotFound`.
        """
        return await self._set_status(account_id, AccountStatus.SUSPENDED)

    async def resume(self, account_id: str, now: int) -> int:
        """Lets the account work again, and below it whatever is not suspended by itself. Raises `errors.NotFound`."""
        return await self._set_status(account_id, AccountStatus.ACTIVE)

    async def _set_status(self, account_id: str, status: AccountStatus) -> int:
        await self._lock_tree()
        path = (await self._existing(account_id)).path
        changed = (
            update(accounts)
            .where(accounts.c.id == account_id, accounts.c.status != status.value)
            .values(status=status.value)
            .returning(accounts.c.id)
        )
        if not await self._happened(changed):
            return 0
        if status is AccountStatus.SUSPENDED:
            await self._bump_epochs(path)
        return await self._derive_below(account_id, path)

    async def move(self, account_id: str, new_parent_id: str, now: int) -> None:
        """Puts an account and everything below under another parent. What was issued under the old one is void (AD10).

        Raises `errors.NotFound` and `errors.Conflict` (a cycle, the root, or a kind that cannot stand there).
        """
        await self._lock_tree()
        account = await self._existing(account_id)
        place = await self._place_under(new_parent_id)
        if place.path.startswith(account.path):
            raise Conflict("An account cannot be moved below itself.")
        if not may_stand_under(account.kind, place.kind):
            raise Conflict(f"An account of the kind {account.kind} cannot stand there.")
        await self._run(update(accounts).where(accounts.c.id == account_id).values(parent_id=new_parent_id))
        await self._bump_epochs(account.path)
        await self._derive_below(account_id, account.path)

    async def set_mfa(self, account_id: str, state: MfaState) -> None:
        """How far the account itself demands a second factor; stricter states above still hold. Raises `errors.NotFound`."""
        await self._lock_tree()
        path = (await self._existing(account_id)).path
        await self._run(update(accounts).where(accounts.c.id == account_id).values(mfa=state.value))
        await self._derive_below(account_id, path)

    async def set_password_max_age(self, account_id: str, days: int) -> None:
        """0: the account sets none of its own. Raises `errors.NotFound`."""
        changed = (
            update(accounts)
            .where(accounts.c.id == account_id)
            .values(password_max_age_days=days, version=accounts.c.version + 1)
            .returning(accounts.c.id)
        )
        if not await self._happened(changed):
            raise NotFound(detail=f"account {account_id}")

    async def allocate(self, account_id: str, permission: Permission, by: str, now: int) -> bool:
        """False: it was allocated already. Raises `errors.Conflict` for an account that does not exist."""
        insert = self._insert(account_permissions).values(
            account_id=account_id, permission=permission.value, allocated_by=by, allocated_at=now
        )
        return await self._happened(insert.on_conflict_do_nothing().returning(account_permissions.c.permission))

    async def void_grants(self, account_id: str) -> None:
        """Ends every grant of this account, not of those below it: whoever wants tokens meets today's policy first (TO24)."""
        await self._run(update(accounts).where(accounts.c.id == account_id).values(epoch=accounts.c.epoch + 1))

    async def withdraw(self, account_id: str, permission: Permission) -> bool:
        """False: it was not allocated."""
        return await self._happened(
            delete(account_permissions)
            .where(account_permissions.c.account_id == account_id)
            .where(account_permissions.c.permission == permission.value)
            .returning(account_permissions.c.permission)
        )

    async def denies_portal(self, account_id: str, client_id: str) -> bool:
        return (account_id, client_id) in await self.denied_portals([account_id])

    async def denied_portals(self, account_ids: Iterable[str]) -> set[tuple[str, str]]:
        """The (account, client) pairs that are denied among these accounts."""
        rows = await self._all(select(portal_denials).where(portal_denials.c.account_id.in_(list(account_ids))))
        return {(row["account_id"], row["client_id"]) for row in rows}

    async def set_portal(self, account_id: str, client_id: str, allowed: bool) -> bool:
        """Lets an account use a portal, or not. False: nothing changed."""
        if allowed:
            there = (portal_denials.c.account_id == account_id) & (portal_denials.c.client_id == client_id)
            return await self._happened(delete(portal_denials).where(there).returning(portal_denials.c.client_id))
        insert = self._insert(portal_denials).values(account_id=account_id, client_id=client_id)
        return await self._happened(insert.on_conflict_do_nothing().returning(portal_denials.c.client_id))

    async def _existing(self, account_id: str) -> Account:
        account = await self.get(account_id)
        if account is None:
            raise NotFound(detail=f"account {account_id}")
        return account
