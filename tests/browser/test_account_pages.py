"""The account pages in Chromium, from the portal's own links: the article's sections, looks, and no JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from idp.demo.world import PASSWORD
from tests.browser.demo import Demo
from tests.browser.visitor import CHOSEN, PHONE, Visitor, visiting
from tests.support.browser import axe

ENABLE = "Enable Multi-Factor Authentication (MFA)"
PAGES = ("/account", "/account/password", "/account/mfa", "/account/phone", "/account/sessions")


@pytest.fixture(params=["with JavaScript", "without JavaScript"])
def anyone(request: pytest.FixtureRequest) -> Visitor:
    visitor: Visitor = request.getfixturevalue("visitor" if request.param == "with JavaScript" else "plain_visitor")
    return visitor


def my_mfa(visitor: Visitor) -> None:
    """Select My MFA at the top right of the screen."""
    visitor.leave_by(visitor.page.locator("#my-mfa"))
    visitor.assert_on("My MFA")


def test_enable_reset_and_disable_mfa_as_the_article_tells_it(anyone: Visitor, demo: Demo) -> None:
    anyone.sign_in(demo.inbound, "dana")
    my_mfa(anyone)
    anyone.page.get_by_label(ENABLE).check()
    anyone.press("save")
    expect(anyone.page.get_by_label(ENABLE)).to_be_checked()
    anyone.press("set-up-now")
    key = anyone.enrol()
    anyone.assert_on("My MFA")
    assert demo.mail_to("dana@demo.example").subject == "An authenticator app was set up for MFA"

    anyone.press("reset-mfa")
    anyone.assert_on("Reset MFA")
    anyone.press("save")
    anyone.press("set-up-now")
    assert anyone.enrol() != key

    anyone.page.get_by_label(ENABLE).uncheck()
    anyone.press("save")
    expect(anyone.page.get_by_label(ENABLE)).not_to_be_checked()
    anyone.leave_by(anyone.page.get_by_role("link", name="Back to Inbound"))
    anyone.assert_signed_in(demo.inbound, "dana", "Password", "Harbour Dental")


def test_the_password_is_changed_and_typing_says_whether_it_is_long_enough(visitor: Visitor, demo: Demo) -> None:
    visitor.sign_in(demo.inbound, "dana")
    visitor.leave_by(visitor.page.get_by_role("link", name="Change password"))
    so_far = visitor.page.locator(".so-far")
    expect(so_far).to_be_empty()
    visitor.page.fill("#new_password", "three words")
    expect(so_far).to_have_text(": too short so far")
    visitor.page.fill("#new_password", CHOSEN)
    expect(so_far).to_have_text(": long enough")
    visitor.press(password=PASSWORD)
    visitor.assert_on("Hello, Dana Marsh")
    expect(visitor.page.get_by_role("status")).to_contain_text("Your password is changed.")


def test_the_number_is_changed_by_a_code_to_the_new_one(anyone: Visitor, demo: Demo) -> None:
    anyone.page.goto(f"{demo.issuer}/account/phone")
    anyone.give_password("dana")
    anyone.press(phone_number="020 7946 0000")
    assert "That is not a mobile number." in anyone.problems
    anyone.press(phone_number="07700 900222")
    expect(anyone.page.get_by_text("+44 7700 900222")).to_be_visible()
    anyone.press(code=demo.text_to("+447700900222").code)
    expect(anyone.page.get_by_text("•••• ••• 222")).to_be_visible()


def test_another_browser_is_signed_out_from_here(visitor: Visitor, demo: Demo, browser: Browser) -> None:
    visitor.sign_in(demo.inbound, "dana")
    with visiting(browser, demo) as elsewhere:
        elsewhere.page.goto(f"{demo.issuer}/account/sessions")
        elsewhere.give_password("dana")
        assert len(elsewhere.texts("main .line")) == 2
        elsewhere.press("end-others")
        assert len(elsewhere.texts("main .line")) == 1
    visitor.page.goto(f"{demo.issuer}/account")
    visitor.assert_on("Sign in to 500 Telecom")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits_a_phone(visitor: Visitor, demo: Demo, scheme: str) -> None:
    visitor.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    visitor.page.goto(f"{demo.issuer}/account")
    visitor.give_password("dana")
    for path in PAGES:
        visitor.page.goto(f"{demo.issuer}{path}")
        axe(visitor.page)
        visitor.page.set_viewport_size(PHONE)
        assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        axe(visitor.page)
    visitor.page.goto(f"{demo.issuer}/account/mfa")
    visitor.page.get_by_label(ENABLE).check()
    visitor.press("save")
    axe(visitor.page)
    visitor.press("set-up-now")
    visitor.enrol()
    visitor.press("reset-mfa")
    axe(visitor.page)
    visitor.page.goto(f"{demo.issuer}/account/password")
    visitor.press()
    axe(visitor.page)
