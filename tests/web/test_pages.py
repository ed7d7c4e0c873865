"""Every sample of every page, read as a browser reads it: what UX.md and CONTRACT.md promise of all pages."""

from __future__ import annotations

import re

import pytest

from idp.web.pages import account, demo, general, outcomes, sign_in
from idp.web.pages.frame import Page
from idp.web.templating import Assets, Pages
from tests.support.html import Element, read_html

MODULES = (sign_in, outcomes, general, account, demo)

STABLE_IDS: dict[type[Page], set[str]] = {
    sign_in.PasswordPage: {"username", "password", "continue", "cancel", "forgotten-link"},
    sign_in.ChooseAccountPage: {"account", "continue", "cancel"},
    sign_in.VerifyTotpPage: {"code", "continue", "cancel", "forgotten-link"},
    sign_in.VerifySmsPage: {"code", "continue", "cancel", "resend"},
    sign_in.ChangePasswordPage: {"username", "new_password", "continue", "cancel"},
    sign_in.EnrolTotpPage: {"totp-qr", "totp-secret", "code", "continue", "cancel"},
    outcomes.NoPhonePage: {"blocked"},
    outcomes.RefusedPage: {"blocked", "return-to-client"},
    outcomes.TemporaryExpiredPage: {"forgotten-link"},
    outcomes.SmsUnavailablePage: {"resend", "cancel"},
    outcomes.ConsentPage: {"consent-approve", "cancel"},
    outcomes.FinishedElsewherePage: {"continue"},
    outcomes.ExpiredPage: set(),
    outcomes.FormPostPage: {"continue"},
    outcomes.RequestRefusedPage: {"error-page", "return-to-client"},
    general.ErrorPage: {"error-page"},
    general.ForgottenPage: {"username", "continue"},
    general.ForgottenSentPage: set(),
    general.LogoutConfirmPage: {"logout-confirm"},
    general.LoggedOutPage: {"logged-out"},
    account.AccountHomePage: set(),
    account.PasswordChangePage: {"password", "new_password", "continue"},
    account.MfaPage: {"enable_mfa", "save"},
    account.MfaManagedPage: {"locked"},
    account.MfaResetPage: {"save", "cancel"},
    account.PhonePage: {"phone_number", "continue"},
    account.PhoneCodePage: {"code", "continue", "resend"},
    account.SessionsPage: set(),
    demo.PortalPage: {"sign-in"},
    demo.PortalHomePage: {"sign-out", "my-mfa"},
    demo.OutboxPage: set(),
}
"""CONTRACT.md, "Pages"; every page stands here, so that a new one is not forgotten."""

PAGES = Pages(Assets())


KINDS = [
    kind
    for module in MODULES
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Page) and kind.__module__ == module.__name__
]
SAMPLES = [
    pytest.param(sample, id=f"{kind.__name__}-{number}")
    for kind in KINDS
    for number, sample in enumerate(kind.samples())
]


@pytest.fixture
def document(page: Page) -> Element:
    return read_html(PAGES.render(page))


every_page = pytest.mark.parametrize("page", SAMPLES)


def test_every_page_has_its_stable_ids_written_down() -> None:
    assert set(KINDS) == set(STABLE_IDS)


@every_page
def test_a_page_has_its_stable_ids_and_no_id_twice(page: Page, document: Element) -> None:
    ids = [element.id for element in document.all() if element.id]
    assert len(ids) == len(set(ids))
    assert STABLE_IDS[type(page)] <= set(ids)
    assert ("error-summary" in ids) == bool(page.problems)


@every_page
def test_a_page_has_one_heading_and_a_title_that_tells_of_failure(page: Page, document: Element) -> None:
    assert document.one("h1").words
    title = document.one("title").text
    assert title == " ".join(title.split()) != ""
    assert title.startswith("Error: ") == bool(page.problems)
    assert "<" not in title or page.frame.portal in title
    assert page.frame.portal in document.text
    html = document.one("html").attributes
    assert (html["lang"], html["dir"]) == ("en", "ltr")


@every_page
def test_a_page_has_nothing_inline_and_nothing_from_elsewhere(page: Page, document: Element) -> None:
    for element in document.all():
        assert element.tag != "style"
        assert not [name for name in element.attributes if name == "style" or name.startswith("on")]
        if element.tag == "script" and not isinstance(page, outcomes.FormPostPage):
            assert element.text == ""
        for name in ("src", "href") if element.tag in {"script", "link", "img"} else ():
            if name in element.attributes:
                assert re.fullmatch(r"/static/[a-z0-9.-]+", element.attributes[name])


@every_page
def test_every_field_has_a_label_and_every_reference_leads_somewhere(page: Page, document: Element) -> None:
    labels = {label.attributes["for"] for label in document.all("label")}
    for field in document.all("input"):
        if field.attributes["type"] != "hidden":
            assert field.id in labels or field.attributes.get("aria-label")
    assert all(document.by_id(target) for target in labels)
    for element in document.all():
        for name in ("aria-describedby", "aria-labelledby", "aria-controls", "data-copy", "data-reveal"):
            for target in element.attributes.get(name, "").split():
                assert document.by_id(target), f"{name} of <{element.tag}> leads nowhere: {target}"


@every_page
def test_the_error_summary_leads_to_the_fields_and_says_the_same_there(page: Page, document: Element) -> None:
    summary = document.by_id("error-summary")
    links = list(summary.all("a")) if summary else []
    assert [(link.attributes["href"], link.words) for link in links] == [(f"#{p.field}", p.text) for p in page.problems]
    for problem in page.problems:
        target = document.by_id(problem.field)
        assert target is not None
        if target.tag == "input":
            assert target.attributes["aria-invalid"] == "true"
            beside = document.by_id(f"{problem.field}-problem")
            assert beside is not None
            assert beside.words == f"Error: {problem.text}"
    focused = [element for element in document.all() if "autofocus" in element.attributes]
    assert len(focused) <= 1
    assert not page.problems or focused == [summary]


@every_page
def test_every_form_posts_and_proves_where_it_comes_from(page: Page, document: Element) -> None:
    for form in document.all("form"):
        assert form.attributes["method"] == "post"
        assert form.attributes["action"]
        tokens = [field.attributes["value"] for field in form.all("input") if field.attributes["name"] == "form_token"]
        assert tokens == ([page.frame.form_token] if page.frame.form_token else [])
        buttons = [button for button in form.all("button") if button.attributes.get("type") != "button"]
        assert buttons, "a form that cannot be sent without JavaScript"


@every_page
def test_what_needs_javascript_is_not_there_without_it(page: Page, document: Element) -> None:
    for button in document.all("button"):
        if button.attributes.get("type") == "button":
            assert "hidden" in button.attributes


def rendered(page: Page) -> Element:
    return read_html(PAGES.render(page))


def test_the_password_form_pairs_username_and_password() -> None:
    page = rendered(sign_in.PasswordPage.samples()[1])
    username, password = page.by_id("username"), page.by_id("password")
    assert username is not None
    assert password is not None
    assert username.within("form") is password.within("form")
    assert username.attributes["autocomplete"] == "username webauthn"
    assert username.attributes["value"] == "sam"
    assert password.attributes["autocomplete"] == "current-password"
    assert "value" not in password.attributes
    assert "maxlength" not in password.attributes
    cancel = page.by_id("cancel")
    assert cancel is not None
    assert cancel.within("form") is not password.within("form")


def test_what_a_stranger_sends_stays_text() -> None:
    page = rendered(sign_in.PasswordPage.samples()[4])
    username = page.by_id("username")
    assert username is not None
    assert username.attributes["value"] == '"><script>alert(1)</script>'
    assert page.one("title").text == "Sign in to Tally & Co <Accounts>"


def test_the_key_is_text_without_spaces_and_the_code_field_takes_any_keyboard() -> None:
    sample = sign_in.EnrolTotpPage.samples()[0]
    page = rendered(sample)
    key, code, qr = page.by_id("totp-secret"), page.by_id("code"), page.by_id("totp-qr")
    assert key is not None
    assert key.text == sample.secret
    assert qr is not None
    assert sample.secret not in qr.attributes["aria-label"]
    assert qr.one("svg")
    assert code is not None
    assert code.attributes["type"] == "text"
    assert (code.attributes["inputmode"], code.attributes["autocomplete"]) == ("numeric", "one-time-code")
    assert "pattern" not in code.attributes
    assert sample.otpauth_uri in [link.attributes["href"] for link in page.all("a")]


def test_the_new_password_is_one_field_beside_a_read_only_username() -> None:
    page = rendered(sign_in.ChangePasswordPage.samples()[0])
    username, new = page.by_id("username"), page.by_id("new_password")
    assert username is not None
    assert {"readonly", "name"} <= set(username.attributes)
    assert username.attributes["autocomplete"] == "username"
    assert new is not None
    assert username.within("form") is new.within("form")
    assert [f.id for f in page.all("input") if f.attributes["type"] == "password"] == ["new_password"]


def test_the_blocked_page_names_all_that_support_asks_for() -> None:
    sample = outcomes.NoPhonePage.samples()[0]
    blocked = rendered(sample).by_id("blocked")
    assert blocked is not None
    for part in ("nora", "Nora Whitfield", "Quayside Legal", "EC-20018", "Northern Voice", "7F3K-22QD"):
        assert part in blocked.words
    assert blocked.by_id("return-to-client")


def test_the_first_other_method_carries_the_stable_id() -> None:
    page = rendered(sign_in.VerifyTotpPage.samples()[2])
    buttons = [button for button in page.all("button") if button.attributes.get("name") == "method"]
    assert [(button.id, button.attributes["value"]) for button in buttons] == [
        ("use-another-method", "sms"),
        ("", "recovery_code"),
    ]


def test_account_choices_are_radio_buttons_by_value() -> None:
    page = rendered(sign_in.ChooseAccountPage.samples()[0])
    radios = [field for field in page.all("input") if field.attributes["type"] == "radio"]
    assert {radio.attributes["name"] for radio in radios} == {"account"}
    assert [(radio.attributes["value"], "checked" in radio.attributes) for radio in radios] == [
        ("acc_1", True),
        ("acc_2", False),
    ]


def test_the_form_post_page_holds_one_form_of_hidden_fields_and_one_script_with_its_nonce() -> None:
    sample = outcomes.FormPostPage.samples()[0]
    page = rendered(sample)
    fields = [(field.attributes["name"], field.attributes["value"]) for field in page.one("form").all("input")]
    assert fields == list(sample.inputs)
    assert all(field.attributes["type"] == "hidden" for field in page.all("input"))
    inline = [script for script in page.all("script") if "src" not in script.attributes]
    assert [script.attributes["nonce"] for script in inline] == [sample.nonce]
    button = page.by_id("continue")
    assert button is not None
    assert button.within("noscript")


def test_the_same_page_answers_everyone_who_forgot() -> None:
    minutes, frame = 60, general.ForgottenSentPage.samples()[0].frame
    assert PAGES.render(general.ForgottenSentPage(frame=frame, minutes=minutes)) == PAGES.render(
        general.ForgottenSentPage(frame=frame, minutes=minutes)
    )
    assert "If there is an account" in rendered(general.ForgottenSentPage(frame=frame, minutes=minutes)).text


def test_my_mfa_speaks_the_words_of_the_portal() -> None:
    off, _, _, on, locked, _ = (rendered(page) for page in account.MfaPage.samples())
    assert off.one("h1").words == "My MFA"
    assert "Enable Multi-Factor Authentication (MFA)" in [label.words for label in off.all("label")]
    assert [button.words for button in on.all("button") if button.id in {"save", "reset-mfa"}] == ["Save", "Reset MFA"]
    assert off.by_id("reset-mfa") is None
    box = locked.by_id("enable_mfa")
    assert box is not None
    assert {"checked", "disabled"} <= set(box.attributes)


def test_a_portal_without_an_account_in_its_claims_is_shown_all_the_same() -> None:
    sample = demo.PortalHomePage.samples()[1]
    bare = demo.PortalHomePage(
        frame=sample.frame,
        person="Dana",
        breadcrumb=(),
        strength="Password",
        tokens=(demo.TokenView.of("access-token", "Access token", "Opaque.", {}, "abc"),),
    )
    page = rendered(bare)
    assert page.by_id("access-token-json") is None
    raw = page.by_id("access-token-raw")
    assert raw is not None
    assert raw.text == "abc"
