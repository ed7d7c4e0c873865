"""The browser harness itself: it loads pages, and it notices what it is there to notice."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.browser import axe, fresh_context, watched_page

GOOD = """<!doctype html><html lang="en"><title>Sign in</title><main><h1>Sign in</h1>
<form><label for="username">Username</label> <input id="username" name="username" autocomplete="username">
<button id="continue">Continue</button></form></main>"""

UNLABELLED = GOOD.replace('<label for="username">Username</label>', "")
SMALL_TARGETS = GOOD.replace(
    "</form>",
    '</form><a href="/a" style="display:inline-block;width:9px;height:9px;overflow:hidden">a</a>'
    '<a href="/b" style="display:inline-block;width:9px;height:9px;overflow:hidden">b</a>',
)
BROKEN_SCRIPT = GOOD + "<script>undefined_function()</script>"

PAGES = {
    "/good": (GOOD, ""),
    "/unlabelled": (UNLABELLED, ""),
    "/small-targets": (SMALL_TARGETS, ""),
    "/broken-script": (BROKEN_SCRIPT, ""),
    "/refused-script": (BROKEN_SCRIPT, "script-src 'self'"),
}


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body, policy = PAGES.get(self.path.split("?")[0], ("", ""))
        self.send_response(200 if body else 204)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        if policy:
            self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: a test's output is for what failed."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of a server with `PAGES`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_page_is_loaded_filled_and_found_accessible(page: Page, site: str) -> None:
    page.goto(f"{site}/good")
    page.fill("#username", "dana")
    expect(page.locator("#username")).to_have_value("dana")
    axe(page)


def test_a_context_works_without_javascript(browser: Browser, site: str) -> None:
    with fresh_context(browser, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{site}/broken-script")
        page.fill("#username", "dana")
        page.click("#continue")
        assert "username=dana" in page.url


@pytest.mark.parametrize(("path", "rule"), [("/unlabelled", "label"), ("/small-targets", "target-size")])
def test_axe_reports_what_is_wrong_and_where(page: Page, site: str, path: str, rule: str) -> None:
    page.goto(site + path)
    with pytest.raises(AssertionError, match=rf"(?s){path} breaks 1 accessibility rules:.*\n{rule} \(.*<(input|a) "):
        axe(page)


@pytest.mark.parametrize(
    ("path", "complaint"),
    [("/broken-script", "undefined_function is not defined"), ("/refused-script", "Content Security Policy")],
)
def test_a_script_error_or_a_refused_script_fails_the_test(
    context: BrowserContext, site: str, path: str, complaint: str
) -> None:
    with pytest.raises(AssertionError, match=complaint), watched_page(context) as page:
        page.goto(site + path)


def test_a_missing_browser_is_a_failure_with_advice() -> None:
    nowhere = {"PATH": "/nonexistent", "PLAYWRIGHT_BROWSERS_PATH": "/nonexistent"}
    asked = subprocess.run([sys.executable, "-m", "tests.support.browser"], env=nowhere, capture_output=True, text=True)
    assert asked.returncode == 1
    assert "apt-get install chromium" in asked.stderr
    assert "Traceback" not in asked.stderr
