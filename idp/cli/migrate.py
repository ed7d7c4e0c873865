"""`idp migrate`."""

from __future__ import annotations

import asyncio

import typer

from idp.cli.logs import log_quietly
from idp.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from idp.cli.output import print_json
from idp.config import load_settings
from idp.storage import migrate as schema

app = typer.Typer()


@app.command()
def migrate(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Bring the database to this version's schema.

    Does nothing when it is there already. A database of a newer version is left alone. On SQLite the file is made.
    """
    log_quietly()
    url = load_settings(config).database.url
    before, after = asyncio.run(_upgrade(url))
    if as_json:
        print_json({"before": before, "after": after})
    elif before == after:
        print(f"The database is up to date ({after}).")
    else:
        print(f"The database is at {after} now.")


async def _upgrade(url: str) -> tuple[str | None, str]:
    before = await schema.current(url)
    return before, await schema.upgrade(url)
