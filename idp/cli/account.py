"""`idp account`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from idp.bootstrap import Runtime
from idp.cli.house import with_house
from idp.cli.options import DEFAULT_CONFIG, PAGE, AsJson, ConfigFile, Limit, Search
from idp.cli.output import print_facts, print_json, print_table
from idp.domain.accounts import Account, Kind
from idp.domain.people import identifier_key
from idp.domain.permissions import Permission
from idp.services import accounts

app = typer.Typer(no_args_is_help=True, help="The account tree: operator, resellers, end clients.")

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The account number.")]
Permissions = list[Permission]


class NewKind(StrEnum):
    """What `--kind` takes; there is one operator, which stands under nothing."""

    RESELLER = "reseller"
    END_CLIENT = "end_client"
    OPERATOR = "operator"


@app.command()
def add(
    number: Annotated[str, typer.Option("--number", help="The account number, which must be free.")],
    name: Annotated[str, typer.Option("--name", help="The name, as people know it.")],
    kind: Annotated[NewKind, typer.Option("--kind", help="What it is. The operator comes first, once.")],
    under: Annotated[
        str | None, typer.Option("--under", metavar="NUMBER", help="The account that it stands under.")
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Add an account to the tree."""

    async def work(house: Runtime) -> Account:
        command = accounts.AddAccount(number, name, Kind(kind), under)
        return await accounts.add_account(house.store, house.ports, command)

    _show(with_house(config, work), as_json)


@app.command("list")
def list_accounts(
    under: Annotated[str | None, typer.Option("--under", metavar="NUMBER", help="This account and all below.")] = None,
    search: Search = "",
    limit: Limit = 1000,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """List accounts by number."""

    async def work(house: Runtime) -> list[Account]:
        found: list[Account] = []
        while len(found) < limit:
            after = identifier_key(found[-1].number) if found else ""
            size = min(PAGE, limit - len(found))
            page = await accounts.list_accounts(house.store, under=under, search=search, after=after, limit=size)
            found += page
            if len(page) < size:
                break
        return found

    found = with_house(config, work)
    if as_json:
        print_json([account_json(account) for account in found])
        return
    print_table(
        ("number", "name", "kind", "under", "active", "permissions"),
        [(a.number, a.name, a.kind, _parent(a), a.chain_active, sorted(a.permissions)) for a in found],
        nothing="There are no accounts.",
    )


@app.command()
def show(number: Number, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Show one account."""

    async def work(house: Runtime) -> Account:
        return await accounts.get_account(house.store, number)

    _show(with_house(config, work), as_json)


@app.command()
def move(
    number: Number,
    under: Annotated[str, typer.Option("--under", metavar="NUMBER", help="The account to put it under.")],
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Put an account, and everything below it, under another one. Its people have to sign in again."""

    async def work(house: Runtime) -> Account:
        return await accounts.move_account(house.store, house.ports, accounts.MoveAccount(number, under))

    _show(with_house(config, work), as_json)


@app.command()
def suspend(number: Number, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Stop an account and everything below it at once: sign-in, sessions and tokens."""

    async def work(house: Runtime) -> Account:
        await accounts.suspend_account(house.store, house.ports, accounts.SuspendAccount(number))
        return await accounts.get_account(house.store, number)

    _show(with_house(config, work), as_json)


@app.command()
def resume(number: Number, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Let a suspended account work again. What ended stays ended: its people sign in anew."""

    async def work(house: Runtime) -> Account:
        await accounts.resume_account(house.store, house.ports, accounts.ResumeAccount(number))
        return await accounts.get_account(house.store, number)

    _show(with_house(config, work), as_json)


@app.command()
def permissions(
    number: Number,
    allocate: Annotated[Permissions | None, typer.Option("--allocate", help="Allocate this permission.")] = None,
    withdraw: Annotated[Permissions | None, typer.Option("--withdraw", help="Withdraw this permission.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Show an account's permissions, allocate some or withdraw some.

    use_2fa: the account's users need a text message, or something stronger, at portals whose channel is SMS.
    """

    async def work(house: Runtime) -> Account:
        command = accounts.ChangePermissions(number, frozenset(allocate or ()), frozenset(withdraw or ()))
        return await accounts.change_permissions(house.store, house.ports, command)

    account = with_house(config, work)
    if as_json:
        print_json({"number": account.number, "permissions": sorted(account.permissions)})
    else:
        print(f"{account.number}: {', '.join(sorted(account.permissions)) or 'no permissions'}")


def account_json(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "number": account.number,
        "name": account.name,
        "kind": account.kind,
        "under": _parent(account),
        "active": account.chain_active,
        "mfa": account.mfa,
        "password_max_age_days": account.password_max_age_days,
        "permissions": sorted(account.permissions),
    }


def _parent(account: Account) -> str | None:
    return account.ancestors[-1].number if account.ancestors else None


def _show(account: Account, as_json: bool) -> None:
    facts = account_json(account)
    if as_json:
        print_json(facts)
    else:
        print_facts(facts)
