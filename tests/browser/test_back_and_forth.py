"""What people do to a sign-in besides filling it in: Back, reload, double clicks, several tabs, and leaving it for lunch."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.demo import MINUTE, Demo
from tests.browser.visitor import CHOSEN, Visitor

SMS_PAGE = "Check your text messages"


def turn_back(page: Page) -> None:
    """The Back button; what the browser kept may be shown at once, and loads itself again."""
    page.go_back(wait_until="commit")
    page.wait_for_load_state("load")


def test_a_form_that_failed_stands_a_reload(visitor: Visitor, demo: Demo) -> None:
    visitor.sign_in(demo.sip_trunk_plus, "sam")
    visitor.press(code="12")
    visitor.page.reload()  # Chromium posts it again
    visitor.assert_on(SMS_PAGE)
    visitor.press(code=demo.text_to("+447700900118").code)
    visitor.assert_signed_in(demo.sip_trunk_plus, "sam", "Password and text message")


def test_back_into_a_finished_sign_in_leads_on_to_the_portal(visitor: Visitor, demo: Demo) -> None:
    visitor.sign_in(demo.inbound, "dana")
    visitor.assert_signed_in(demo.inbound, "dana", "Password")
    turn_back(visitor.page)
    visitor.assert_on("You're already signed in")
    visitor.press()
    visitor.assert_signed_in(demo.inbound, "dana", "Password")


def test_back_after_a_sign_out_shows_nothing_of_before(visitor: Visitor, demo: Demo) -> None:
    visitor.page.goto(f"{demo.issuer}/account")
    visitor.give_password("dana")
    visitor.assert_on("Hello, Dana Marsh")
    visitor.press("sign-out")
    expect(visitor.page.locator("#logged-out")).to_be_visible()
    turn_back(visitor.page)
    expect(visitor.page.get_by_role("heading", level=1)).not_to_have_text("Hello, Dana Marsh")
    expect(visitor.page.locator("#username")).to_be_visible()


@pytest.mark.parametrize("javascript", ["with JavaScript", "without JavaScript"])
def test_double_clicks_count_once(request: pytest.FixtureRequest, demo: Demo, javascript: str) -> None:
    """At every step: the second click overtakes the answer to the first."""
    visitor: Visitor = request.getfixturevalue("visitor" if javascript == "with JavaScript" else "plain_visitor")
    visitor.begin(demo.sip_trunk_plus)
    visitor.page.fill("#username", "sam")
    visitor.page.fill("#password", "Correct-Horse-9")
    visitor.page.dblclick("#continue")
    visitor.assert_on(SMS_PAGE)
    assert len(demo.texts()) == 1
    visitor.page.fill("#code", demo.text_to("+447700900118").code)
    visitor.page.dblclick("#continue")
    visitor.page.wait_for_url(f"{demo.sip_trunk_plus}/")
    visitor.assert_signed_in(demo.sip_trunk_plus, "sam", "Password and text message")


def test_a_double_click_changes_a_password_once(visitor: Visitor, demo: Demo) -> None:
    mail = demo.mail_to("iris@demo.example")
    visitor.sign_in(demo.inbound, mail.username, mail.password)
    visitor.page.fill("#new_password", CHOSEN)
    visitor.page.dblclick("#continue")
    visitor.page.wait_for_url(f"{demo.inbound}/")
    visitor.assert_signed_in(demo.inbound, "iris", "Password")
    assert demo.mail_to("iris@demo.example").subject.startswith("Your password")


def test_two_tabs_are_two_sign_ins_and_the_second_one_is_spared_the_password(visitor: Visitor, demo: Demo) -> None:
    visitor.begin(demo.inbound)
    first = visitor.turn_to_new_tab()
    visitor.begin(demo.sip_trunk_plus)
    visitor.give_password("dana")
    visitor.assert_signed_in(demo.sip_trunk_plus, "dana", "Password")
    visitor.page = first
    visitor.page.reload()
    visitor.assert_signed_in(demo.inbound, "dana", "Password")


def test_a_second_tab_may_type_the_password_all_the_same(visitor: Visitor, demo: Demo) -> None:
    visitor.begin(demo.inbound)
    first = visitor.turn_to_new_tab()
    visitor.begin(demo.inbound)
    visitor.give_password("dana")
    visitor.assert_signed_in(demo.inbound, "dana", "Password")
    visitor.page = first
    visitor.give_password("dana")
    visitor.assert_signed_in(demo.inbound, "dana", "Password")


def test_one_sign_in_in_two_tabs_ends_in_both(visitor: Visitor, demo: Demo) -> None:
    visitor.sign_in(demo.sip_trunk_plus, "sam")
    login = visitor.page.url
    first = visitor.turn_to_new_tab()
    visitor.page.goto(login)
    visitor.assert_on(SMS_PAGE)
    assert len(demo.texts()) == 1
    visitor.press(code=demo.text_to("+447700900118").code)
    visitor.assert_signed_in(demo.sip_trunk_plus, "sam", "Password and text message")
    visitor.page = first
    visitor.press(code="123456")
    visitor.assert_on("You're already signed in")
    visitor.press()
    visitor.assert_signed_in(demo.sip_trunk_plus, "sam", "Password and text message")


def test_a_sign_in_left_for_lunch_starts_again_where_it_was(visitor: Visitor, demo: Demo) -> None:
    visitor.begin(demo.inbound)
    demo.clock.advance(30 * MINUTE)
    visitor.give_password("dana")
    visitor.assert_on("This sign-in has expired")
    visitor.press()
    visitor.assert_on("Sign in to Inbound")
    visitor.give_password("dana")
    visitor.assert_signed_in(demo.inbound, "dana", "Password")


def test_a_restarted_sign_in_proves_everything_anew(visitor: Visitor, demo: Demo) -> None:
    visitor.sign_in(demo.sip_trunk_plus, "sam")
    late = demo.text_to("+447700900118").code
    demo.clock.advance(11 * MINUTE)
    visitor.press(code=late)
    visitor.assert_on("This sign-in has expired")
    visitor.press()
    visitor.assert_on("Sign in to SIP Trunk Plus")
    visitor.give_password("sam")
    visitor.press(code=demo.text_to("+447700900118").code)
    visitor.assert_signed_in(demo.sip_trunk_plus, "sam", "Password and text message")


def test_a_sign_in_link_that_was_sent_to_somebody_opens_nothing(visitor: Visitor, demo: Demo, page: Page) -> None:
    visitor.begin(demo.inbound)
    page.goto(visitor.page.url)
    expect(page.locator("#error-page")).to_contain_text("another browser")
