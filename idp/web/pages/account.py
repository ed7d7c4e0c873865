"""Self-service pages: what protects me, my password, My MFA, where I am signed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from idp.web.pages import problems
from idp.web.pages.frame import Link, Page, Problem
from idp.web.pages.samples import PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Around every account page: the ways between them, and the account (operator first) that the person works in."""

    home: str = "/account"
    password: str = "/account/password"  # noqa: S105 - an address
    mfa: str = "/account/mfa"
    passkeys: str = ""
    phone: str = "/account/phone"
    sessions: str = "/account/sessions"
    sign_out: str = ""
    breadcrumb: tuple[str, ...] = ()
    portal: Link | None = None
    """The way back to the portal that the person came from (`back-to-portal`)."""


_SHELL = Shell(sign_out="/end_session/confirm", breadcrumb=("500 Telecom", "Northern Voice", "Harbour Dental"))
_FROM_INBOUND = replace(_SHELL, portal=Link("Inbound", "https://inbound.example/"))
_DANA = replace(PLAIN, who="dana - Harbour Dental", action="/account/step")


@dataclass(frozen=True, slots=True)
class Protection:
    """One thing that protects the account: `state` in a word or two, `good` when nothing needs doing."""

    title: str
    state: str
    text: str
    good: bool
    url: str = ""
    action: str = ""
    """The words of the link to `url`."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to the account lately; `at` is a UTC time for people."""

    what: str
    at: str
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountHomePage(Page):
    """What protects me, what happened lately, what next."""

    template: ClassVar[str] = "account/home.html"
    current: ClassVar[str] = "home"
    shell: Shell
    person: str
    protections: tuple[Protection, ...]
    happenings: tuple[Happening, ...] = ()
    advice: str = ""
    """The one next thing worth doing, in a sentence; empty when all is well."""
    advice_url: str = ""
    advice_action: str = ""

    @classmethod
    def samples(cls) -> Sequence[Self]:
        protections = (
            Protection("Password", "Chosen 12 days ago", "Only you know it.", True, "/account/password", "Change"),
            Protection(
                "Multi-Factor Authentication", "Off", "Your password is all it takes.", False, "/account/mfa", "My MFA"
            ),
            Protection(
                "Signed in", "2 browsers", "This one, and Safari on an iPhone.", True, "/account/sessions", "Review"
            ),
        )
        happenings = (
            Happening("Signed in to Inbound", "Today, 09:12 UTC", "Chrome on Windows, 203.0.113.7"),
            Happening("Wrong password", "Yesterday, 17:40 UTC", "Safari on iPhone, 198.51.100.24"),
            Happening("Password changed", "12 July 2026, 08:03 UTC", "Chrome on Windows, 203.0.113.7"),
        )
        page = cls(
            frame=_DANA,
            shell=_SHELL,
            person="Dana Marsh",
            protections=protections,
            happenings=happenings,
            advice="Turn on MFA, so that your password alone is not enough to change your phone numbers.",
            advice_url="/account/mfa",
            advice_action="Set up My MFA",
        )
        well = replace(page, protections=protections[:1], happenings=(), advice="", notice="Your password is changed.")
        return (page, well)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChangePage(Page):
    """Fields `password` (the current one) and `new_password`. `may_omit`: a passkey of minutes ago does for the current one."""

    template: ClassVar[str] = "account/password.html"
    current: ClassVar[str] = "password"
    shell: Shell
    username: str
    min_length: int
    may_omit: bool = False

    @classmethod
    def samples(cls) -> Sequence[Self]:
        page = cls(frame=_DANA, shell=_FROM_INBOUND, username="dana", min_length=15)
        wrong = (problems.WRONG_PASSWORD, problems.NO_NEW_PASSWORD)
        return (page, replace(page, may_omit=True), replace(page, problems=wrong))


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaPage(Page):
    """My MFA, in the portal's words: checkbox `enable_mfa`, buttons `save` and `reset-mfa`.

    `ticked` is how the box stands, `enabled` how it is stored. `locked_reason` says why MFA cannot be turned off; the box is then
    disabled. `set_up_action`: where *Set up now* posts to (`set-up-now`), while no app is there.
    """

    template: ClassVar[str] = "account/mfa.html"
    current: ClassVar[str] = "mfa"
    shell: Shell
    enabled: bool
    ticked: bool
    enrolled: bool
    reset_action: str
    set_up_action: str = ""
    locked_reason: str = ""

    @classmethod
    def samples(cls) -> Sequence[Self]:
        off = cls(
            frame=_DANA,
            shell=_FROM_INBOUND,
            enabled=False,
            ticked=False,
            enrolled=False,
            reset_action="/account/mfa/reset",
        )
        on = replace(off, enabled=True, ticked=True, enrolled=True)
        reason = (
            "Harbour Dental requires MFA, so it cannot be turned off here. Ask Northern Voice if that should change."
        )
        return (
            off,
            replace(off, ticked=True, notice="Thank you. Press Save to finish."),
            replace(on, enrolled=False, set_up_action="/account/mfa/set-up", notice="MFA is on."),
            on,
            replace(on, locked_reason=reason),
            replace(on, locked_reason=reason, problems=(Problem("enable_mfa", reason),)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaManagedPage(Page):
    """My MFA of somebody whose administrators look after it: who they are, and no form (`locked`)."""

    template: ClassVar[str] = "account/mfa_managed.html"
    current: ClassVar[str] = "mfa"
    shell: Shell
    reason: str

    @classmethod
    def samples(cls) -> Sequence[Self]:
        reason = "The administrators of Harbour Dental look after your MFA. Ask them to change it."
        return (cls(frame=_DANA, shell=replace(_FROM_INBOUND, mfa=""), reason=reason),)


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaResetPage(Page):
    """Confirms Reset MFA (`save`, `cancel`), naming what goes."""

    template: ClassVar[str] = "account/mfa_reset.html"
    current: ClassVar[str] = "mfa"
    shell: Shell

    @classmethod
    def samples(cls) -> Sequence[Self]:
        return (cls(frame=replace(_DANA, cancel="/account/mfa"), shell=_SHELL),)


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One browser that is signed in. `value` is posted as `session` to end it."""

    value: str
    device: str
    where: str
    started: str
    last_seen: str
    here: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsPage(Page):
    """Where I am signed in; each line ends one session (posts `session` to `frame.action`), one button all others."""

    template: ClassVar[str] = "account/sessions.html"
    current: ClassVar[str] = "sessions"
    shell: Shell
    sessions: tuple[SessionLine, ...]
    end_others_action: str

    @classmethod
    def samples(cls) -> Sequence[Self]:
        sessions = (
            SessionLine("s1", "Chrome on Windows", "203.0.113.7", "Today, 09:12 UTC", "now", here=True),
            SessionLine("s2", "Safari on iPhone", "198.51.100.24", "Yesterday, 17:41 UTC", "Yesterday, 18:02 UTC"),
        )
        page = cls(frame=_DANA, shell=_SHELL, sessions=sessions, end_others_action="/account/sessions/others")
        return (page, replace(page, sessions=sessions[:1], notice="Signed out of Safari on iPhone."))


@dataclass(frozen=True, slots=True, kw_only=True)
class PhonePage(Page):
    """Field `phone_number`, the new one. `number` is the present one, masked; empty when there is none."""

    template: ClassVar[str] = "account/phone.html"
    current: ClassVar[str] = "phone"
    shell: Shell
    number: str
    typed: str = ""

    @classmethod
    def samples(cls) -> Sequence[Self]:
        page = cls(frame=_DANA, shell=_SHELL, number="•••• ••• 118")
        landline = Problem("phone_number", "That is not a mobile number. Text messages need a mobile number.")
        return (page, replace(page, number=""), replace(page, typed="020 7946 0000", problems=(landline,)))


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCodePage(Page):
    """Field `code`, from the text message to the new `number`, which is shown in full and in groups: a transposed digit is
    seen (SM08). `failed`: the message could not be sent. The other members as in `VerifySmsPage`."""

    template: ClassVar[str] = "account/phone_code.html"
    current: ClassVar[str] = "phone"
    shell: Shell
    number: str
    minutes: int
    resend_action: str
    change: str
    """Where another number can be entered."""
    wait_seconds: int = 0
    failed: bool = False

    @classmethod
    def samples(cls) -> Sequence[Self]:
        page = cls(
            frame=_DANA,
            shell=_SHELL,
            number="+44 7700 900118",
            minutes=5,
            resend_action="/account/phone/resend",
            change="/account/phone",
            wait_seconds=30,
        )
        return (
            page,
            replace(page, wait_seconds=0, problems=(problems.WRONG_TEXT_CODE,)),
            replace(page, failed=True),
        )
