"""`idp serve`."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

from idp.cli.options import DEFAULT_CONFIG, ConfigFile
from idp.cli.workers import serve_by_workers
from idp.config import load_settings
from idp.web.server import run

app = typer.Typer()


@app.command()
def serve(
    config: ConfigFile = DEFAULT_CONFIG,
    listener: Annotated[int | None, typer.Option("--listener", hidden=True)] = None,
) -> None:
    """Run the identity provider until it is told to stop (Ctrl+C or SIGTERM).

    It logs to standard error, and refuses to start when something in the configuration would not be safe. server.workers says
    how many processes answer.
    """
    settings = load_settings(config)
    if listener is None and settings.server.workers > 1:
        run(serve_by_workers(config, settings))
        return
    # Imported here: who only looks after workers needs nothing of what they do.
    process = import_module("idp.cli.server_process")
    if listener is None:
        process.serve_alone(settings)
    else:
        process.serve_as_worker(settings, listener)
