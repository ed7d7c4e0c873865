"""Everything that the ladder asks for, done with JavaScript switched off (UX 1.1, number 2)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.demo import HOUR, MINUTE, Demo
from tests.browser.visitor import CHOSEN, Visitor, visiting


@pytest.fixture
def visitor(plain_visitor: Visitor) -> Iterator[Visitor]:
    yield plain_visitor
    for script in ("[data-reveal]", "[data-copy]"):
        expect(plain_visitor.page.locator(script).locator("visible=true")).to_have_count(0)


def test_password_single_sign_on_and_sign_out(visitor: Visitor, demo: Demo) -> None:
    visitor.begin(demo.inbound)
    visitor.press()
    assert "Enter your username." in visitor.problems
    visitor.give_password("dana", "not her password")
    assert "Enter the correct username and password." in visitor.problems
    assert visitor.page.locator("#password").input_value() == ""
    visitor.press(password="Correct-Horse-9")  # the username is still there
    visitor.assert_signed_in(demo.inbound, "dana", "Password")
    visitor.begin(demo.sip_trunk_plus)
    visitor.assert_signed_in(demo.sip_trunk_plus, "dana", "Password")
    visitor.press("sign-out")
    expect(visitor.page.locator("#sign-in")).to_be_visible()
    visitor.begin(demo.sip_trunk_plus)
    visitor.assert_on("Sign in to SIP Trunk Plus")


def test_authenticator_app(visitor: Visitor, demo: Demo, browser: Browser) -> None:
    visitor.sign_in(demo.inbound, "theo")
    key = visitor.page.locator("#totp-secret").inner_text()  # typed into the app by hand
    visitor.press(code="000000" if visitor.app_code(key) != "000000" else "000001")
    assert "That code is not right" in visitor.problems
    assert visitor.page.locator("#totp-secret").inner_text() == key
    visitor.press(code=visitor.app_code(key))
    visitor.assert_signed_in(demo.inbound, "theo", "Password and authenticator app")
    demo.clock.advance(30)
    with visiting(browser, demo, java_script_enabled=False) as again:
        again.sign_in(demo.inbound, "theo")
        again.press(code=again.app_code(key))
        again.assert_signed_in(demo.inbound, "theo", "Password and authenticator app")


def test_text_message(visitor: Visitor, demo: Demo) -> None:
    visitor.sign_in(demo.sip_trunk_plus, "sam")
    first = demo.text_to("+447700900118").code
    visitor.press("resend")
    assert "You can ask for another in 30 seconds." in visitor.problems
    demo.clock.advance(30)
    visitor.press("resend")
    expect(visitor.page.get_by_role("status")).to_have_text("We have sent another text message.")
    visitor.page.reload()  # sends nothing
    second = demo.text_to("+447700900118").code
    assert len(demo.texts()) == 2
    if first != second:
        visitor.press(code=first)
        assert "Check your newest text message" in visitor.problems
    visitor.press(code=second)
    visitor.assert_signed_in(demo.sip_trunk_plus, "sam", "Password and text message")


def test_temporary_password_too_late_forgotten_and_changed(browser: Browser, old_demo: Demo) -> None:
    demo = old_demo
    with visiting(browser, demo, java_script_enabled=False) as visitor:
        late = demo.mail_to("iris@demo.example")
        demo.clock.advance(HOUR)
        visitor.sign_in(demo.inbound, late.username, late.password)
        visitor.assert_on("Your temporary password has expired")
        visitor.press("forgotten-link")
        visitor.press()
        assert "Enter your username or e-mail address." in visitor.problems
        visitor.press(username="iris")
        visitor.press()
        visitor.give_password("iris", demo.mail_to("iris@demo.example").password)
        visitor.press(new_password="too short")
        visitor.assert_on("Choose a new password")
        assert "at least 15 characters" in visitor.problems
        visitor.press(new_password=CHOSEN)
        visitor.assert_signed_in(demo.inbound, "iris", "Password", "Harbour Dental")


def test_chooser(visitor: Visitor, demo: Demo) -> None:
    visitor.sign_in(demo.inbound, "max")
    visitor.press()
    assert "Choose the account you want to work in." in visitor.problems
    visitor.page.get_by_label("Harbour Dental").check()
    visitor.press()
    visitor.assert_signed_in(demo.inbound, "max", "Password", "Harbour Dental")


def test_blocked_page_and_somebody_else(visitor: Visitor, demo: Demo) -> None:
    visitor.sign_in(demo.sip_trunk_plus, "nora")
    expect(visitor.page.locator("#blocked")).to_contain_text("Reference:")
    visitor.press("switch-user")
    visitor.give_password("dana")
    visitor.assert_signed_in(demo.sip_trunk_plus, "dana", "Password")


def test_expired_sign_in_starts_again(visitor: Visitor, demo: Demo) -> None:
    visitor.begin(demo.inbound)
    demo.clock.advance(30 * MINUTE)
    visitor.give_password("dana")
    visitor.assert_on("This sign-in has expired")
    visitor.press()
    visitor.give_password("dana")
    visitor.assert_signed_in(demo.inbound, "dana", "Password")


def test_sign_out_that_asks_first(visitor: Visitor, demo: Demo) -> None:
    visitor.sign_in(demo.inbound, "dana")
    visitor.page.goto(f"{demo.issuer}/end_session")
    visitor.press("logout-confirm")
    expect(visitor.page.locator("#logged-out")).to_be_visible()
    visitor.page.goto(f"{demo.inbound}/login")
    visitor.assert_on("Sign in to Inbound")
