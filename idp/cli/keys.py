"""`idp keys`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from idp.bootstrap import Runtime
from idp.cli.house import with_house
from idp.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from idp.cli.output import moment, print_json, print_table
from idp.domain.audit import Actor, AuditEvent, Event
from idp.oidc.keys import KeyInfo

app = typer.Typer(no_args_is_help=True, help="Signing keys: list, rotate, revoke.")


@app.command("list")
def list_keys(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Show the keys: next ones are published ahead, active ones sign, previous ones still verify."""

    async def work(house: Runtime) -> list[KeyInfo]:
        return house.keys.list()

    _print(with_house(config, work), as_json)


@app.command()
def rotate(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Let the next keys sign from now on. Running servers notice within seconds; nobody is signed out."""

    async def work(house: Runtime) -> list[KeyInfo]:
        if await house.keys.rotate():
            await _record(house, Event.KEY_ROTATED, {})
        return house.keys.list()

    _print(with_house(config, work), as_json)


@app.command()
def revoke(
    kid: Annotated[str, typer.Argument(metavar="KID", help="The key's id, from idp keys list.")],
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Take a key out at once, because somebody else may have it. Tokens that it signed are refused from now on."""

    async def work(house: Runtime) -> list[KeyInfo]:
        await house.keys.revoke(kid)
        await _record(house, Event.KEY_REVOKED, {"kid": kid})
        return house.keys.list()

    _print(with_house(config, work), as_json)


async def _record(house: Runtime, event: Event, details: dict[str, str]) -> None:
    async with house.store.write() as uow:
        await uow.audit.add(AuditEvent(event, house.ports.clock.now(), Actor(id="cli"), details=details))


def _print(keys: list[KeyInfo], as_json: bool) -> None:
    if as_json:
        times = ("created_at", "activated_at", "retired_at")
        print_json([asdict(key) | {name: moment(getattr(key, name)) for name in times} for key in keys])
        return
    print_table(
        ("kid", "algorithm", "state", "made"),
        [(key.kid, key.alg, key.state, moment(key.created_at)) for key in keys],
        nothing="There are no keys.",
    )
