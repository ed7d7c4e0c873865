"""A visit: one browser at one login, with whatever session it brought along; and the situation that this makes."""

from __future__ import annotations

from dataclasses import dataclass

from idp.domain.assurance import Evidence
from idp.domain.audit import Actor
from idp.domain.clients import Client, own_pages
from idp.domain.ids import secret_hash
from idp.domain.logins import Login
from idp.domain.people import Membership, Person
from idp.domain.policy import accounts_demanding_mfa, standing_factor
from idp.domain.sessions import Session
from idp.domain.steps import Situation, Step, next_step
from idp.errors import IdpError
from idp.ports import Ports
from idp.services.factors import factors_of
from idp.services.sessions import live_session
from idp.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Visit:
    """What the browser sent: the login id of the URL, its two cookies, and who it seems to be for the audit trail."""

    login_token: str
    browser_token: str
    session_token: str | None
    actor: Actor

    @property
    def login_hash(self) -> bytes:
        return secret_hash(self.login_token)

    @property
    def browser_hash(self) -> bytes:
        return secret_hash(self.browser_token)


class LoginUnknown(IdpError):
    """No such login, or one of another browser: whoever opens a sign-in link that was sent to them sees this (AZ34)."""

    code = "login_unknown"
    public = "This sign-in was started in another browser, or is over. Go back to the portal and sign in again."


class LoginOver(IdpError):
    """The login is completed, cancelled, expired or destroyed; `login` says which."""

    code = "login_over"
    public = "This sign-in has ended. Please start again."

    def __init__(self, login: Login) -> None:
        self.login = login
        super().__init__()


class OutOfTurn(IdpError):
    """A step was posted that is not the current one: the answer is the dispatcher, never an error page."""

    code = "out_of_turn"

    def __init__(self, step: Step) -> None:
        self.step = step
        super().__init__()


@dataclass(frozen=True, slots=True)
class Position:
    """Where a visit stands: the stored login, the live session if any, the situation and the step that follows."""

    login: Login
    session: Session | None
    situation: Situation
    step: Step

    @property
    def person(self) -> Person:
        """The person of this login; only steps behind the password may ask."""
        if self.situation.person is None:
            raise OutOfTurn(self.step)
        return self.situation.person

    @property
    def is_of_another_person(self) -> bool:
        """Whether somebody is identified, but not who the request names (`id_token_hint`, SECURITY-CASES AZ24)."""
        person, subject = self.situation.person, self.login.asked.subject
        return person is not None and subject not in ("", person.id)

    @property
    def chosen(self) -> Membership:
        if self.situation.chosen is None:
            raise OutOfTurn(self.step)
        return self.situation.chosen


async def locate(uow: UnitOfWork, ports: Ports, visit: Visit) -> Position:
    """Where this visit stands now. Raises `LoginUnknown` or `LoginOver`."""
    login = await uow.logins.get(visit.login_hash)
    if login is None or login.browser_hash != visit.browser_hash:
        raise LoginUnknown
    if not login.is_open(ports.clock.now()):
        raise LoginOver(login)
    client = await _client(uow, ports, login)
    if client is None or not client.is_active:
        raise LoginUnknown
    session = await live_session(uow, ports, visit.session_token, visit.browser_hash)
    situation = await survey(uow, ports, client, login, session)
    return Position(login, session, situation, next_step(situation))


async def _client(uow: UnitOfWork, ports: Ports, login: Login) -> Client | None:
    """What the person signs in to: a client as it is now, or our own pages."""
    if login.client_id is None:
        return own_pages(ports.rules.mfa.issuer_name)
    return await uow.clients.get(login.client_id)


async def expect(uow: UnitOfWork, ports: Ports, visit: Visit, *steps: Step) -> Position:
    """As `locate`, for a step that was posted. Raises `OutOfTurn` when it is not the current one."""
    position = await locate(uow, ports, visit)
    if position.step not in steps:
        raise OutOfTurn(position.step)
    return position


async def hold(uow: UnitOfWork, ports: Ports, visit: Visit, *steps: Step) -> Position:
    """As `expect`, for whoever writes: posts of one login come one after another, and each sees what the last one left.

    Of twenty presses of one button the first one counts. Without this, all of them would find the same step on PostgreSQL,
    and those that lose would use up the tries of the one that wins.
    """
    await uow.logins.lock(visit.login_hash)
    return await expect(uow, ports, visit, *steps)


async def survey(uow: UnitOfWork, ports: Ports, client: Client, login: Login, session: Session | None) -> Situation:
    """The situation of a login, from what is stored at this moment."""
    now = ports.clock.now()
    nobody = Situation(client, login.asked, now)
    admitted = session if session and login.asked.admits(session.evidence.primary_at, now) else None
    user_id = login.user_id or (admitted.user_id if admitted else None)
    person = await uow.people.get(user_id) if user_id else None
    if person is None:
        return nobody
    evidence = await _evidence(uow, login, admitted, person)
    if evidence.primary_at is None:
        return nobody
    memberships = await uow.people.memberships(person.id)
    usable = await _usable(uow, memberships, client)
    factors = await factors_of(uow, person)
    chosen = _chosen(usable, login, session if session and session.user_id == person.id else None)
    password = await uow.credentials.password(person.id)
    return Situation(
        client=client,
        asked=login.asked,
        now=now,
        person=person,
        evidence=evidence,
        memberships=usable,
        held=tuple(memberships),
        chosen=chosen,
        factors=factors,
        standing=standing_factor(memberships, factors),
        is_stale=login.created_at - evidence.primary_at > ports.rules.sessions.fresh_seconds,
        password_changed_at=password.changed_at if password else None,
        password_max_age_days=_shortest_age(ports, client, chosen),
        consent_needed=await _consent_needed(uow, client, login, person),
    )


async def _evidence(uow: UnitOfWork, login: Login, session: Session | None, person: Person) -> Evidence:
    """What counts: proofs of this login, and those of the session that the request does not want repeated.

    Both are void once the person's epoch has moved on (password, factor or phone changed, user disabled), and proof by a
    temporary password is void once that one was replaced or used up.
    """
    own = login.evidence if login.user_id == person.id and login.user_epoch == person.auth_epoch else Evidence()
    if login.temporary_id is not None:
        temporary = await uow.credentials.temporary(person.id)
        if temporary is None or temporary.id != login.temporary_id:
            return Evidence()
        # A login that was identified by a temporary password stands by itself: an old session does not outweigh it.
        return own
    if session is None or session.user_id != person.id:
        return own
    return session.evidence.since(login.asked.step_up_since or 0).joined(own)


async def _usable(uow: UnitOfWork, memberships: list[Membership], client: Client) -> tuple[Membership, ...]:
    """Those whose account chain is active and whose account may use this portal; suspended ones are filtered first."""
    active = [m for m in memberships if m.account.chain_active]
    denied = await uow.accounts.denied_portals([m.account.id for m in active])
    return tuple(m for m in active if (m.account.id, client.client_id) not in denied)


def _chosen(memberships: tuple[Membership, ...], login: Login, session: Session | None) -> Membership | None:
    """The membership this login is for: picked, hinted at, the only one, or picked earlier in this session."""
    if login.client_id is None:
        return _strictest(memberships)
    by_id = {m.id: m for m in memberships}
    if login.membership_id in by_id:
        return by_id[login.membership_id]
    hint = login.asked.account_hint.casefold()
    hinted = [m for m in memberships if hint and hint in (m.account.number.casefold(), m.account.id)]
    if hinted:
        return hinted[0]
    if len(memberships) == 1:
        return memberships[0]
    if session is None or login.asked.select_account:
        return None
    return by_id.get(session.choices.get(login.client_id, ""))


def _strictest(memberships: tuple[Membership, ...]) -> Membership | None:
    """Our own pages are about the person, so nobody is asked for an account there: the one that asks for most decides."""
    demanding = {account.id for account in accounts_demanding_mfa(memberships)}
    return next((m for m in memberships if m.account.id in demanding), memberships[0] if memberships else None)


def _shortest_age(ports: Ports, client: Client, chosen: Membership | None) -> int:
    ages = (
        ports.rules.passwords.max_age_days,
        client.policy.password_max_age_days,
        chosen.account.password_max_age_days if chosen else 0,
    )
    return min((age for age in ages if age), default=0)


async def _consent_needed(uow: UnitOfWork, client: Client, login: Login, person: Person) -> bool:
    if client.policy.first_party:
        return False
    if login.asked.consent and not login.consented:
        return True
    return not set(login.asked.scopes) <= await uow.clients.consent(person.id, client.client_id)


async def keep_proof(uow: UnitOfWork, position: Position, evidence: Evidence) -> None:
    """Writes new proof into the login, and whom it is about.

    A second factor shown on top of a session is bound to that session's person here: nobody else can finish this login
    with it, even if the session ends in between.
    """
    person = position.person
    login = position.login
    kept = await uow.logins.identify(
        login.id_hash,
        person.id,
        person.auth_epoch,
        evidence,
        login.temporary_id,
        position.situation.now,
        login.expires_at,
    )
    if not kept:
        raise LoginOver(position.login)
