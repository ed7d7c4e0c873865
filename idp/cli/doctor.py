"""`idp doctor`."""

from __future__ import annotations

import asyncio

import typer

from idp.bootstrap.checks import Finding, Health, examine
from idp.cli.logs import log_quietly
from idp.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from idp.cli.output import print_json, print_table

app = typer.Typer()


@app.command()
def doctor(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Check the configuration and everything it needs: database, keys, clock, mail, text messages.

    It only looks, and says for each thing what to mend. The exit code is 1 when something has to be mended.
    """
    log_quietly()
    findings = asyncio.run(examine(config))
    healthy = all(finding.health in (Health.OK, Health.WARNING) for finding in findings)
    if as_json:
        print_json({"healthy": healthy, "checks": [_json(finding) for finding in findings]})
    else:
        lines = [(f.check, f.health, line) for f in findings for line in f.detail.splitlines()]
        print_table(("check", "health", "detail"), lines, nothing="")
    if not healthy:
        raise typer.Exit(1)


def _json(finding: Finding) -> dict[str, str]:
    return {"check": finding.check, "health": finding.health, "detail": finding.detail}
