"""Sessions as operators see and end them."""

from __future__ import annotations

from dataclasses import dataclass

from idp.domain.audit import Actor
from idp.domain.sessions import Session
from idp.errors import NotFound
from idp.ports import Ports
from idp.services.people import found
from idp.services.sessions import end_session, end_sessions
from idp.storage.unit_of_work import Store

BECAUSE = "revoked by an operator"

Found = list[tuple[str, Session]]
"""Sessions with the usernames of those who are signed in."""


@dataclass(frozen=True, slots=True)
class RevokeSession:
    session_id: str
    actor: Actor = Actor(id="cli")


@dataclass(frozen=True, slots=True)
class RevokeSessions:
    """Everything that the person has open, tokens with offline access included."""

    username: str
    actor: Actor = Actor(id="cli")


async def live_sessions(store: Store, ports: Ports, *, username: str | None = None, limit: int = 100) -> Found:
    """Who is signed in, the last used session first; with `username` one person's. Raises `NotFound`."""
    now, rules = ports.clock.now(), ports.rules.sessions
    async with store.read() as uow:
        if username is None:
            return await uow.sessions.live(now, now - rules.idle_seconds, limit)
        person = await found(uow, username)
        sessions = await uow.sessions.of_user(person.id, now)
    if not person.is_active:
        return []
    return [(person.username, s) for s in sessions if s.is_live(now, person.auth_epoch, rules)][:limit]


async def revoke_session(store: Store, ports: Ports, command: RevokeSession) -> None:
    """Ends one session and every token that it gave, offline ones too. Raises `NotFound`."""
    async with store.write() as uow:
        session = await uow.sessions.get(command.session_id)
        if session is None:
            raise NotFound(f"There is no session {command.session_id}. idp session list shows a person's.")
        await end_session(uow, ports, session, command.actor)
        await uow.grants.revoke_of_session(session.id, BECAUSE, ports.clock.now(), offline_too=True)


async def revoke_sessions(store: Store, ports: Ports, command: RevokeSessions) -> int:
    """Ends all sessions and tokens of a person; returns how many sessions that were. Raises `NotFound`."""
    async with store.write() as uow:
        person = await found(uow, command.username)
        ended = await end_sessions(uow, ports, person.id, command.actor)
        await uow.grants.revoke_of_user(person.id, BECAUSE, ports.clock.now())
        return len(ended)
