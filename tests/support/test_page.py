"""The reader of pages refuses what browsers would silently mend, and presses only what a person could press."""

from __future__ import annotations

import pytest

from tests.support.page import Page, Submission, submission
from tests.support.person import assert_page

HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    ),
}
FORM = """
<form method="post" action="/go">
  <input type="hidden" name="token" value="t">
  <label for="name">Name</label><input id="name" name="name" value="old">
  <label><input type="checkbox" name="ticked">Ticked</label>
  <label><input type="radio" name="choice" value="1">First</label>
  <label><input type="radio" name="choice" value="2">Second</label>
  <button id="continue" name="how" value="now">Continue</button><button id="later" type="button">Later</button>
</form>"""


def page(body: str, title: str = "A page", **headers: str) -> Page:
    html = f'<!doctype html><html lang="en" dir="ltr"><head><title>{title}</title></head><body>{body}</body></html>'
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Page.read("http://localhost:9000/here", 200, HEADERS | named, html)


@pytest.mark.parametrize(
    "body", ["<p><b>x</p></b>", "<p>", "</p>", '<i id="a"></i><b id="a"></b>', '<b class="x" class="y"></b>']
)
def test_what_a_browser_would_have_to_mend_is_refused(body: str) -> None:
    with pytest.raises(AssertionError):
        page(body)


@pytest.mark.parametrize(
    ("body", "title", "headers"),
    [
        ("<h1>One</h1><h1>Two</h1>", "A page", {}),
        ("<p>None</p>", "A page", {}),
        ("<h1>One</h1>", "Error: a page", {}),
        ('<h1>One</h1><div id="error-summary">x</div>', "A page", {}),
        ("<h1>One</h1>", "A page", {"cache_control": "private"}),
        ("<h1>One</h1>", "A page", {"referrer_policy": "origin"}),
        ("<h1>One</h1>", "A page", {"content_security_policy": "default-src 'unsafe-inline'"}),
        ("<h1>One</h1><script>1</script>", "A page", {}),
        ("<h1>One</h1><script src='https://evil.example/x.js'></script>", "A page", {}),
        ("<h1 onclick='x()'>One</h1>", "A page", {}),
        ("<h1 style='color: red'>One</h1>", "A page", {}),
        ("<h1>One</h1><form method='get'></form>", "A page", {}),
        ("<h1>One</h1><label for='nothing'>x</label>", "A page", {}),
        ("<h1>One</h1><a target='_blank' href='/x'>x</a>", "A page", {}),
    ],
)
def test_a_page_that_breaks_a_promise_is_noticed(body: str, title: str, headers: dict[str, str]) -> None:
    assert_page(page("<h1>One</h1>" + FORM))
    with pytest.raises(AssertionError):
        assert_page(page(body, title, **headers))


def test_pressing_sends_what_the_browser_would_send() -> None:
    sent = submission(page(FORM), "continue", {"name": "new", "ticked": True, "choice": "Second"})
    pairs = (("token", "t"), ("name", "new"), ("ticked", "on"), ("choice", "2"), ("how", "now"))
    assert sent == Submission("POST", "http://localhost:9000/go", pairs)
    untouched = submission(page(FORM), "continue", {})
    assert untouched.pairs == (("token", "t"), ("name", "old"), ("how", "now"))
    assert submission(page('<a id="on" href="/x?y=1">On</a>'), "on", {}).url == "http://localhost:9000/x?y=1"


@pytest.mark.parametrize(
    ("button", "filled"),
    [("nothing", {}), ("later", {}), ("name", {}), ("continue", {"unknown": "x"}), ("continue", {"choice": "Third"})],
)
def test_what_a_person_could_not_do_is_refused(button: str, filled: dict[str, str | bool]) -> None:
    with pytest.raises(AssertionError):
        submission(page(FORM), button, filled)


def test_a_field_without_a_label_is_refused() -> None:
    bare = page('<form method="post" action="/go"><input name="name"><button id="continue">Go</button></form>')
    with pytest.raises(AssertionError, match="label"):
        submission(bare, "continue", {"name": "x"})
