"""`idp session`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from idp.bootstrap import Runtime
from idp.cli.house import with_house
from idp.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, Limit
from idp.cli.output import moment, print_json, print_table
from idp.domain.sessions import Session
from idp.services import session_control

app = typer.Typer(no_args_is_help=True, help="Who is signed in, and signing somebody out.")


@app.command("list")
def list_sessions(
    user: Annotated[str | None, typer.Option("--user", metavar="USERNAME", help="Only this person's.")] = None,
    limit: Limit = 100,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """List who is signed in, the last used session first."""

    async def work(house: Runtime) -> session_control.Found:
        return await session_control.live_sessions(house.store, house.ports, username=user, limit=limit)

    found = with_house(config, work)
    if as_json:
        print_json([_json(username, session) for username, session in found])
        return
    print_table(
        ("session", "user", "since", "last used", "proved by", "address", "browser"),
        [
            (s.id, username, moment(s.created_at), moment(s.seen_at), s.evidence.amr, s.address, s.user_agent[:60])
            for username, s in found
        ],
        nothing="Nobody is signed in." if user is None else f"{user} is signed in nowhere.",
    )


@app.command()
def revoke(
    session: Annotated[str | None, typer.Argument(metavar="SESSION", help="From idp session list.")] = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="USERNAME", help="Everything of this person instead.")
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Sign somebody out: one session, or with --user everything of a person, tokens with offline access included."""
    if (session is None) == (user is None):
        raise typer.BadParameter("name one session, or a person with --user", param_hint="SESSION")

    async def work(house: Runtime) -> int:
        if session is not None:
            await session_control.revoke_session(house.store, house.ports, session_control.RevokeSession(session))
            return 1
        command = session_control.RevokeSessions(user or "")
        return await session_control.revoke_sessions(house.store, house.ports, command)

    ended = with_house(config, work)
    if as_json:
        print_json({"ended": ended})
    else:
        print(f"Ended {ended} session{'' if ended == 1 else 's'}.")


def _json(username: str, session: Session) -> dict[str, Any]:
    return {
        "username": username,
        "id": session.id,
        "created_at": moment(session.created_at),
        "seen_at": moment(session.seen_at),
        "expires_at": moment(session.expires_at),
        "amr": list(session.evidence.amr),
        "address": session.address,
        "user_agent": session.user_agent,
        "clients": sorted(session.choices),
    }
