"""Self-service pages: what protects me, my password, My MFA, where I am signed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from idp.web.pages import problems
from idp.web.pages.frame import Page
from idp.web.pages.samples import PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Around every account page: the ways between them, and the account (operator first) that the person works in."""

    home: str = "/account"
    password: str = "/account/password"  # noqa: S105 - an address
    mfa: str = "/account/mfa"
    sessions: str = "/account/sessions"
    passkeys: str = ""
    sign_out: str = ""
    breadcrumb: tuple[str, ...] = ()


_SHELL = Shell(sign_out="/end_session", breadcrumb=("500 Telecom", "Northern Voice", "Harbour Dental"))
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
    """Fields `password` (the current one) and `new_password`."""

    template: ClassVar[str] = "account/password.html"
    current: ClassVar[str] = "password"
    shell: Shell
    username: str
    min_length: int

    @classmethod
    def samples(cls) -> Sequence[Self]:
        page = cls(frame=_DANA, shell=_SHELL, username="dana", min_length=15)
        return (page, replace(page, problems=(problems.WRONG_PASSWORD, problems.NO_NEW_PASSWORD)))


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaPage(Page):
    """My MFA, in the portal's words: checkbox `enable_mfa`, buttons `save` and `reset-mfa`.

    `locked_reason` says why MFA cannot be changed here; the checkbox is then disabled.
    """

    template: ClassVar[str] = "account/mfa.html"
    current: ClassVar[str] = "mfa"
    shell: Shell
    enabled: bool
    enrolled: bool
    reset_action: str
    locked_reason: str = ""

    @classmethod
    def samples(cls) -> Sequence[Self]:
        page = cls(frame=_DANA, shell=_SHELL, enabled=False, enrolled=False, reset_action="/account/mfa/reset")
        reason = "Your account requires MFA, so it cannot be turned off here. Ask Northern Voice if that should change."
        return (
            page,
            replace(page, enabled=True),
            replace(page, enabled=True, enrolled=True, notice="MFA is on."),
            replace(page, enabled=True, enrolled=True, locked_reason=reason),
        )


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
