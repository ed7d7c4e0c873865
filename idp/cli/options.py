"""Options that many commands share. They follow the subcommand: `idp user list --config other.toml --json`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[
    Path, typer.Option("--config", metavar="FILE", help="The configuration file.", show_default="./config.toml")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many at most.")]
Search = Annotated[str, typer.Option("--search", metavar="TEXT", help="The beginning of a number or name.")]

DEFAULT_CONFIG = Path("config.toml")
PAGE = 200
"""Rows that one query of a list asks for."""
