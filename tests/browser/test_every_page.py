"""Every page as people get to it: read by axe in light and dark, at a desk and on a phone, and zoomed in until it reflows."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.visitor import PHONE, WIDE, ZOOMED, Scheme, Visitor
from tests.browser.walks import TABLES, WALKS
from tests.support.browser import axe

SCHEMES: tuple[Scheme, ...] = ("light", "dark")

STICKS_OUT = """[...document.querySelectorAll("body *")].filter((element) => {
  const box = element.getBoundingClientRect();
  return box.width > 1 && (box.right > innerWidth + 1 || box.left < -1);
}).map((element) => element.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize(("name", "demo_tables"), [(name, TABLES.get(name, {})) for name in WALKS], ids=list(WALKS))
def test_pages_are_accessible_and_fit(visitor: Visitor, name: str, demo_tables: dict[str, Any]) -> None:
    for stop in WALKS[name](visitor):
        try:
            assert_fits(visitor.page)
            assert_accessible(visitor.page)
        except AssertionError as fault:
            fault.add_note(f"at the page: {stop}")
            raise
        visitor.page.set_viewport_size(WIDE)


def assert_accessible(page: Page) -> None:
    for size in (WIDE, PHONE):
        page.set_viewport_size(size)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            axe(page)


def assert_fits(page: Page) -> None:
    """Nothing to scroll sideways to (WCAG 2.2 §1.4.10)."""
    page.set_viewport_size(ZOOMED)
    assert page.evaluate("document.documentElement.scrollWidth") <= ZOOMED["width"], page.evaluate(STICKS_OUT)
