"""`idp purge`."""

from __future__ import annotations

from collections import Counter

import typer

from idp.bootstrap import Runtime
from idp.cli.house import with_house
from idp.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from idp.cli.output import print_json, print_table

app = typer.Typer()


@app.command()
def purge(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Remove what has expired. A running server does this by itself.

    Nothing depends on it: what has expired counts for nothing, removed or not.
    """
    removed = with_house(config, _purge)
    if as_json:
        print_json(removed)
    else:
        print_table(("what", "removed"), sorted(removed.items()), nothing="There was nothing to remove.")


async def _purge(house: Runtime) -> dict[str, int]:
    """In batches, each a short transaction of its own, until nothing is left."""
    total: Counter[str] = Counter()
    while True:
        async with house.store.write() as uow:
            removed = await uow.housekeeping.purge(house.ports.clock.now())
        total.update({what: count for what, count in removed.items() if count})
        if not any(removed.values()):
            return dict(total)
