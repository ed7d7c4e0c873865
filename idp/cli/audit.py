"""`idp audit`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from idp.bootstrap import Runtime
from idp.cli.house import with_house
from idp.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, Limit
from idp.cli.output import moment, print_json, print_table
from idp.domain.audit import AuditEvent, Event
from idp.services.accounts import get_account
from idp.services.people import get_user

app = typer.Typer(no_args_is_help=True, help="What happened, and who did it.")

Trail = list[tuple[int, AuditEvent]]


@app.callback()
def _audit() -> None: ...


@app.command("list")
def list_events(
    event: Annotated[Event | None, typer.Option("--event", metavar="NAME", help="Only this kind of event.")] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="USERNAME", help="Only about this person.")] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="NUMBER", help="Only about this account and those below.")
    ] = None,
    client: Annotated[str | None, typer.Option("--client", metavar="ID", help="Only about this client.")] = None,
    reference: Annotated[
        str | None, typer.Option("--reference", help="What a page showed to a refused person, like 7QK4-M2XD.")
    ] = None,
    before: Annotated[int | None, typer.Option("--before", metavar="SEQ", help="Only older than this number.")] = None,
    limit: Limit = 50,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """List events, the newest first."""

    async def work(house: Runtime) -> Trail:
        person = await get_user(house.store, user) if user else None
        node = await get_account(house.store, account) if account else None
        async with house.store.read() as uow:
            if reference:
                return await uow.audit.by_reference(reference.strip().upper())
            return await uow.audit.list(
                event=event,
                user_id=person.person.id if person else None,
                under_path=node.path if node else None,
                client_id=client,
                before_seq=before,
                limit=limit,
            )

    trail = with_house(config, work)
    if as_json:
        print_json([_json(seq, entry) for seq, entry in trail])
        return
    print_table(
        ("seq", "at", "event", "by", "about", "details"),
        [(seq, moment(e.at), e.event, e.actor.id, _about(e), _details(e)) for seq, e in trail],
        nothing="Nothing of that kind happened.",
    )


def _about(event: AuditEvent) -> str:
    return " ".join(filter(None, (event.user_id, event.account_id, event.client_id)))


def _details(event: AuditEvent) -> str:
    named = [f"{name}={value}" for name, value in sorted(event.details.items())]
    return " ".join([*named, *([event.reference] if event.reference else [])])


def _json(seq: int, event: AuditEvent) -> dict[str, Any]:
    return {
        "seq": seq,
        "event": event.event,
        "at": moment(event.at),
        "actor": {
            "id": event.actor.id,
            "address": event.actor.address,
            "user_agent": event.actor.user_agent,
            "request_id": event.actor.request_id,
        },
        "user_id": event.user_id,
        "account_id": event.account_id,
        "client_id": event.client_id,
        "reference": event.reference,
        "details": event.details,
    }
