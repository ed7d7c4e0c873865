"""The account tree as administrators change it: adding, moving, suspending accounts, and allocating permissions to them.

Who may do what to which account is decided before: the command line acts as the operator, the console asks
`domain.permissions` with the administrator's own account.
"""

from __future__ import annotations

from dataclasses import dataclass

from idp.domain.accounts import Account, Kind, may_stand_under
from idp.domain.audit import Actor, AuditEvent, Event
from idp.domain.ids import Prefix
from idp.domain.permissions import Permission
from idp.errors import InvalidInput, NotFound
from idp.ports import Ports
from idp.services.minting import new_identifier
from idp.services.sessions import end_sessions_below
from idp.storage.unit_of_work import Store, UnitOfWork

MAX_NUMBER = 40
MAX_NAME = 200
EVERYTHING = "/"
"""The path above the operator: everything stands below it."""


@dataclass(frozen=True, slots=True)
class AddAccount:
    """`under` is the parent's number; None for the operator, the one root of the tree."""

    number: str
    name: str
    kind: Kind
    under: str | None
    actor: Actor = Actor(id="cli")


@dataclass(frozen=True, slots=True)
class MoveAccount:
    number: str
    under: str
    actor: Actor = Actor(id="cli")


@dataclass(frozen=True, slots=True)
class SuspendAccount:
    number: str
    actor: Actor = Actor(id="cli")


@dataclass(frozen=True, slots=True)
class ResumeAccount:
    number: str
    actor: Actor = Actor(id="cli")


@dataclass(frozen=True, slots=True)
class ChangePermissions:
    number: str
    allocate: frozenset[Permission] = frozenset()
    withdraw: frozenset[Permission] = frozenset()
    actor: Actor = Actor(id="cli")


async def add_account(store: Store, ports: Ports, command: AddAccount) -> Account:
    """Raises `InvalidInput`, `NotFound` (no such parent) and `Conflict` (the number is taken)."""
    _check_text("number", command.number, MAX_NUMBER)
    _check_text("name", command.name, MAX_NAME)
    async with store.write() as uow:
        parent = await found(uow, command.under) if command.under is not None else None
        if not may_stand_under(command.kind, parent.kind if parent else None):
            raise InvalidInput("under", _where_it_stands(command.kind, parent))
        now = ports.clock.now()
        account = await uow.accounts.add(
            new_identifier(ports.entropy, Prefix.ACCOUNT),
            command.number,
            command.name,
            command.kind,
            parent.id if parent else None,
            now,
        )
        details = {"number": account.number, "under": parent.number if parent else ""}
        await _record(uow, Event.ACCOUNT_CREATED, now, command.actor, account, details)
        return account


async def move_account(store: Store, ports: Ports, command: MoveAccount) -> Account:
    """Puts an account and everything below it under another parent. Its tokens end and its portals are told, so that they ask
    again and hear of the new place (SECURITY-CASES AD10).

    Raises `NotFound`, `InvalidInput` and `Conflict` (below itself).
    """
    async with store.write() as uow:
        account, parent = await found(uow, command.number), await found(uow, command.under)
        if not may_stand_under(account.kind, parent.kind):
            raise InvalidInput("under", _where_it_stands(account.kind, parent))
        if account.ancestors and account.ancestors[-1].id == parent.id:
            return account
        now = ports.clock.now()
        await uow.accounts.move(account.id, parent.id, now)
        moved = await found(uow, command.number)
        await end_sessions_below(uow, ports, moved.path)
        details = {"from": account.ancestors[-1].number if account.ancestors else "", "to": parent.number}
        await _record(uow, Event.ACCOUNT_MOVED, now, command.actor, account, details)
        return moved


async def suspend_account(store: Store, ports: Ports, command: SuspendAccount) -> int:
    """Stops an account and everything below it at once: sign-in, sessions, tokens (SECURITY-CASES AD08).

    Returns how many accounts stand in the suspended subtree; 0 when it was suspended before. Raises `NotFound` and
    `InvalidInput` for the operator.
    """
    async with store.write() as uow:
        account = await found(uow, command.number)
        if account.kind is Kind.OPERATOR:
            raise InvalidInput("number", "The operator's account holds everybody. Suspend an account below it.")
        now = ports.clock.now()
        touched = await uow.accounts.suspend(account.id, now)
        if touched:
            ended = await end_sessions_below(uow, ports, account.path)
            details = {"accounts": str(touched), "sessions": str(ended)}
            await _record(uow, Event.ACCOUNT_SUSPENDED, now, command.actor, account, details)
        return touched


async def resume_account(store: Store, ports: Ports, command: ResumeAccount) -> int:
    """Lets people sign in again; what ended with the suspension stays ended (AD09). Raises `NotFound`."""
    async with store.write() as uow:
        account = await found(uow, command.number)
        now = ports.clock.now()
        touched = await uow.accounts.resume(account.id, now)
        if touched:
            await _record(uow, Event.ACCOUNT_RESUMED, now, command.actor, account, {"accounts": str(touched)})
        return touched


async def change_permissions(store: Store, ports: Ports, command: ChangePermissions) -> Account:
    """Allocates and withdraws; what is so already stays so. Nobody allocates to the operator's own account.

    *Use 2FA* ends the tokens that the account's users got without it: the portals ask again, and a session that lacks the
    factor is stepped up (SECURITY-CASES TO24). Raises `NotFound` and `InvalidInput`.
    """
    if both := command.allocate & command.withdraw:
        raise InvalidInput("allocate", f"{min(both)} is to be allocated and withdrawn. Choose one.")
    async with store.write() as uow:
        account = await found(uow, command.number)
        if account.kind is Kind.OPERATOR and command.allocate:
            raise InvalidInput("number", "Permissions are allocated to accounts below one's own. Choose a reseller.")
        now = ports.clock.now()
        for permission in sorted(command.allocate):
            if await uow.accounts.allocate(account.id, permission, command.actor.id, now):
                details = {"permission": permission.value}
                await _record(uow, Event.PERMISSION_ALLOCATED, now, command.actor, account, details)
                if permission is Permission.USE_2FA:
                    await uow.accounts.void_grants(account.id)
        for permission in sorted(command.withdraw):
            if await uow.accounts.withdraw(account.id, permission):
                details = {"permission": permission.value}
                await _record(uow, Event.PERMISSION_WITHDRAWN, now, command.actor, account, details)
        return await found(uow, command.number)


async def list_accounts(
    store: Store, *, under: str | None = None, search: str = "", after: str = "", limit: int = 100
) -> list[Account]:
    """One page of the accounts at or below `under` (a number; None: all), by number. Raises `NotFound`."""
    async with store.read() as uow:
        path = (await found(uow, under)).path if under is not None else EVERYTHING
        return await uow.accounts.children(path, after=after, limit=limit, search=search)


async def get_account(store: Store, number: str) -> Account:
    """Raises `NotFound`."""
    async with store.read() as uow:
        return await found(uow, number)


async def found(uow: UnitOfWork, number: str) -> Account:
    """The account with this number, however it was typed. Raises `NotFound`."""
    account = await uow.accounts.by_number(number)
    if account is None:
        raise NotFound(f"There is no account {number}.")
    return account


def _check_text(field: str, text: str, longest: int) -> None:
    if not text or len(text) > longest or text != text.strip() or not text.isprintable():
        raise InvalidInput(field, f"The {field} must be text on one line, at most {longest} characters. Correct it.")


def _where_it_stands(kind: Kind, parent: Account | None) -> str:
    if kind is Kind.OPERATOR:
        return "The operator is the root of the tree and stands under nothing. Leave the parent out."
    if parent is None:
        return "Name the account that this one stands under."
    return f"{parent.number} is an end client, and nothing stands under those. Choose a reseller or the operator."


async def _record(
    uow: UnitOfWork, event: Event, now: int, actor: Actor, account: Account, details: dict[str, str]
) -> None:
    await uow.audit.add(AuditEvent(event, now, actor, account_id=account.id, details=details))
