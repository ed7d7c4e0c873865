"""Which second factor a sign-in needs. One pure function, asked by the ladder and by the console's forecast alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from idp.domain.accounts import Account, MfaState
from idp.domain.assurance import Asked, Evidence, Level, Method
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


def standing_factor(memberships: Iterable[Membership], factors: Factors) -> FactorDemand | None:
    """The factor that guards a person's account, whatever a portal asks for; None when the password is all there is.

    It is shown before a temporary password may be replaced (SECURITY-CASES PW11), before a factor is enrolled or removed (TO11,
    TO12, TO21) and before the phone number changes (SM14): whoever knows the password must not get past a factor that is
    already there. A phone number counts only where text messages are in use for one of the person's accounts; `memberships`
    are all of them, because a factor that is enrolled at one portal opens the others.
    """
    if factors.totp or factors.passkey:
        return FactorDemand(Method.TOTP, STRONGER_THAN_SMS)
    if factors.sms and any(Permission.USE_2FA in m.account.permissions for m in memberships):
        return FactorDemand(Method.SMS, STRONGER_THAN_SMS | {Method.SMS})
    return None


def is_proved_afresh(evidence: Evidence, standing: FactorDemand | None, now: int, seconds: int) -> bool:
    """Whether password (or passkey) and the standing factor were shown within the last `seconds`."""
    recent = evidence.since(now - seconds)
    if recent.primary_at is None:
        return False
    return standing is None or any(recent.has(method) for method in standing.accepted)


def accounts_demanding_mfa(memberships: Iterable[Membership]) -> tuple[Account, ...]:
    """The accounts whose MFA state asks this person for a second factor: while there is one, it cannot be turned off."""
    return tuple(m.account for m in memberships if _account_demands(m))


def enforces_second_factor(person: Person, memberships: Iterable[Membership]) -> bool:
    """Whether no sign-in of this person gets by with the password, which allows a shorter one."""
    return person.mfa_enabled or all(_account_demands(m) for m in memberships)


def may_manage_mfa(memberships: Iterable[Membership]) -> bool:
    """Whether a person looks after their own MFA. One account that keeps this to its administrators is enough to say no:
    factors belong to the person, so what is changed for one account is changed for all."""
    return all(m.may_manage_mfa for m in memberships)
