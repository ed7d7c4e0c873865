"""How much commands log, and in which form: to standard error always, so that standard output holds only what was asked."""

from __future__ import annotations

import sys

from idp.bootstrap import configure_logs


def log_quietly() -> None:
    """For commands: warnings and worse, for people."""
    configure_logs("WARNING", "console")


def log_as_server() -> None:
    """For servers: one JSON object a line, or lines for people when somebody watches."""
    configure_logs("INFO", "console" if sys.stderr.isatty() else "json")
