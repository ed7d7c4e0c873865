"""Every person of the demo world, through the real portals, shows what the contract says (CONTRACT, Demo world)."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, expect

from tests.browser.demo import HOUR, Demo
from tests.browser.visitor import CHOSEN, Visitor, visiting

SMS_PAGE = "Check your text messages"
APP_PAGE = "Enter the code from your authenticator app"
ENROL_PAGE = "Set up your authenticator app"


def test_dana_uses_inbound_with_a_password_only_and_is_known_at_the_other_portal(visitor: Visitor, demo: Demo) -> None:
    visitor.begin(demo.inbound)
    visitor.assert_on("Sign in to Inbound")
    visitor.give_password("dana")
    visitor.assert_signed_in(demo.inbound, "dana", "Password", "Harbour Dental")
    assert visitor.texts(".breadcrumb bdi") == ["OP-1", "Northern Voice", "Harbour Dental"]
    visitor.begin(demo.sip_trunk_plus)
    visitor.assert_signed_in(demo.sip_trunk_plus, "dana", "Password", "Harbour Dental")


def test_theo_scans_the_qr_code_once_and_gives_the_code_from_then_on(
    visitor: Visitor, demo: Demo, browser: Browser
) -> None:
    visitor.sign_in(demo.inbound, "theo")
    visitor.assert_on(ENROL_PAGE)
    key = visitor.enrol()
    visitor.assert_signed_in(demo.inbound, "theo", "Password and authenticator app")

    demo.clock.advance(30)
    with visiting(browser, demo) as again:
        again.sign_in(demo.inbound, "theo")
        again.assert_on(APP_PAGE)
        again.press(code=again.app_code(key))
        again.assert_signed_in(demo.inbound, "theo", "Password and authenticator app")
        # The stronger factor of a moment ago is taken in place of a text message.
        again.begin(demo.sip_trunk_plus)
        again.assert_signed_in(demo.sip_trunk_plus, "theo", "Password and authenticator app")


def test_the_qr_code_can_be_scanned_in_light_and_dark_on_a_desk_and_on_a_phone(visitor: Visitor, demo: Demo) -> None:
    visitor.sign_in(demo.inbound, "theo")
    link = visitor.page.get_by_role("link", name="Open in authenticator app").get_attribute("href")
    key = visitor.page.locator("#totp-secret").inner_text()
    assert f"secret={key}" in str(link)
    for scheme in ("light", "dark"):
        visitor.page.emulate_media(color_scheme=scheme)
        for width in (1280, 320):
            visitor.page.set_viewport_size({"width": width, "height": 800})
            assert visitor.scan() == link


def test_sam_is_asked_for_a_text_message_only_when_moving_to_sip_trunk_plus(visitor: Visitor, demo: Demo) -> None:
    visitor.sign_in(demo.inbound, "sam")
    visitor.assert_signed_in(demo.inbound, "sam", "Password", "Quayside Legal")
    assert demo.texts() == []
    visitor.begin(demo.sip_trunk_plus)
    visitor.assert_on(SMS_PAGE)
    number = visitor.page.locator("main .number")
    expect(number).to_have_text(re.compile(r"^[^0-9]+118$"))
    visitor.press(code=demo.text_to("+447700900118").code)
    visitor.assert_signed_in(demo.sip_trunk_plus, "sam", "Password and text message", "Quayside Legal")
    visitor.page.goto(demo.inbound)  # where nothing more was asked for
    visitor.assert_signed_in(demo.inbound, "sam", "Password", "Quayside Legal")
    assert len(demo.texts()) == 1


def test_rita_has_no_second_factor_and_rolf_gets_a_text_message(visitor: Visitor, demo: Demo, browser: Browser) -> None:
    visitor.sign_in(demo.sip_trunk_plus, "rita")
    visitor.assert_signed_in(demo.sip_trunk_plus, "rita", "Password", "Northern Voice")
    with visiting(browser, demo) as other:
        other.sign_in(demo.sip_trunk_plus, "rolf")
        other.assert_on(SMS_PAGE)
        other.press(code=demo.text_to("+447700900124").code)
        other.assert_signed_in(demo.sip_trunk_plus, "rolf", "Password and text message", "Southern Trunks")


def test_nora_is_told_what_to_send_to_whom_and_gets_back_to_the_portal(visitor: Visitor, demo: Demo) -> None:
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.sign_in(demo.sip_trunk_plus, "nora")
    blocked = visitor.page.locator("#blocked")
    expect(blocked).to_contain_text("contact Northern Voice")
    visitor.page.get_by_role("button", name="Copy these details").click()
    copied = visitor.page.evaluate("navigator.clipboard.readText()").splitlines()
    assert copied[:4] == [
        "User account ID: nora",
        "Name: Nora Whitfield",
        "Account: EC-20018 Quayside Legal",
        "Mobile number: to be added",
    ]
    assert re.fullmatch(r"Reference: \S{6,}", copied[4])
    visitor.page.reload()
    expect(blocked).to_contain_text(copied[4].removeprefix("Reference: "))
    visitor.press("return-to-client")
    visitor.assert_turned_away(demo.sip_trunk_plus)
    visitor.sign_in(demo.inbound, "nora")
    visitor.assert_signed_in(demo.inbound, "nora", "Password")


def test_iris_finds_her_temporary_password_in_the_outbox_and_chooses_her_own(
    visitor: Visitor, demo: Demo, browser: Browser
) -> None:
    visitor.page.goto(f"{demo.issuer}/dev/outbox")
    mail = visitor.page.locator(".mail-text").inner_text()
    [username] = re.findall(r"^Username: (\S+)$", mail, re.MULTILINE)
    [password] = re.findall(r"^Password: (\S+)$", mail, re.MULTILINE)
    visitor.sign_in(demo.inbound, username, password)
    visitor.assert_on("Choose a new password")
    visitor.press(new_password=CHOSEN)
    visitor.assert_signed_in(demo.inbound, "iris", "Password", "Harbour Dental")
    with visiting(browser, demo) as again:
        again.sign_in(demo.inbound, "iris", CHOSEN)
        again.assert_signed_in(demo.inbound, "iris", "Password")


def test_iris_comes_too_late_and_gets_a_new_one(old_demo: Demo, browser: Browser) -> None:
    demo, first = old_demo, old_demo.mail_to("iris@demo.example")
    demo.clock.advance(HOUR)
    with visiting(browser, demo) as visitor:
        visitor.sign_in(demo.inbound, "iris", first.password)
        visitor.assert_on("Your temporary password has expired")
        visitor.press("forgotten-link")
        visitor.press(username="iris")
        visitor.assert_on("Check your e-mail")
        visitor.press()
        visitor.assert_on("Sign in to Inbound")
        visitor.give_password("iris", demo.mail_to("iris@demo.example").password)
        visitor.press(new_password=CHOSEN)
        visitor.assert_signed_in(demo.inbound, "iris", "Password")


def test_max_chooses_between_two_accounts_once_for_each_portal(visitor: Visitor, demo: Demo) -> None:
    visitor.sign_in(demo.inbound, "max")
    visitor.assert_on("Choose an account")
    visitor.page.get_by_label("Harbour Dental").check()
    visitor.press()
    visitor.assert_signed_in(demo.inbound, "max", "Password", "Harbour Dental")
    visitor.begin(demo.sip_trunk_plus)
    visitor.assert_on("Choose an account")
    visitor.page.get_by_label("Quayside Legal").check()
    visitor.press()
    visitor.assert_on(SMS_PAGE)
    visitor.press(code=demo.text_to("+447700900119").code)
    visitor.assert_signed_in(demo.sip_trunk_plus, "max", "Password and text message", "Quayside Legal")
    visitor.page.goto(f"{demo.sip_trunk_plus}/login")
    visitor.assert_signed_in(demo.sip_trunk_plus, "max", "Password and text message", "Quayside Legal")


def test_support_has_the_authenticator_app_whose_key_the_start_prints(visitor: Visitor, demo: Demo) -> None:
    visitor.sign_in(demo.inbound, "support")
    visitor.assert_on(APP_PAGE)
    visitor.press(code=visitor.app_code(demo.support_key()))
    visitor.assert_signed_in(demo.inbound, "support", "Password and authenticator app")


def test_the_portal_asks_for_a_second_factor_on_request(visitor: Visitor, demo: Demo) -> None:
    visitor.sign_in(demo.sip_trunk_plus, "rita")
    visitor.assert_signed_in(demo.sip_trunk_plus, "rita", "Password")
    visitor.begin(demo.inbound)
    visitor.press("step-up")
    visitor.assert_on(ENROL_PAGE)
    visitor.enrol()
    visitor.assert_signed_in(demo.inbound, "rita", "Password and authenticator app")


def test_forgotten_login_details_lead_back_to_the_portal_that_was_asked_for(visitor: Visitor, demo: Demo) -> None:
    visitor.begin(demo.inbound)
    visitor.press("forgotten-link")
    visitor.assert_on("Forgotten Login Details")
    visitor.press(username="dana@demo.example")
    visitor.assert_on("Check your e-mail")
    mail = demo.mail_to("dana@demo.example")
    visitor.press()
    visitor.give_password(mail.username, mail.password)
    visitor.assert_on("Choose a new password")
    visitor.press(new_password=CHOSEN)
    visitor.assert_signed_in(demo.inbound, "dana", "Password")


def test_a_sign_in_can_be_cancelled_at_every_step(visitor: Visitor, demo: Demo) -> None:
    visitor.begin(demo.sip_trunk_plus)
    visitor.press("cancel")
    visitor.assert_turned_away(demo.sip_trunk_plus)
    for username, heading in (("max", "Choose an account"), ("sam", SMS_PAGE)):
        visitor.sign_in(demo.sip_trunk_plus, username)
        visitor.assert_on(heading)
        visitor.press("cancel")
        visitor.assert_turned_away(demo.sip_trunk_plus)
    visitor.sign_in(demo.inbound, "theo")
    visitor.assert_on(ENROL_PAGE)
    visitor.press("cancel")
    visitor.assert_turned_away(demo.inbound)


def test_somebody_else_can_sign_in_instead(visitor: Visitor, demo: Demo) -> None:
    visitor.sign_in(demo.sip_trunk_plus, "sam")
    visitor.assert_on(SMS_PAGE)
    visitor.press("switch-user")
    visitor.assert_on("Sign in to SIP Trunk Plus")
    visitor.give_password("rita")
    visitor.assert_signed_in(demo.sip_trunk_plus, "rita", "Password")
