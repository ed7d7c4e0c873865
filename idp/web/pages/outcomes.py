"""The pages on which a sign-in ends, waits or is refused, and the way back to the portal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar, Self

from idp.web.pages.frame import Method, Page
from idp.web.pages.samples import APP, INBOUND, OTHER, PLAIN, TRUNK, TRUNK_SAM


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPhonePage(Page):
    """Use 2FA is on and there is no number: whom to contact, and the block to send (id `blocked`).

    `contact_name` is the reseller above, or support when there is none. `return_action` receives `return-to-client`.
    """

    template: ClassVar[str] = "sign_in/no_phone.html"
    username: str
    person: str
    account_name: str
    account_number: str
    contact_name: str
    reference: str
    contact_email: str = ""
    return_action: str = ""

    @classmethod
    def samples(cls) -> Sequence[Self]:
        page = cls(
            frame=replace(TRUNK_SAM, who="nora - Quayside Legal", step=0, steps=0),
            username="nora",
            person="Nora Whitfield",
            account_name="Quayside Legal",
            account_number="EC-20018",
            contact_name="Northern Voice",
            reference="7F3K-22QD",
            return_action="/sign-in/3vQ7/cancel",
        )
        support = PLAIN.support_email
        return (page, replace(page, contact_name=PLAIN.support_name, contact_email=support, return_action=""))


class RefusalReason(StrEnum):
    """Why someone who gave the right password is refused all the same."""

    DISABLED = "disabled"
    SUSPENDED = "suspended"
    NO_ACCESS = "no_access"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedPage(Page):
    """A refusal that signing in again does not mend (id `blocked`); shown after the right password only."""

    template: ClassVar[str] = "sign_in/refused.html"
    reason: RefusalReason
    contact_name: str
    reference: str
    account_name: str = ""
    contact_email: str = ""
    return_action: str = ""

    @classmethod
    def samples(cls) -> Sequence[Self]:
        frame = replace(INBOUND, who="dana - Harbour Dental", switch="/sign-in/3vQ7/switch")
        page = cls(
            frame=frame,
            reason=RefusalReason.DISABLED,
            contact_name="Northern Voice",
            reference="7F3K-22QD",
            return_action="/sign-in/3vQ7/cancel",
        )
        return (
            page,
            replace(page, reason=RefusalReason.SUSPENDED, account_name="Harbour Dental"),
            replace(page, reason=RefusalReason.NO_ACCESS, contact_email=PLAIN.support_email),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporaryExpiredPage(Page):
    """The temporary password was right, but too late: a new one is a click away (`forgotten-link`)."""

    template: ClassVar[str] = "sign_in/temporary_expired.html"
    minutes: int

    @classmethod
    def samples(cls) -> Sequence[Self]:
        return (cls(frame=INBOUND, minutes=60),)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsUnavailablePage(Page):
    """The text message could not be sent. The main form (`frame.action`) tries again; its button is `resend`."""

    template: ClassVar[str] = "sign_in/sms_unavailable.html"
    reference: str
    wait_seconds: int = 0
    other_methods: tuple[Method, ...] = ()
    other_action: str = ""

    @classmethod
    def samples(cls) -> Sequence[Self]:
        page = cls(frame=TRUNK_SAM, reference="7F3K-22QD")
        return (page, replace(page, wait_seconds=60, other_methods=(APP,), other_action="/sign-in/3vQ7/method"))


@dataclass(frozen=True, slots=True)
class ScopeLine:
    """One thing that an app asks for, in words: `Your name`, `First and last name`."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentPage(Page):
    """What an app that is not ours will be told (`consent-approve`, `cancel`). `host` is where the answer goes."""

    template: ClassVar[str] = "sign_in/consent.html"
    host: str
    scopes: tuple[ScopeLine, ...]
    verified: bool = False

    @classmethod
    def samples(cls) -> Sequence[Self]:
        frame = replace(OTHER, who="dana - Harbour Dental", switch="/sign-in/3vQ7/switch", step=3, steps=3)
        scopes = (
            ScopeLine("Your name", "First and last name, and your username."),
            ScopeLine("Your e-mail address", "The address that we write to."),
            ScopeLine("Your account", "Harbour Dental (EC-20017), and your role in it."),
        )
        page = cls(frame=frame, host="tally.example", scopes=scopes)
        return (page, replace(page, verified=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedElsewherePage(Page):
    """Another tab has finished this sign-in; the form re-evaluates and resumes."""

    template: ClassVar[str] = "sign_in/finished_elsewhere.html"

    @classmethod
    def samples(cls) -> Sequence[Self]:
        return (cls(frame=replace(INBOUND, cancel="", who="dana - Harbour Dental")),)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredPage(Page):
    """A sign-in that was left too long. The form starts it again; without `frame.action` the portal's link does."""

    template: ClassVar[str] = "sign_in/expired.html"
    return_url: str = ""

    @classmethod
    def samples(cls) -> Sequence[Self]:
        return (
            cls(frame=replace(TRUNK, cancel="")),
            cls(frame=replace(TRUNK, action="", cancel=""), return_url="https://trunk.example/"),
            cls(frame=replace(PLAIN, action="")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPostPage(Page):
    """Posts the authorization response to the client (OAuth 2.0 Form Post Response Mode §2): `frame.action`.

    `nonce` admits the one inline script of the house. The client's form carries nothing but `inputs`.
    """

    template: ClassVar[str] = "sign_in/form_post.html"
    inputs: tuple[tuple[str, str], ...]
    nonce: str

    @classmethod
    def samples(cls) -> Sequence[Self]:
        frame = replace(INBOUND, action="https://inbound.example/cb", cancel="", form_token="", languages=())
        inputs = (("code", "SplxlOBeZQQYbYS6WxSbIA"), ("state", 'af"0if<js>'), ("iss", "http://localhost:9000"))
        return (cls(frame=frame, inputs=inputs, nonce="rAnd0m"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRefusedPage(Page):
    """An app that is not ours sent a request that cannot be answered (id `error-page`). The person decides whether to go back
    to it (`return-to-client`): by a link, or by posting `inputs` to `frame.action`. `host` is where that leads."""

    template: ClassVar[str] = "sign_in/request_refused.html"
    reference: str
    host: str
    return_url: str = ""
    inputs: tuple[tuple[str, str], ...] = ()
    hint: str = ""

    @classmethod
    def samples(cls) -> Sequence[Self]:
        frame = replace(PLAIN, action="", form_token="")
        back = "https://tally.example/cb?error=invalid_request&state=x"
        page = cls(frame=frame, reference="7F3K-22QD", host="tally.example", return_url=back)
        posted = replace(frame, action="https://tally.example/cb")
        inputs = (("error", "invalid_request"), ("state", 'af"0if<js>'))
        return (page, replace(page, frame=posted, return_url="", inputs=inputs, hint="max_age is a number of seconds."))
