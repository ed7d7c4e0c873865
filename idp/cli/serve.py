"""`idp serve`."""

from __future__ import annotations

import sys

import typer

from idp.bootstrap import build
from idp.cli.logs import log_as_server
from idp.cli.options import DEFAULT_CONFIG, ConfigFile
from idp.config import Settings, load_settings
from idp.web.app import create_app
from idp.web.server import run, serving, stop_signal

app = typer.Typer()


@app.command()
def serve(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Run the identity provider until it is told to stop (Ctrl+C or SIGTERM).

    It logs to standard error, and refuses to start when something in the configuration would not be safe.
    """
    log_as_server()
    run(_serve(load_settings(config)))


async def _serve(settings: Settings) -> None:
    house = await build(settings)
    try:
        server = settings.server
        app = create_app(house)
        async with serving(app, server.host, server.port, tls_cert=server.tls_cert, tls_key=server.tls_key) as port:
            print(f"{settings.server.issuer} is served at {server.host} port {port}.", file=sys.stderr)
            await stop_signal()
    finally:
        await house.close()
