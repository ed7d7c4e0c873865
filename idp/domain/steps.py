"""The sign-in ladder: which step comes next. The order is data, the decision is pure, the first rung that fires wins.

An enrolled factor is asked *before* the password change; a missing one is enrolled *after* it, so whoever reads a temporary
password out of a mailbox cannot replace it past an existing second factor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from idp.domain.assurance import Asked, Evidence, Level, Method, level_reached
from idp.domain.clients import Client
from idp.domain.people import Membership, Person
from idp.domain.policy import FactorDemand, Factors, second_factor_demand
from idp.domain.rules import DAY


class Step(StrEnum):
    """The rungs. Values are path segments below `/sign-in/{login}/`."""

    PASSWORD = "password"  # noqa: S105 - a step's name
    REFUSED = "refused"
    CHOOSE_ACCOUNT = "account"
    VERIFY = "verify"
    NO_PHONE = "no-phone"
    UNMET = "unmet"
    CHANGE_PASSWORD = "change-password"  # noqa: S105
    ENROL_TOTP = "enrol"
    CONSENT = "consent"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that the ladder may look at, as it is at this moment.

    `memberships` are those whose account chain is active and may use this portal, `held` are all that there are. `chosen` is
    the one the person picked, or the only one. `standing` is the factor that guards the person's account
    (`policy.standing_factor`). `password_changed_at` is of the chosen password; `password_max_age_days` the shortest that
    applies (0: none). `is_stale`: the password was proved too long before this sign-in for another factor to be enrolled on
    the strength of it.
    """

    client: Client
    asked: Asked
    now: int
    person: Person | None = None
    evidence: Evidence = Evidence()
    memberships: tuple[Membership, ...] = ()
    held: tuple[Membership, ...] = ()
    chosen: Membership | None = None
    factors: Factors = Factors()
    standing: FactorDemand | None = None
    is_stale: bool = False
    password_changed_at: int | None = None
    password_max_age_days: int = 0
    consent_needed: bool = False

    @property
    def wanted(self) -> FactorDemand | None:
        """The second factor that person, account, portal and request ask for, met or not."""
        if self.person is None or self.chosen is None:
            return None
        channel = self.client.policy.second_factor
        return second_factor_demand(self.person, self.chosen, channel, self.asked, self.factors)

    @property
    def enrols(self) -> bool:
        """Whether this sign-in leads to enrolling an authenticator app: it is wanted, and nothing is there in its place."""
        wanted = self.wanted
        if wanted is None or wanted.channel is not Method.TOTP or Method.TOTP not in wanted.accepted:
            return False
        return not self.meets(wanted) and not wanted.accepted & self.factors.enrolled

    @property
    def demand(self) -> FactorDemand | None:
        """The second factor that this sign-in needs now, met or not: the wanted one, or before it the standing one.

        The password alone enrols no factor past one that is there (SECURITY-CASES TO11, TO12).
        """
        wanted = self.wanted
        if wanted is None:
            return self.standing if self.has_temporary_password or self.asked.step_up_since is not None else None
        guarded = self.enrols and self.standing is not None and not self.meets(self.standing)
        return self.standing if guarded else wanted

    def meets(self, demand: FactorDemand) -> bool:
        return any(self.evidence.has(method) for method in demand.accepted)

    @property
    def has_temporary_password(self) -> bool:
        return self.evidence.has(Method.TEMPORARY_PASSWORD)

    @property
    def demand_is_met(self) -> bool:
        demand = self.demand
        return demand is None or self.meets(demand)

    @property
    def offered(self) -> tuple[Method, ...]:
        """Enrolled factors that meet the demand: the portal's own channel first, recovery codes as a last resort."""
        demand = self.demand
        if demand is None:
            return ()
        usable = [method for method in (demand.channel, *Method) if method in demand.accepted & self.factors.enrolled]
        if usable and self.factors.recovery_codes:
            usable.append(Method.RECOVERY_CODE)
        return tuple(dict.fromkeys(usable))

    @property
    def password_is_due(self) -> bool:
        """Whether the password must be changed now: it is temporary, or older than the shortest maximum age allows."""
        if self.has_temporary_password:
            return True
        if not self.evidence.has(Method.PASSWORD) or not self.password_max_age_days or self.password_changed_at is None:
            return False
        return self.now - self.password_changed_at >= self.password_max_age_days * DAY


def _is_refused(s: Situation) -> bool:
    return s.person is not None and (not s.person.is_active or not s.memberships)


def _lacks_phone(s: Situation) -> bool:
    return not s.demand_is_met and not s.offered and s.demand is not None and Method.SMS in s.demand.accepted


def _must_enrol(s: Situation) -> bool:
    return s.enrols and not s.demand_is_met and not s.offered


def _must_identify(s: Situation) -> bool:
    """Nobody has been identified, or too long ago for what comes next."""
    return s.person is None or s.evidence.primary_at is None or (s.is_stale and s.enrols)


def _is_unmet(s: Situation) -> bool:
    """An essential demand that nothing the person has or may enrol here can meet: an error, never a weaker sign-in."""
    if s.demand is not None and not s.demand_is_met and not s.offered and not (_lacks_phone(s) or _must_enrol(s)):
        return True
    reached = level_reached(s.evidence)
    return (
        s.asked.essential
        and s.demand_is_met
        and bool(s.asked.levels)
        and not any(_satisfies(reached, level) for level in s.asked.levels)
    )


def _satisfies(reached: Level | None, wanted: Level) -> bool:
    return reached is not None and reached.strength >= wanted.strength


LADDER: tuple[tuple[Step, Callable[[Situation], bool]], ...] = (
    (Step.PASSWORD, _must_identify),
    (Step.REFUSED, _is_refused),
    (Step.CHOOSE_ACCOUNT, lambda s: s.chosen is None),
    (Step.VERIFY, lambda s: not s.demand_is_met and bool(s.offered)),
    (Step.NO_PHONE, _lacks_phone),
    (Step.CHANGE_PASSWORD, lambda s: s.password_is_due),
    (Step.ENROL_TOTP, _must_enrol),
    (Step.UNMET, _is_unmet),
    (Step.CONSENT, lambda s: s.consent_needed),
)


def next_step(situation: Situation) -> Step:
    """The first rung that fires; `DONE` when none does."""
    step = next((step for step, fires in LADDER if fires(situation)), Step.DONE)
    if step is Step.DONE:
        _assert_finished(situation)
    return step


def _assert_finished(s: Situation) -> None:
    """The end of the ladder fails closed: a rung that was forgotten must not become a sign-in."""
    if (
        s.person is None
        or not s.person.is_active
        or s.chosen is None
        or not s.chosen.account.chain_active
        or s.has_temporary_password
        or not s.demand_is_met
    ):
        raise AssertionError("the ladder ended without a complete sign-in")


def interaction_error(step: Step) -> str | None:
    """What `prompt=none` answers when this step would be needed (OIDC Core §3.1.2.6); None when nothing is.

    A temporary password, a missing factor or a refusal is `interaction_required`: the session alone is never enough.
    """
    match step:
        case Step.DONE:
            return None
        case Step.PASSWORD:
            return "login_required"
        case Step.CHOOSE_ACCOUNT:
            return "account_selection_required"
        case Step.CONSENT:
            return "consent_required"
        case Step.REFUSED:
            return "access_denied"
        case Step.UNMET:
            return "unmet_authentication_requirements"
        case _:
            return "interaction_required"
