"""Pages that belong to no step: errors, Forgotten Login Details, signing out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from idp.web.pages import problems
from idp.web.pages.frame import Page
from idp.web.pages.samples import INBOUND, PLAIN, TRUNK


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage(Page):
    """Every error that a person may meet (id `error-page`). Built for any fault: it needs nothing but these words.

    `hint` is for integrators and shown in the demo profile only.
    """

    template: ClassVar[str] = "general/error.html"
    heading: str
    what: str
    next_step: str
    reference: str
    at: str
    """UTC, for people: `24 July 2026, 13:05:09 UTC`."""
    hint: str = ""
    return_url: str = ""

    @classmethod
    def samples(cls) -> Sequence[Self]:
        page = cls(
            frame=replace(PLAIN, action="", form_token=""),
            heading="This sign-in link does not work",
            what="The page that sent you here asked to return to an address that we do not know.",
            next_step="Go back to the portal and start again. If it happens again, tell support the reference below.",
            reference="7F3K-22QD",
            at="24 July 2026, 13:05:09 UTC",
        )
        hint = (
            "redirect_uri http://127.0.0.1:9001/callback?x=1 is not registered for client inbound: URIs match exactly."
        )
        return (page, replace(page, frame=INBOUND, hint=hint, return_url="https://inbound.example/"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgottenPage(Page):
    """Field `username`: a username or an e-mail address."""

    template: ClassVar[str] = "general/forgotten.html"
    minutes: int
    username: str = ""
    return_url: str = ""
    """Back to the sign-in it was asked from."""

    @classmethod
    def samples(cls) -> Sequence[Self]:
        page = cls(frame=replace(INBOUND, cancel=""), minutes=60, return_url="/sign-in/3vQ7")
        return (page, replace(page, frame=PLAIN, return_url="", problems=(problems.NO_USERNAME_OR_EMAIL,)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgottenSentPage(Page):
    """The same for everyone, whether there is such a person or not (PW01): it repeats nothing that was typed."""

    template: ClassVar[str] = "general/forgotten_sent.html"
    minutes: int
    return_url: str = ""

    @classmethod
    def samples(cls) -> Sequence[Self]:
        page = cls(frame=replace(INBOUND, cancel=""), minutes=60, return_url="/sign-in/3vQ7")
        return (page, replace(page, frame=PLAIN, return_url=""))


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutConfirmPage(Page):
    """Asked when a portal's request to sign out does not prove whose it is (`logout-confirm`, `cancel`)."""

    template: ClassVar[str] = "general/logout_confirm.html"

    @classmethod
    def samples(cls) -> Sequence[Self]:
        return (cls(frame=replace(TRUNK, who="sam - Quayside Legal", cancel="/end_session/stay")), cls(frame=PLAIN))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedOutPage(Page):
    """Signed out (id `logged-out`), with the way back to the portal when it is known.

    `frames` are addresses of clients that are signed out inside this page; `onward` is where it leads by itself as soon as they
    have loaded, or after a few seconds.
    """

    template: ClassVar[str] = "general/logged_out.html"
    return_url: str = ""
    frames: tuple[str, ...] = ()
    onward: str = ""

    @classmethod
    def samples(cls) -> Sequence[Self]:
        back = "https://trunk.example/"
        frames = (f"{back}logout?iss=http%3A%2F%2Flocalhost%3A9000&sid=ses_1",)
        page = cls(frame=replace(TRUNK, cancel=""), return_url=back)
        return (page, cls(frame=PLAIN), replace(page, frames=frames, onward=f"{back}?state=x"))
