"""Where I am signed in: one's own sessions, seen and ended. Ending them needs no fresh proof: it only ever protects."""

from __future__ import annotations

from idp.domain.sessions import Session
from idp.errors import NotFound
from idp.ports import Ports
from idp.services.self_service.owner import Caller, Owner, recognise
from idp.services.sessions import end_session, end_sessions
from idp.storage.unit_of_work import Store, UnitOfWork

BECAUSE = "ended by the person"


async def my_sessions(store: Store, ports: Ports, caller: Caller) -> tuple[Owner, list[Session]]:
    """The live sessions, the last used first. Raises `NotSignedIn`."""
    async with store.read() as uow:
        owner = await recognise(uow, ports, caller)
        return owner, await live_sessions(uow, owner)


async def live_sessions(uow: UnitOfWork, owner: Owner) -> list[Session]:
    found = await uow.sessions.of_user(owner.person.id, owner.now)
    return [s for s in found if s.is_live(owner.now, owner.person.auth_epoch, owner.rules)]


async def end_my_session(store: Store, ports: Ports, caller: Caller, session_id: str) -> tuple[Session, bool]:
    """Ends one session and every token that it gave, offline ones too; whether it is the one of this browser.

    Raises `NotSignedIn`, and `NotFound` for one that has ended or is somebody else's.
    """
    async with store.write() as uow:
        owner = await recognise(uow, ports, caller)
        session = next((s for s in await live_sessions(uow, owner) if s.id == session_id), None)
        if session is None:
            raise NotFound("That browser is not signed in any more.")
        await end_session(uow, ports, session, owner.actor)
        await uow.grants.revoke_of_session(session.id, BECAUSE, owner.now, offline_too=True)
        return session, session.id == owner.session.id


async def end_other_sessions(store: Store, ports: Ports, caller: Caller) -> int:
    """Ends every session but this one, and every token that did not come from it; returns how many sessions that were.

    Raises `NotSignedIn`.
    """
    async with store.write() as uow:
        owner = await recognise(uow, ports, caller)
        ended = await end_sessions(uow, ports, owner.person.id, owner.actor, keep=owner.session)
        await uow.grants.revoke_of_user(owner.person.id, BECAUSE, owner.now, keep_session=owner.session.id)
        return len(ended)
