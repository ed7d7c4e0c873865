"""Every sample of every page in Chromium, under the strict policy of our pages: read by axe, narrow, light and dark."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, ViewportSize, expect

from idp.web.headers import content_security_policy
from idp.web.pages import account, demo, general, outcomes, sign_in
from idp.web.pages import frame as frames
from idp.web.templating import Assets, Pages
from tests.support.browser import axe, fresh_context, watched_page

ORIGIN = "http://localhost"
NARROW: ViewportSize = {"width": 320, "height": 640}
"""WCAG 2.2 §1.4.10: what a desktop shows at 400 %, too."""
WIDE: ViewportSize = {"width": 1280, "height": 860}

PAGES = Pages(Assets())
SAMPLES = {
    f"{kind.__name__}-{number}": sample
    for module in (sign_in, outcomes, general, account, demo)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, frames.Page) and kind.__module__ == module.__name__
    for number, sample in enumerate(kind.samples())
    # Two leave by themselves; the other reloads itself, which axe forbids and a link on the page turns off.
    if not isinstance(sample, outcomes.FormPostPage)
    and not (isinstance(sample, general.LoggedOutPage) and sample.onward)
    and not (isinstance(sample, demo.OutboxPage) and sample.refresh_seconds)
}


def answer(route: Route) -> None:
    """Serves the samples by name, and the static files, as our server would."""
    path = route.request.url.removeprefix(ORIGIN).partition("?")[0]
    if asset := PAGES.assets.serve(path.removeprefix("/static/")):
        route.fulfill(body=asset.body, content_type=asset.content_type)
    elif sample := SAMPLES.get(path.removeprefix("/")):
        headers = {"content-security-policy": content_security_policy()}
        route.fulfill(body=PAGES.render(sample), content_type="text/html; charset=utf-8", headers=headers)
    else:
        route.fulfill(status=404)


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    with fresh_context(browser, permissions=["clipboard-read", "clipboard-write"]) as context:
        context.route("**/*", answer)
        yield context


@pytest.fixture(scope="module")
def tab(context: BrowserContext) -> Iterator[Page]:
    """One page for all samples: opening one takes longer than reading it."""
    with watched_page(context) as tab:
        yield tab


@pytest.mark.parametrize("name", SAMPLES)
def test_a_page_is_accessible_and_fits(tab: Page, name: str) -> None:
    tab.set_viewport_size(NARROW)
    tab.emulate_media(color_scheme="light", reduced_motion="reduce")
    tab.goto(f"{ORIGIN}/{name}")
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    axe(tab)
    tab.set_viewport_size(WIDE)
    tab.emulate_media(color_scheme="dark", reduced_motion="reduce")
    axe(tab)


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    with watched_page(context) as page:
        yield page
        page.close()


def test_a_password_can_be_shown_and_is_hidden_again_when_sent(page: Page) -> None:
    page.goto(f"{ORIGIN}/PasswordPage-0")
    field, button = page.locator("#password"), page.get_by_role("button", name="Show password")
    field.fill("correct horse")
    button.click()
    expect(field).to_have_attribute("type", "text")
    expect(page.get_by_role("button", name="Hide password")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("Your password is shown")).to_be_attached()
    page.evaluate("document.querySelector('form').addEventListener('submit', (event) => event.preventDefault())")
    page.locator("#continue").click()
    expect(field).to_have_attribute("type", "password")


def test_a_failed_form_is_read_out_first(page: Page) -> None:
    page.goto(f"{ORIGIN}/PasswordPage-1")
    expect(page.locator("#error-summary")).to_be_focused()
    page.locator("#error-summary a").click()
    expect(page.locator("#username")).to_be_focused()


def test_the_key_is_grouped_for_the_eye_and_copied_whole(page: Page) -> None:
    page.goto(f"{ORIGIN}/EnrolTotpPage-0")
    sample = sign_in.EnrolTotpPage.samples()[0]
    key = page.locator("#totp-secret")
    assert key.inner_text() == sample.secret
    gaps = key.locator("span").evaluate_all(
        "spans => spans.map(span => parseFloat(getComputedStyle(span).marginRight))"
    )
    assert min(gaps) > 0
    page.get_by_role("button", name="Copy the key").click()
    assert page.evaluate("navigator.clipboard.readText()") == sample.secret


def test_the_details_for_support_are_copied_line_by_line(page: Page) -> None:
    page.goto(f"{ORIGIN}/NoPhonePage-0")
    page.get_by_role("button", name="Copy these details").click()
    assert page.evaluate("navigator.clipboard.readText()").splitlines() == [
        "User account ID: nora",
        "Name: Nora Whitfield",
        "Account: EC-20018 Quayside Legal",
        "Mobile number: to be added",
        "Reference: 7F3K-22QD",
    ]


def test_the_waiting_time_counts_down_and_ends_with_what_can_be_done(page: Page) -> None:
    page.clock.install()
    page.goto(f"{ORIGIN}/VerifySmsPage-0")
    expect(page.get_by_text("in 30 seconds")).to_be_visible()
    page.clock.run_for(20_500)
    expect(page.get_by_text("in 10 seconds")).to_be_visible()
    page.clock.run_for(10_000)
    expect(page.get_by_text("You can ask for another text message now.")).to_be_visible()
    expect(page.locator("#resend")).to_be_enabled()


def test_without_javascript_nothing_is_missing(browser: Browser) -> None:
    with fresh_context(browser, java_script_enabled=False) as context:
        context.route("**/*", answer)
        page = context.new_page()
        for name in SAMPLES:
            page.goto(f"{ORIGIN}/{name}")
            expect(page.get_by_role("button", name="Show password")).to_have_count(0)
            for button in page.locator("form button:not([type=button]):not([hidden])").all():
                expect(button).to_be_visible()
