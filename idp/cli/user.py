"""`idp user`. There is no command that sets, shows or resets a person's password."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from idp.bootstrap import Runtime
from idp.cli.house import with_house
from idp.cli.options import DEFAULT_CONFIG, PAGE, AsJson, ConfigFile, Limit, Search
from idp.cli.output import print_facts, print_json, print_table
from idp.domain.delivery import DeliveryState
from idp.domain.people import Role, identifier_key
from idp.services import people, people_security
from idp.services.people import Profile
from idp.services.people_import import ImportedRow, import_people, read_people

app = typer.Typer(no_args_is_help=True, help="People. Nobody's password can be set, shown or reset here.")

Username = Annotated[str, typer.Argument(metavar="USERNAME", help="The username.")]
DELIVERY_SECONDS = 10
"""How long the command waits for the mail to leave. It stays on its way when that takes longer."""


@app.command()
def add(
    username: Annotated[str, typer.Option("--username", help="What the person signs in with.")],
    email: Annotated[str, typer.Option("--email", help="Where the temporary password goes.")],
    account: Annotated[str, typer.Option("--account", metavar="NUMBER", help="The account the person belongs to.")],
    role: Annotated[Role, typer.Option("--role", help="support is for the operator's own account.")] = Role.USER,
    phone: Annotated[str | None, typer.Option("--phone", help="Mobile number in international format.")] = None,
    given_name: Annotated[str, typer.Option("--given-name")] = "",
    family_name: Annotated[str, typer.Option("--family-name")] = "",
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Add a person and mail a temporary password, which only opens the page to choose one."""
    command = people.CreateUser(
        username=username,
        email=email,
        account=account,
        role=role,
        phone=phone,
        given_name=given_name,
        family_name=family_name,
    )

    async def work(house: Runtime) -> tuple[Profile, DeliveryState]:
        created = await people.create_user(house.store, house.ports, command)
        state = await house.outbox.deliver_now(created.message_id, DELIVERY_SECONDS)
        return await people.get_user(house.store, created.person.username), state

    profile, state = with_house(config, work)
    if as_json:
        print_json(user_json(profile) | {"mail": state})
        return
    print_facts(_facts(profile))
    outcome = {
        DeliveryState.SENT: f"The temporary password was mailed to {profile.person.email}.",
        DeliveryState.QUEUED: f"The mail to {profile.person.email} is on its way; the server keeps trying.",
        DeliveryState.ABANDONED: f"The mail to {profile.person.email} was refused. Correct the address.",
    }
    print(outcome[state])


@app.command("list")
def list_users(
    account: Annotated[
        str | None, typer.Option("--account", metavar="NUMBER", help="People of this account and those below.")
    ] = None,
    search: Search = "",
    limit: Limit = 1000,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """List people by username."""

    async def work(house: Runtime) -> list[Profile]:
        found: list[Profile] = []
        while len(found) < limit:
            after = identifier_key(found[-1].person.username) if found else ""
            size = min(PAGE, limit - len(found))
            page = await people.list_users(house.store, account=account, search=search, after=after, limit=size)
            found += page
            if len(page) < size:
                break
        return found

    found = with_house(config, work)
    if as_json:
        print_json([user_json(profile) for profile in found])
        return
    print_table(
        ("username", "name", "accounts", "status"),
        [(p.person.username, p.person.display_name, _places(p), p.person.status) for p in found],
        nothing="There is nobody.",
    )


@app.command()
def show(username: Username, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Show one person."""

    async def work(house: Runtime) -> Profile:
        return await people.get_user(house.store, username)

    _show(with_house(config, work), as_json)


@app.command()
def disable(username: Username, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Let a person sign in no more. Sessions and tokens end at once."""

    async def work(house: Runtime) -> Profile:
        await people_security.disable_user(house.store, house.ports, people_security.DisableUser(username))
        return await people.get_user(house.store, username)

    _show(with_house(config, work), as_json)


@app.command()
def enable(username: Username, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Let a disabled person sign in again."""

    async def work(house: Runtime) -> Profile:
        await people_security.enable_user(house.store, house.ports, people_security.EnableUser(username))
        return await people.get_user(house.store, username)

    _show(with_house(config, work), as_json)


@app.command("set-phone")
def set_phone(
    username: Username,
    phone: Annotated[str | None, typer.Argument(metavar="NUMBER", help="In international format.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the number.")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Store another mobile number. The person is told by mail and has to sign in again."""
    if remove == (phone is not None):
        raise typer.BadParameter("give a number, or --remove", param_hint="NUMBER")

    async def work(house: Runtime) -> Profile:
        command = people_security.SetPhone(username, phone)
        await people_security.set_phone(house.store, house.ports, command)
        return await people.get_user(house.store, username)

    _show(with_house(config, work), as_json)


@app.command("reset-mfa")
def reset_mfa(username: Username, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Remove a person's authenticator app. Where MFA is asked for, the next sign-in sets one up.

    Make sure who asks: whoever gets this done, and reads the person's password, is in.
    """

    async def work(house: Runtime) -> Profile:
        await people_security.reset_mfa(house.store, house.ports, people_security.ResetMfa(username))
        return await people.get_user(house.store, username)

    _show(with_house(config, work), as_json)


@app.command("import")
def import_users(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A JSON list, or one JSON object on each line.")],
    mail: Annotated[
        bool, typer.Option("--mail/--no-mail", help="Mail everybody a temporary password, or let them ask for it.")
    ] = True,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Add many people, each with the OpenID Connect standard claims under their own names.

    Each has preferred_username, email and account (its number), and may have role and any other claim. Whoever is there
    already is left alone, so an import can be run again.
    """
    rows = read_people(file)

    async def work(house: Runtime) -> list[ImportedRow]:
        return await import_people(house.store, house.ports, rows, mail=mail)

    outcome = with_house(config, work)
    if as_json:
        print_json([{"row": r.row, "username": r.username, "outcome": r.outcome, "reason": r.reason} for r in outcome])
    else:
        table = [(r.row, r.username, r.outcome, r.reason) for r in outcome]
        print_table(("row", "username", "outcome", "reason"), table, nothing="The file holds nobody.")
    if any(r.reason for r in outcome):
        raise typer.Exit(1)


def user_json(profile: Profile) -> dict[str, Any]:
    person = profile.person
    return {
        "id": person.id,
        "username": person.username,
        "email": person.email,
        "email_verified": person.email_verified,
        "name": person.display_name,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "phone_number": person.phone_number,
        "phone_number_verified": person.phone_number_verified,
        "status": person.status,
        "mfa_enabled": person.mfa_enabled,
        "authenticator_app": profile.has_totp,
        "memberships": [
            {
                "id": membership.id,
                "account": membership.account.number,
                "account_name": membership.account.name,
                "role": membership.role,
                "may_manage_mfa": membership.may_manage_mfa,
            }
            for membership in profile.memberships
        ],
    }


def _facts(profile: Profile) -> dict[str, Any]:
    return user_json(profile) | {"memberships": _places(profile)}


def _places(profile: Profile) -> str:
    return ", ".join(f"{m.account.number} ({m.role})" for m in profile.memberships)


def _show(profile: Profile, as_json: bool) -> None:
    if as_json:
        print_json(user_json(profile))
    else:
        print_facts(_facts(profile))
