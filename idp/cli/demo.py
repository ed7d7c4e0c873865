"""`idp demo`."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from idp.bootstrap import fresh_sealing_key
from idp.cli.logs import log_quietly
from idp.config import Settings, Starter, load_settings, write_private
from idp.demo.run import DemoOptions, run_demo
from idp.errors import ConfigurationError
from idp.storage.migrate import erase
from idp.web.server import run

app = typer.Typer()

SQLITE = "sqlite:///idp.db"
HEADING = "# Written by idp demo at every start: changes here are lost, use IDP_SECTION__KEY variables instead."


@app.command()
def demo(
    host: Annotated[str, typer.Option("--host", help="A loopback address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=1, max=65533, help="The identity provider; the portals take the next two.")
    ] = 9000,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Where everything is kept.")] = Path(".demo"),
    database_url: Annotated[
        str | None, typer.Option("--database-url", metavar="URL", help="A PostgreSQL database in place of SQLite.")
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Begin anew: throw away what an earlier demo kept.")] = False,
    no_portals: Annotated[bool, typer.Option("--no-portals", help="The identity provider alone.")] = False,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open a browser.")] = False,
) -> None:
    """Start the identity provider with both demo portals, filled with people. Nothing to configure.

    It prints addresses, sign-ins and the inbox where every mail and text message lands. It is for this machine alone.
    """
    log_quietly()
    file = data / "config.toml"
    earlier = _earlier(file)
    if reset and earlier is not None:
        _throw_away(earlier)
    sealing_keys = earlier.secrets.sealing_keys if earlier is not None else ()
    starter = Starter(
        issuer=f"http://localhost:{port}",
        sealing_key=sealing_keys[0] if sealing_keys else fresh_sealing_key("demo"),
        host=host,
        port=port,
        database_url=database_url or SQLITE,
        demo=True,
        heading=HEADING,
    )
    write_private(file, starter.toml(), replace=True)
    settings = load_settings(file)
    options = DemoOptions(with_portals=not no_portals, open_browser=not no_open and sys.stdout.isatty())
    run(run_demo(settings, options, lambda line: print(line, flush=True)))


def _earlier(file: Path) -> Settings | None:
    """The configuration of the demo that ran here before. Raises `ConfigurationError` when the folder is another's."""
    if not file.exists():
        return None
    settings = load_settings(file)
    if not settings.is_demo:
        raise ConfigurationError(f"{file} is not a demo's configuration. Choose another folder with --data.")
    return settings


def _throw_away(settings: Settings) -> None:
    """What the demo of this folder kept. Its own configuration names it, so that no other database can be meant."""
    asyncio.run(erase(settings.database.url))
    shutil.rmtree(settings.keys.directory, ignore_errors=True)
    shutil.rmtree(settings.mail.outbox_directory, ignore_errors=True)
