"""Which second factor a sign-in needs. One pure function, asked by the ladder and by the console's forecast alike."""

from __future__ import annotations

from dataclasses import dataclass

from idp.domain.accounts import MfaState
from idp.domain.assurance import Asked, Level, Method
from idp.domain.clients import SecondFactor
from idp.domain.people import Membership, Person
from idp.domain.permissions import Permission


@dataclass(frozen=True, slots=True)
class Factors:
    """What a person has enrolled, apart from the password. A stored phone number makes SMS possible."""

    totp: bool = False
    sms: bool = False
    passkey: bool = False
    recovery_codes: int = 0

    @property
    def enrolled(self) -> frozenset[Method]:
        """Usable factors. Recovery codes stand in for another factor and are none of their own."""
        found = {Method.TOTP: self.totp, Method.SMS: self.sms, Method.PASSKEY: self.passkey}
        return frozenset(method for method, there in found.items() if there)


@dataclass(frozen=True, slots=True)
class FactorDemand:
    """A second factor is needed: `channel` is the one to enrol or to send to, `accepted` what counts in its place."""

    channel: Method
    accepted: frozenset[Method]


CHANNEL = {SecondFactor.NONE: Method.TOTP, SecondFactor.TOTP: Method.TOTP, SecondFactor.SMS: Method.SMS}
STRONGER_THAN_SMS = frozenset({Method.TOTP, Method.PASSKEY, Method.RECOVERY_CODE})


def second_factor_demand(
    person: Person, membership: Membership, channel: SecondFactor, asked: Asked, factors: Factors
) -> FactorDemand | None:
    """What the person, the account, the portal and the request together ask for; None when the password is enough.

    CONTRACT, Configuration: asked when the person enabled MFA, when the account's state demands it, when the request
    does, and at SMS portals whenever the account is allocated *Use 2FA*. A stronger factor always stands in for SMS;
    SMS never stands in for an authenticator app.
    """
    if not (
        person.mfa_enabled
        or _account_demands(membership)
        or _request_demands(asked, factors)
        or _uses_2fa_at(membership, channel)
    ):
        return None
    method = CHANNEL[channel]
    accepted = STRONGER_THAN_SMS | {method}
    if asked.levels and asked.levels[0] is Level.PHISHING_RESISTANT and (asked.essential or factors.passkey):
        accepted = frozenset({Method.PASSKEY})
    return FactorDemand(method, accepted)


def _account_demands(membership: Membership) -> bool:
    state = membership.account.mfa
    return state is MfaState.EVERYONE or (state is MfaState.ADMINISTRATORS and membership.is_administrator)


def _request_demands(asked: Asked, factors: Factors) -> bool:
    """Whether the first choice is more than a password. A list that also names the password does not force an enrolment."""
    if not asked.levels or Level.PASSWORD is asked.levels[0]:
        return False
    return Level.PASSWORD not in asked.levels or bool(factors.enrolled)


def _uses_2fa_at(membership: Membership, channel: SecondFactor) -> bool:
    return channel is SecondFactor.SMS and Permission.USE_2FA in membership.account.permissions


def protects_password_change(membership: Membership, factors: Factors) -> FactorDemand | None:
    """The factor that stands before a temporary password may be replaced, whatever the portal asks (SECURITY-CASES PW11).

    Whoever reads a temporary password out of a mailbox must not get past a second factor that is already there. A phone
    number counts only where text messages are in use for the person's account.
    """
    if factors.totp or factors.passkey:
        return FactorDemand(Method.TOTP, STRONGER_THAN_SMS)
    if factors.sms and Permission.USE_2FA in membership.account.permissions:
        return FactorDemand(Method.SMS, STRONGER_THAN_SMS | {Method.SMS})
    return None
