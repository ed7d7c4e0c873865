"""What protects me: one line for each way to prove who one is, and the one thing that would be worth doing next.

`WAYS` is the list; another way is another function in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from idp.domain.devices import device
from idp.domain.permissions import Permission
from idp.domain.phones import mask
from idp.domain.policy import accounts_demanding_mfa, may_manage_mfa
from idp.services.self_service.overview import Overview
from idp.services.self_service.owner import Owner
from idp.web.account.entrance import Arrival
from idp.web.account.words import days_ago
from idp.web.pages.account import Protection
from idp.web.sign_in.errands import OwnPage


def is_on(owner: Owner) -> bool:
    """Whether MFA is asked of this person, by their own choice or by an account's."""
    return owner.person.mfa_enabled or bool(accounts_demanding_mfa(owner.memberships))


def uses_texts(owner: Owner) -> bool:
    return any(Permission.USE_2FA in m.account.permissions for m in owner.active)


def password(arrival: Arrival, there: Overview) -> Protection | None:
    if there.password_changed_at is None:
        return None
    state = f"Chosen {days_ago(there.password_changed_at, there.owner.now)}"
    return Protection("Password", state, "Only you know it.", True, arrival.link(OwnPage.PASSWORD), "Change")


def authenticator(arrival: Arrival, there: Overview) -> Protection:
    owner = there.owner
    state, text = _authenticator(owner)
    good = state == "On"
    title = "Multi-Factor Authentication"
    if not may_manage_mfa(owner.active):
        return Protection(title, state, text, good)
    return Protection(title, state, text, good, arrival.link(OwnPage.MFA), "My MFA")


def _authenticator(owner: Owner) -> tuple[str, str]:
    if not is_on(owner):
        if owner.factors.totp:
            return "Off", "Your authenticator app is set up, but asked for only where a portal wants it."
        return "Off", "Your password is all it takes to sign in."
    if owner.factors.totp:
        return "On", "You sign in with your password and a code from your authenticator app."
    return "Not set up", "You set up your authenticator app the next time you sign in."


def phone(arrival: Arrival, there: Overview) -> Protection:
    link = arrival.link(OwnPage.PHONE)
    number = there.owner.person.phone_number
    if number is None:
        text = "Without one we cannot send you codes by text message."
        return Protection("Mobile number", "None", text, not uses_texts(there.owner), link, "Add")
    return Protection("Mobile number", mask(number), "Codes by text message go there.", True, link, "Change")


def sessions(arrival: Arrival, there: Overview) -> Protection:
    others = [device(s.user_agent) for s in there.sessions if s.id != there.owner.session.id]
    count = "1 browser" if not others else f"{len(others) + 1} browsers"
    text = f"This one, and {_listed(others)}." if others else "This one, and nowhere else."
    return Protection("Signed in", count, text, True, arrival.link(OwnPage.SESSIONS), "Review")


def _listed(devices: list[str], most: int = 3) -> str:
    names = list(dict.fromkeys(devices))
    shown = names[:most]
    if len(names) > most:
        return ", ".join(shown) + " and others"
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


WAYS: tuple[Callable[[Arrival, Overview], Protection | None], ...] = (password, authenticator, phone, sessions)


@dataclass(frozen=True, slots=True)
class Advice:
    """A sentence, and the link that follows it."""

    text: str
    page: OwnPage
    action: str


def advice(owner: Owner) -> Advice | None:
    """The one next thing worth doing; None when all is well."""
    if uses_texts(owner) and owner.person.phone_number is None and not owner.factors.totp:
        text = "Add your mobile number: without one you cannot get the codes that your account asks for."
        return Advice(text, OwnPage.PHONE, "Add a number")
    if not may_manage_mfa(owner.active) or owner.factors.totp:
        return None
    if is_on(owner):
        text = "Set up your authenticator app now, while your phone is at hand."
        return Advice(text, OwnPage.MFA, "Set up My MFA")
    text = "Turn on MFA, so that your password alone is not enough to sign in as you."
    return Advice(text, OwnPage.MFA, "Set up My MFA")
