"""Walks past every page that people meet, through the real portals.

A walk stops wherever a page should be looked at: it yields a name for what the visitor sees there. Tests look with axe and a
ruler (`test_every_page`), people look at pictures (`gallery`). Each walk takes a demo and a browser of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

from idp.services.accounts import SuspendAccount, suspend_account
from idp.services.people_security import DisableUser, disable_user
from tests.browser.demo import HOUR, MINUTE
from tests.browser.visitor import Visitor

Walk = Callable[[Visitor], Iterator[str]]
WALKS: dict[str, Walk] = {}
TABLES: dict[str, dict[str, Any]] = {
    "texts_fail": {
        "sms": {"provider": "webhook", "webhook_url": "http://localhost:9/", "webhook_secret": f"whsec_{'A' * 32}"}
    },
}
"""What a walk needs in the configuration."""


def walk(go: Walk) -> Walk:
    WALKS[go.__name__] = go
    return go


@walk
def password_alone(v: Visitor) -> Iterator[str]:
    v.page.goto(v.demo.inbound)
    yield "portal"
    v.page.click("#sign-in")
    yield "password"
    v.give_password("dana", "not her password")
    yield "password wrong"
    v.press("cancel")
    yield "portal after cancelling"
    v.sign_in(v.demo.inbound, "dana")
    yield "portal signed in"
    v.page.goto(f"{v.demo.issuer}/end_session")
    yield "sign out?"
    v.press("logout-confirm")
    yield "signed out"


@walk
def text_message(v: Visitor) -> Iterator[str]:
    v.sign_in(v.demo.sip_trunk_plus, "sam")
    yield "text message"
    v.press(code="12")
    yield "text message, wrong code"
    v.press("resend")
    yield "text message, asked again too soon"
    v.demo.clock.advance(30)
    v.press("resend")
    yield "text message, sent again"
    v.press(code=v.demo.text_to("+447700900118").code)
    yield "portal with a second factor"
    v.page.goto(f"{v.demo.issuer}/dev/outbox?refresh=off")
    yield "outbox"
    v.page.goto("about:blank")
    v.page.set_content(
        v.demo.mail_to("iris@demo.example").html
    )  # the outbox shows it where no script runs, not even axe
    yield "mail"


@walk
def texts_fail(v: Visitor) -> Iterator[str]:
    v.sign_in(v.demo.sip_trunk_plus, "sam")
    yield "text message not sent"


@walk
def authenticator_app(v: Visitor) -> Iterator[str]:
    v.sign_in(v.demo.inbound, "theo")
    yield "enrolment"
    v.press(code="123456")
    yield "enrolment, wrong code"
    v.press("switch-user")
    v.give_password("support")
    yield "app code"
    v.press(code="12345")
    yield "app code wrong"
    for _ in range(4):
        v.press(code="123456")
    yield "too many wrong codes"


@walk
def temporary_password(v: Visitor) -> Iterator[str]:
    mail = v.demo.mail_to("iris@demo.example")
    v.sign_in(v.demo.inbound, "iris", mail.password)
    yield "new password"
    v.press(new_password="password1234567")
    yield "new password refused"
    v.press("cancel")
    v.demo.clock.advance(HOUR)
    v.sign_in(v.demo.inbound, "iris", mail.password)
    yield "temporary password too late"
    v.press("forgotten-link")
    yield "forgotten"
    v.press()
    yield "forgotten, nothing entered"
    v.press(username="iris")
    yield "forgotten, mail sent"


@walk
def two_accounts(v: Visitor) -> Iterator[str]:
    v.sign_in(v.demo.sip_trunk_plus, "max")
    yield "accounts"
    v.press()
    yield "accounts, none chosen"
    v.page.get_by_label("Quayside Legal").check()
    yield "accounts, one chosen"


@walk
def refused(v: Visitor) -> Iterator[str]:
    v.sign_in(v.demo.sip_trunk_plus, "nora")
    yield "no mobile number"
    v.press("return-to-client")
    v.demo.operate(disable_user, DisableUser("theo"))
    v.sign_in(v.demo.inbound, "theo")
    yield "switched off"
    v.press("return-to-client")
    v.demo.operate(suspend_account, SuspendAccount("EC-20017"))
    v.sign_in(v.demo.inbound, "dana")
    yield "suspended"


@walk
def consent(v: Visitor) -> Iterator[str]:
    v.demo.register("ringboard", client_name="Ringboard", policy={"first_party": False})
    v.page.goto(authorization(v, "ringboard", "http://localhost:9/callback", scope="openid profile email account"))
    v.give_password("dana")
    yield "consent"


@walk
def beside_the_way(v: Visitor) -> Iterator[str]:
    v.begin(v.demo.inbound)
    login = v.page.url
    v.give_password("dana")
    v.page.goto(login)
    yield "finished already"
    v.page.goto(authorization(v, "inbound", f"{v.demo.inbound}/callback", prompt="login"))
    v.demo.clock.advance(31 * MINUTE)
    v.give_password("dana")
    yield "expired"
    v.page.goto(f"{v.demo.issuer}/sign-in/{'A' * 43}")
    yield "unknown sign-in"
    v.page.goto(authorization(v, "inbound", "https://elsewhere.example/callback"))
    yield "broken link of a portal"
    v.page.goto(f"{v.demo.issuer}/nowhere")
    yield "not found"


def authorization(v: Visitor, client_id: str, redirect_uri: str, **more: str) -> str:
    """The address of an authorization request with a challenge whose verifier nobody needs."""
    asked = {
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": "openid",
        "state": "a-state",
        "nonce": "a-nonce",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        **more,
    }
    return f"{v.demo.issuer}/authorize?{urlencode(asked)}"
