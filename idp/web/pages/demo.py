"""Pages of the two demo portals and of the outbox. The portals are clients of ours; only their look is from here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar, Self

from idp.web.pages.frame import Frame, Page
from idp.web.pages.samples import INBOUND, PLAIN, TRUNK

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "iss": "Who says so: the identity provider's address.",
        "sub": "Who signed in. Opaque, stable, never used again for another person.",
        "aud": "Whom the token is for: this portal.",
        "azp": "The client that asked for the token.",
        "client_id": "The client that the token was given to.",
        "exp": "When the token stops being valid, in seconds since 1970.",
        "iat": "When the token was made.",
        "nbf": "When the token starts being valid.",
        "jti": "The token's own number.",
        "auth_time": "When the person last proved who they are.",
        "nonce": "Ties the token to this browser's request.",
        "acr": "How strong the sign-in was, as one level.",
        "amr": "How the person signed in: pwd password, otp authenticator app, sms text message, mfa two factors.",
        "sid": "The session; a back-channel logout names it.",
        "at_hash": "Ties the ID token to the access token beside it.",
        "scope": "What the token may be used for.",
        "preferred_username": "What the person types to sign in.",
        "name": "The person's name.",
        "given_name": "First name.",
        "family_name": "Last name.",
        "email": "E-mail address. Shared mailboxes are normal here: never take it for an identifier.",
        "email_verified": "Whether the address was proven to be the person's.",
        "phone_number": "Mobile number, in international format.",
        "phone_number_verified": "Whether the number was proven by a code.",
        "updated_at": "When these details last changed.",
        "account": "The account that the person works in.",
        "account_path": "That account and its ancestors, operator first.",
        "reseller": "The reseller nearest above the account, or itself.",
        "roles": "What the person is in that account.",
        "permissions": "What is allocated to the account.",
    }
)


_ONE_LINE = 44
"""JSON up to this many characters stands on one line."""


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """One claim of a token: its name, its value as JSON, and what it means."""

    name: str
    value: str
    meaning: str


@dataclass(frozen=True, slots=True)
class TokenView:
    """One token or answer, taken apart. `id` becomes the section's, `raw` is the encoded form, if it has one."""

    id: str
    title: str
    text: str
    claims: tuple[ClaimLine, ...]
    document: str
    """All claims as one JSON object."""
    raw: str = ""

    @classmethod
    def of(cls, id: str, title: str, text: str, claims: Mapping[str, Any], raw: str = "") -> Self:
        """A view of `claims` in the order they came."""
        lines = (ClaimLine(name, _as_json(value), MEANINGS.get(name, "")) for name, value in claims.items())
        return cls(id, title, text, tuple(lines), json.dumps(claims, ensure_ascii=False, indent=2), raw)


def _as_json(value: Any) -> str:
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= _ONE_LINE else json.dumps(value, ensure_ascii=False, indent=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalPage(Page):
    """A portal before sign-in. `sign_in` is a link (GET). `notice` tells of a sign-out, also one over the back channel."""

    template: ClassVar[str] = "demo/welcome.html"
    tagline: str
    sign_in: str = "/login"
    people: tuple[tuple[str, str], ...] = ()
    """Whom to sign in as, and what that shows."""
    password: str = ""
    """The seeded people's password; public, as it opens nothing but the demo."""

    @classmethod
    def samples(cls) -> Sequence[Self]:
        inbound = "Numbers, call plans and opening hours for every line you answer."
        people = (
            ("dana", "A password is all it takes."),
            ("theo", "Sets up an authenticator app."),
            ("max", "Chooses between two accounts."),
        )
        trunk = "Channels, limits and fraud alerts for every call you make."
        return (
            cls(frame=_portal(INBOUND), tagline=inbound, people=people, password="Correct-Horse-9"),  # noqa: S106
            cls(frame=_portal(TRUNK), tagline=trunk, notice="You were signed out by 500 Telecom."),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalHomePage(Page):
    """A portal after sign-in: who, in which account, how strongly, and every token taken apart."""

    template: ClassVar[str] = "demo/home.html"
    person: str
    breadcrumb: tuple[str, ...]
    """Operator › reseller › end client."""
    strength: str
    """The `acr` in words: `Password and text message`."""
    tokens: tuple[TokenView, ...]
    sign_out: str = "/logout"
    my_mfa: str = ""
    change_password: str = ""
    step_up: str = ""
    """A link that asks for a second factor, where the portal offers one."""
    facts: tuple[tuple[str, str], ...] = ()
    """Further lines for the summary, for example the reference of the session or the permissions."""

    @classmethod
    def samples(cls) -> Sequence[Self]:
        page = cls(
            frame=replace(_portal(TRUNK), who="sam - Quayside Legal"),
            person="Sam Okafor",
            breadcrumb=("500 Telecom", "Northern Voice", "Quayside Legal"),
            strength="Password and text message",
            tokens=(
                TokenView.of(
                    "id-token",
                    "ID token",
                    "Tells this portal who signed in.",
                    _CLAIMS,
                    raw="eyJhbGciOiJFUzI1NiJ9.eyJpc3M.c2ln",
                ),
                TokenView.of(
                    "userinfo",
                    "User info",
                    "Answered by /userinfo.",
                    {"sub": "usr_7Hk2", "email": "sam@quayside.example"},
                ),
            ),
            my_mfa="http://localhost:9000/account/mfa",
            change_password="http://localhost:9000/account/password",  # noqa: S106 - an address
            facts=(("Permissions", "Use 2FA"), ("Role", "User")),
        )
        dana = replace(
            page,
            frame=replace(_portal(INBOUND), who="dana - Harbour Dental"),
            person="Dana Marsh",
            breadcrumb=("500 Telecom", "Northern Voice", "Harbour Dental"),
            strength="Password",
            step_up="/login?step_up=1",
            tokens=(),
            facts=(("Permissions", "none"), ("Role", "User")),
        )
        return (page, dana)


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """A message that the demo sent to nobody. `code` is what a text message's reader would copy.

    `html_url` leads to the HTML part as a document of its own, with a policy of its own: mails bring their style along.
    Without it the source is shown.
    """

    channel: str
    to: str
    subject: str
    text: str
    html: str
    at: str
    code: str = ""
    html_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxPage(Page):
    """Every mail and text message of the demo, newest first. `?refresh=off` asks for `refresh_seconds` 0: no reloading."""

    template: ClassVar[str] = "demo/outbox.html"
    items: tuple[OutboxItem, ...]
    refresh_seconds: int = 5

    @classmethod
    def samples(cls) -> Sequence[Self]:
        text = "Hello Iris,\n\nUsername: iris\nPassword: 7hKq2mWx9RtB\n\nIt works for 60 minutes.\n"
        items = (
            OutboxItem(
                "sms",
                "+447700900118",
                "",
                "123456 is your code for SIP Trunk Plus. Do not share it with anyone.\n\n@localhost #123456",
                "",
                "24 July 2026, 13:05:09 UTC",
                code="123456",
            ),
            OutboxItem(
                "email",
                "iris@harbour.example",
                "Welcome to Inbound",
                text,
                "<!doctype html><title>Welcome</title><p>Hello Iris,</p><p>Username: iris</p>",
                "24 July 2026, 12:58:41 UTC",
                html_url="/dev/outbox/msg_2",
            ),
        )
        return (
            cls(frame=replace(PLAIN, action=""), items=items, refresh_seconds=0),
            cls(frame=replace(PLAIN, action=""), items=()),
        )


def _portal(frame: Frame) -> Frame:
    return replace(frame, action="", cancel="", forgotten="", languages=(), policy_url="", terms_url="")


_CLAIMS: Mapping[str, Any] = {
    "iss": "http://localhost:9000",
    "sub": "usr_7Hk2",
    "aud": ["sip-trunk-plus"],
    "exp": 1784898609,
    "auth_time": 1784898307,
    "acr": "http://localhost:9000/acr/mfa",
    "amr": ["pwd", "sms", "mfa"],
    "account": {"id": "acc_2", "number": "EC-20018", "name": "Quayside Legal", "kind": "end_client"},
    "permissions": ["use_2fa"],
}
