"""The root command: what there is, and how a refusal looks."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from idp.errors import IdpError

COMMANDS = {
    "demo": "Start the identity provider with both demo portals, filled with people. Nothing to configure.",
    "init": "Write a config.toml with fresh secrets.",
    "serve": "Run the identity provider.",
    "migrate": "Bring the database to this version's schema.",
    "doctor": "Check the configuration and everything it needs.",
    "keys": "Signing keys: list, rotate, revoke.",
    "client": "Portals and other programs that people sign in to.",
    "account": "The account tree: operator, resellers, end clients.",
    "user": "People. Nobody's password can be set, shown or reset here.",
    "session": "Who is signed in, and signing somebody out.",
    "audit": "What happened, and who did it.",
    "token": "Get tokens by a real code flow without a browser. In the demo only.",
    "purge": "Remove what has expired. A running server does this by itself.",
}
"""Name -> what it does, for the list of `idp --help`; the module `idp.cli.<name>` has its `app`."""


class Root(TyperGroup):
    """Knows the commands by name and imports one when it is called: `idp --help` must not wait for the database's driver."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, text in COMMANDS.items():
            self.add_command(TyperCommand(name=name, help=text, callback=None))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        if name in COMMANDS:
            command = typer.main.get_command(import_module(f"idp.cli.{name}").app)
        return name, command, rest

    def invoke(self, ctx: Any) -> Any:
        """Turns a refusal into its sentence and exit code 1. Anything else is a fault of ours and shows itself."""
        try:
            return super().invoke(ctx)
        except IdpError as refusal:
            for line in refusal.public.splitlines():
                print(f"idp: {line}", file=sys.stderr)
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=Root,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # they print local variables, secrets among them
    context_settings={"help_option_names": ["-h", "--help"]},
    help="An OpenID Connect identity provider for the Inbound and SIP Trunk Plus portals.",
    epilog="New here? `idp demo` shows everything at once; `idp init` begins an installation of your own.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(version("idp"))
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None: ...


def main() -> None:
    """The console script `idp`."""
    app(prog_name="idp")
