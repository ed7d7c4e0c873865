"""Chromium for the tests: where it is, how it starts, and what a page must not do in it.

`python -m tests.support.browser` starts it once and prints its version, or fails: `make test` asks it whether to install
anything.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

WAIT_MILLISECONDS = 15_000
"""How long an action waits for its element: more than a busy two-core machine needs, less than a person would."""

WCAG_22_AA = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")


class BrowserUnavailable(RuntimeError):
    """Chromium is not installed. The message says what to do; tests fail with it, never skip."""


def chromium_program() -> Path:
    """The installed Chromium, or the one that `playwright install chromium` fetched. Raises `BrowserUnavailable`."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    with sync_playwright() as playwright:
        fetched = Path(playwright.chromium.executable_path)
    if fetched.exists():
        return fetched
    raise BrowserUnavailable(
        "The browser tests need Chromium. Run `make test`, which installs it on Debian, or install it yourself "
        "(Debian: apt-get install chromium, elsewhere: .venv/bin/playwright install chromium)."
    )


def chromium_arguments() -> list[str]:
    """With its sandbox, unless we are root: Chromium refuses that."""
    return [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else list(ARGUMENTS)


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """A headless Chromium that talks to nobody but the pages under test."""
    program = chromium_program()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=chromium_arguments())
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def fresh_context(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    """A browser profile of its own: no cookies, British English. `options` are Playwright's for `new_context`."""
    context = browser.new_context(**{"locale": "en-GB", "timezone_id": "Europe/London", **options})
    context.set_default_timeout(WAIT_MILLISECONDS)
    try:
        yield context
    finally:
        context.close()


@contextmanager
def watched_page(context: BrowserContext) -> Iterator[Page]:
    """A page whose test fails in the end when a script failed, or the content security policy refused something."""
    faults: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
    page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    assert not faults, "The browser complained:\n" + "\n".join(faults)


def axe(page: Page) -> None:
    """Asserts that axe-core finds nothing against WCAG 2.2 AA on the page as it stands now."""
    options = {
        "runOnly": {"type": "tag", "values": list(WCAG_22_AA)},
        "rules": {"target-size": {"enabled": True}},  # WCAG 2.2's own rule is off by default
        "resultTypes": ["violations"],
    }
    script = "" if page.evaluate("'axe' in window") else AXE_SCRIPT  # half a megabyte: once for each document
    violations: list[dict[str, Any]] = Axe(script).run(page, options=options).response["violations"]
    report = [f"{page.url} breaks {len(violations)} accessibility rules:"]
    for violation in violations:
        report.append(f"\n{violation['id']} ({violation['impact']}): {violation['help']}\n  {violation['helpUrl']}")
        for node in violation["nodes"]:
            report.append(f"  {' '.join(map(str, node['target']))}  {node['html']}")
            report += [f"    - {check['message']}" for kind in ("any", "all", "none") for check in node[kind]]
    assert not violations, "\n".join(report)


if __name__ == "__main__":
    try:
        with running_chromium() as browser:
            print(browser.version)
    except BrowserUnavailable as missing:
        sys.exit(str(missing))
