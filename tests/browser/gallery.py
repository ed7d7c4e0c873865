"""Pictures of every page, for people who look at them: `python -m tests.browser.gallery FOLDER [WALK...]`.

Each page is shown wide and on a phone, in light and in dark.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.demo import MINUTE, Foundation, Loop, running_demo
from tests.browser.visitor import PHONE, WIDE, Scheme, visiting
from tests.browser.walks import TABLES, WALKS
from tests.support.browser import running_chromium

SCHEMES: tuple[Scheme, ...] = ("light", "dark")
SIZES = {"wide": WIDE, "phone": PHONE}


def show(browser: Browser, loop: Loop, foundation: Foundation, work: Path, folder: Path, name: str) -> None:
    with (
        running_demo(loop, foundation, work / name, **TABLES.get(name, {})) as demo,
        visiting(browser, demo, reduced_motion="reduce") as visitor,
    ):
        for stop in WALKS[name](visitor):
            shot = re.sub(r"\W+", "-", stop).strip("-")
            for size, viewport in SIZES.items():
                for scheme in SCHEMES:
                    visitor.page.set_viewport_size(viewport)
                    visitor.page.emulate_media(color_scheme=scheme)
                    visitor.page.screenshot(path=folder / f"{shot}-{size}-{scheme}.png", full_page=True)
            print(stop, flush=True)


def main(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    loop = Loop()
    try:
        with tempfile.TemporaryDirectory() as work, running_chromium() as browser:
            foundation = Foundation.lay(loop, Path(work) / "seeded", 30 * MINUTE)
            for name in names or list(WALKS):
                show(browser, loop, foundation, Path(work), folder, name)
    finally:
        loop.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
