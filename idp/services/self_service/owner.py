"""Whoever stands at an account page: the person of a live session, and all that decides what they may do."""

from __future__ import annotations

from dataclasses import dataclass, replace

from idp.domain.assurance import Method
from idp.domain.audit import Actor
from idp.domain.ids import secret_hash
from idp.domain.people import Membership, Person
from idp.domain.policy import FactorDemand, Factors, is_proved_afresh, standing_factor
from idp.domain.rules import SessionRules
from idp.domain.sessions import Session
from idp.errors import IdpError
from idp.ports import Ports
from idp.services.factors import factors_of
from idp.services.sessions import live_session, renew_session, void_earlier_proofs
from idp.storage.repositories.sessions import TOUCH_SECONDS
from idp.storage.unit_of_work import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class Caller:
    """What the browser sent: its two cookies, and who it seems to be for the audit trail."""

    session_token: str | None
    browser_token: str
    actor: Actor


class NotSignedIn(IdpError):
    """No live session of somebody who may sign in: the answer is a sign-in, not an error page."""

    code = "not_signed_in"
    public = "Sign in to see your account."


@dataclass(frozen=True, slots=True)
class Owner:
    """`memberships` are all of the person's, those of suspended accounts included; `actor` names the person."""

    person: Person
    session: Session
    memberships: tuple[Membership, ...]
    factors: Factors
    actor: Actor
    now: int
    rules: SessionRules

    @property
    def active(self) -> tuple[Membership, ...]:
        """Memberships whose account chain is active; there is one at least."""
        return tuple(m for m in self.memberships if m.account.chain_active)

    @property
    def standing(self) -> FactorDemand | None:
        """The factor that guards the account besides the password."""
        return standing_factor(self.memberships, self.factors)

    @property
    def fresh_since(self) -> int:
        """Proofs of this moment or later are fresh."""
        return self.now - self.rules.fresh_seconds

    @property
    def is_proved_afresh(self) -> bool:
        return is_proved_afresh(self.session.evidence, self.standing, self.now, self.rules.fresh_seconds)

    @property
    def has_fresh_factor(self) -> bool:
        """Whether the standing factor, if there is one, was shown within the last minutes, whatever the password's age."""
        recent, standing = self.session.evidence.since(self.fresh_since), self.standing
        return standing is None or any(recent.has(method) for method in standing.accepted)

    @property
    def has_fresh_passkey(self) -> bool:
        return self.session.evidence.since(self.fresh_since).has(Method.PASSKEY)

    def require_proof(self) -> None:
        """Raises `ProofNeeded` unless password and standing factor were shown within the last minutes (TO11, TO21, SM14)."""
        if not self.is_proved_afresh:
            raise ProofNeeded(self)


class ProofNeeded(IdpError):
    """The act needs a fresher or stronger proof than the session has: the answer is a sign-in that asks for the rest."""

    code = "proof_needed"
    public = "Confirm that it is you."

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        super().__init__()


async def recognise(uow: UnitOfWork, ports: Ports, caller: Caller) -> Owner:
    """Raises `NotSignedIn`: no session, one that has ended, or nobody left who may sign in."""
    session = await live_session(uow, ports, caller.session_token, secret_hash(caller.browser_token))
    person = await uow.people.get(session.user_id) if session is not None else None
    if session is None or person is None:
        raise NotSignedIn
    memberships = tuple(await uow.people.memberships(person.id))
    if not any(m.account.chain_active for m in memberships):
        raise NotSignedIn
    return Owner(
        person=person,
        session=session,
        memberships=memberships,
        factors=await factors_of(uow, person),
        actor=replace(caller.actor, id=person.id),
        now=ports.clock.now(),
        rules=ports.rules.sessions,
    )


async def enter(store: Store, ports: Ports, caller: Caller) -> Owner:
    """The owner, for a page that is looked at, which keeps the session from running out idle. Raises `NotSignedIn`."""
    async with store.read() as uow:
        owner = await recognise(uow, ports, caller)
    if owner.now - owner.session.seen_at >= TOUCH_SECONDS:
        async with store.write() as uow:
            await uow.sessions.touch(owner.session.id, owner.now)
    return owner


async def go_on_alone(uow: UnitOfWork, ports: Ports, owner: Owner, session: Session) -> str:
    """Ends whatever else earlier proofs had opened; returns the token under which `session`, the owner's own, goes on.

    `session` carries the evidence that is left. Raises `NotSignedIn` when it has ended meanwhile.
    """
    epoch = await void_earlier_proofs(uow, ports, owner.person.id, owner.actor, keep=session)
    token = await renew_session(uow, ports, session, epoch)
    if token is None:
        raise NotSignedIn
    return token
