"""The end of the ladder: the session begins, the grant is stored, and terminal refusals leave a reference for support."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from idp.domain.audit import AuditEvent, Event
from idp.domain.grants import NewGrant
from idp.domain.ids import Prefix, reference, secret_hash
from idp.domain.logins import Login, LoginState
from idp.domain.people import Membership, Person
from idp.domain.sessions import Session
from idp.domain.steps import Situation, Step
from idp.ports import Ports
from idp.services.minting import new_identifier, new_secret
from idp.services.sessions import end_session
from idp.services.sign_in.visit import LoginOver, OutOfTurn, Position, Visit, locate
from idp.storage.unit_of_work import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class Finished:
    """What the protocol builds its grant from. `code` is the authorization code in clear; only its hash is stored."""

    login: Login
    situation: Situation
    person: Person
    membership: Membership
    session_id: str
    account_epoch: int
    grant_id: str
    code: str
    now: int


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`session_token` is the new cookie, or None when the session that came along goes on unchanged."""

    code: str
    session_token: str | None


GrantBuilder = Callable[[Finished], NewGrant]


async def finish_login(store: Store, ports: Ports, visit: Visit, build_grant: GrantBuilder) -> SignedIn:
    """Completes a login for a client whose ladder is done: session, grant and audit in one transaction; of parallel tries
    one wins.

    Raises `OutOfTurn` when a step is still due and `LoginOver` when it was completed already (the Back button, AZ35).
    """
    async with store.write() as uow:
        position = await _complete(uow, ports, visit)
        session_id, token = await _session(uow, ports, visit, position)
        finished = Finished(
            login=position.login,
            situation=position.situation,
            person=position.person,
            membership=position.chosen,
            session_id=session_id,
            account_epoch=await uow.accounts.epoch(position.chosen.account.id),
            grant_id=new_identifier(ports.entropy, Prefix.GRANT),
            code=new_secret(ports.entropy),
            now=ports.clock.now(),
        )
        await uow.grants.add(build_grant(finished))
        await _record(uow, ports, visit, position, {"grant": finished.grant_id})
    return SignedIn(finished.code, token)


async def finish_at_home(store: Store, ports: Ports, visit: Visit) -> str | None:
    """Completes a login that leads to a page of our own: a session and nothing else. Returns its token as in `SignedIn`.

    Raises as `finish_login` does.
    """
    async with store.write() as uow:
        position = await _complete(uow, ports, visit)
        _, token = await _session(uow, ports, visit, position)
        await _record(uow, ports, visit, position, {})
    return token


async def _complete(uow: UnitOfWork, ports: Ports, visit: Visit) -> Position:
    position = await locate(uow, ports, visit)
    if position.step is not Step.DONE:
        raise OutOfTurn(position.step)
    if not await uow.logins.finish(position.login.id_hash, LoginState.COMPLETED):
        raise LoginOver(position.login)
    return position


async def _session(uow: UnitOfWork, ports: Ports, visit: Visit, position: Position) -> tuple[str, str | None]:
    """The session this login ends in, and its token when it is new.

    Nothing proved in this login: the session goes on as it is, so that parallel tabs keep working. More proved: the same
    session under a new token (no fixation, SE02). Another person: the old session ends first, and nothing of it is mixed in.
    """
    now, person, session = ports.clock.now(), position.person, position.session
    if session is not None and session.user_id != person.id:
        await end_session(uow, ports, session, visit.actor)
        session = None
    if session is None:
        return await _new_session(uow, ports, visit, position)
    for client_id, membership_id in _choice(position).items():
        await uow.sessions.remember_choice(session.id, client_id, membership_id)
    if not position.login.evidence.proved_at:
        await uow.sessions.touch(session.id, now)
        return session.id, None
    token = new_secret(ports.entropy)
    evidence = session.evidence.joined(position.login.evidence)
    expires_at = now + ports.rules.sessions.absolute_seconds
    if not await uow.sessions.rotate(session.id, secret_hash(token), evidence, person.auth_epoch, now, expires_at):
        return await _new_session(uow, ports, visit, position)
    return session.id, token


async def _new_session(uow: UnitOfWork, ports: Ports, visit: Visit, position: Position) -> tuple[str, str]:
    now, person = ports.clock.now(), position.person
    token = new_secret(ports.entropy)
    session = Session(
        id=new_identifier(ports.entropy, Prefix.SESSION),
        token_hash=secret_hash(token),
        user_id=person.id,
        user_epoch=person.auth_epoch,
        browser_hash=visit.browser_hash,
        evidence=position.situation.evidence,
        created_at=now,
        seen_at=now,
        expires_at=now + ports.rules.sessions.absolute_seconds,
        choices=_choice(position),
        address=visit.actor.address,
        user_agent=visit.actor.user_agent,
    )
    await uow.sessions.add(session)
    await uow.browsers.remember(visit.browser_hash, person.id, now)
    await uow.audit.add(AuditEvent(Event.SESSION_STARTED, now, visit.actor, user_id=person.id))
    return session.id, token


def _choice(position: Position) -> dict[str, str]:
    """Which membership was chosen at which client; nobody chooses one for our own pages."""
    client_id = position.login.client_id
    return {} if client_id is None else {client_id: position.chosen.id}


async def _record(uow: UnitOfWork, ports: Ports, visit: Visit, position: Position, details: Mapping[str, str]) -> None:
    event = AuditEvent(
        Event.SIGN_IN_SUCCEEDED,
        ports.clock.now(),
        visit.actor,
        user_id=position.person.id,
        account_id=position.chosen.account.id,
        client_id=position.login.client_id,
        details={"amr": " ".join(position.situation.evidence.amr), **details},
    )
    await uow.audit.add(event)


def refusal_reference(login: Login) -> str:
    """The reference of a refusal: the same on every reload, and not reversible to the login."""
    return reference(login.id_hash[8:16])


async def record_refusal(store: Store, ports: Ports, visit: Visit, position: Position) -> str:
    """Writes a terminal refusal to the audit trail, once, and returns its reference for the page."""
    shown = refusal_reference(position.login)
    async with store.write() as uow:
        if await uow.audit.by_reference(shown):
            return shown
        blocked = position.step is Step.NO_PHONE
        person = position.situation.person
        chosen = position.situation.chosen
        event = AuditEvent(
            Event.SIGN_IN_BLOCKED_NO_PHONE if blocked else Event.SIGN_IN_REFUSED,
            ports.clock.now(),
            visit.actor,
            user_id=person.id if person else None,
            account_id=chosen.account.id if chosen else None,
            client_id=position.login.client_id,
            reference=shown,
            details={"step": position.step.value},
        )
        await uow.audit.add(event)
    return shown
