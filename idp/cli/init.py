"""`idp init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from idp.bootstrap import fresh_sealing_key, today
from idp.cli.options import DEFAULT_CONFIG, AsJson
from idp.cli.output import print_json
from idp.config import Starter, settings_from, write_private

app = typer.Typer()


@app.command()
def init(
    issuer: Annotated[
        str, typer.Option("--issuer", metavar="URL", help="The address that browsers open and tokens name.")
    ] = "http://localhost:9000",
    database_url: Annotated[
        str,
        typer.Option("--database-url", metavar="URL", help="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."),
    ] = "sqlite:///data/idp.db",
    config: Annotated[
        Path, typer.Option("--config", metavar="FILE", help="Where to write.", show_default="./config.toml")
    ] = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Write a config.toml with fresh secrets, readable for its owner only.

    A file that exists is left alone. With an https issuer, fill in the mail server and the SMS provider next.
    """
    server = {"issuer": issuer}
    settings_from(
        {"server": server, **REACHABLE}
    )  # an issuer that could not start is refused before anything is written
    starter = Starter(issuer, fresh_sealing_key(f"k{today()}"), database_url=database_url)
    write_private(config, starter.toml())
    if as_json:
        print_json({"config": str(config.absolute()), "issuer": issuer})
        return
    name = "" if config == DEFAULT_CONFIG else f" --config {config}"
    print(f"Wrote {config}. Next:")
    print(f"  idp doctor{name}    checks it and says what is missing")
    print(f"  idp migrate{name}   makes the database")
    print(f"  idp serve{name}     starts the identity provider at {issuer}")


REACHABLE = {"mail": {"transport": "smtp", "host": "to be filled in"}, "sms": {"provider": "twilio"}}
"""What an issuer that others can reach needs, so that the issuer alone is judged here."""
