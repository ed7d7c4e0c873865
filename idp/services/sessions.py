"""Sessions at the identity provider: finding the live one, renewing and ending them.

Every session that ends by somebody's act ends here, so that its clients hear of it.
"""

from __future__ import annotations

from idp.domain.audit import Actor, AuditEvent, Event
from idp.domain.ids import secret_hash
from idp.domain.sessions import Session
from idp.ports import Ports
from idp.services.minting import new_secret
from idp.services.single_logout import tell_of_session, tell_of_subtree
from idp.storage.unit_of_work import UnitOfWork


async def live_session(uow: UnitOfWork, ports: Ports, token: str | None, browser_hash: bytes | None) -> Session | None:
    """The session that this cookie opens, when it is live, of this browser, and its person is still there and active.

    A stale, foreign or made-up cookie is nobody: the answer is a clean sign-in page, never an error (SECURITY-CASES SE06).
    """
    if token is None:
        return None
    session = await uow.sessions.by_token(secret_hash(token))
    if session is None or (browser_hash is not None and session.browser_hash != browser_hash):
        return None
    person = await uow.people.get(session.user_id)
    if person is None or not person.is_active:
        return None
    return session if session.is_live(ports.clock.now(), person.auth_epoch, ports.rules.sessions) else None


async def end_session(uow: UnitOfWork, ports: Ports, session: Session, actor: Actor) -> None:
    """Ends one session and tells its clients; the grants that are bound to it end with it, those with offline access live on
    (OIDC Back-Channel Logout §2.7 keeps tokens that were asked for the time after)."""
    now = ports.clock.now()
    if await uow.sessions.end(session.id, now):
        await tell_of_session(uow, ports, session.id, session.user_id)
        await uow.audit.add(AuditEvent(Event.SESSION_ENDED, now, actor, user_id=session.user_id))


async def end_sessions(
    uow: UnitOfWork, ports: Ports, user_id: str, actor: Actor, *, keep: Session | None = None
) -> list[Session]:
    """Ends every session of a person but `keep`; returns those that ended."""
    kept = keep.id if keep is not None else None
    sessions = [s for s in await uow.sessions.of_user(user_id, ports.clock.now()) if s.id != kept]
    for session in sessions:
        await end_session(uow, ports, session, actor)
    return sessions


async def end_sessions_below(uow: UnitOfWork, ports: Ports, path: str) -> int:
    """After everything issued for a subtree was voided, because it was suspended or moved: the clients of its sessions are told,
    and whoever has no active account left is signed out. Returns how many sessions ended; the caller's event tells why."""
    await tell_of_subtree(uow, ports, path)
    return await uow.sessions.end_stranded(path, ports.clock.now())


async def void_earlier_proofs(
    uow: UnitOfWork, ports: Ports, user_id: str, actor: Actor, *, keep: Session | None = None
) -> int:
    """What earlier proofs opened is over: tokens and sign-ins under way by the epoch, sessions by name. Returns the new epoch.

    The session `keep` is left, but of the old epoch as well: `renew_session` takes it along.
    """
    epoch = await uow.people.bump_epoch(user_id)
    await end_sessions(uow, ports, user_id, actor, keep=keep)
    return epoch


async def renew_session(uow: UnitOfWork, ports: Ports, session: Session, epoch: int) -> str | None:
    """The session, with the evidence that it has here, under a new token and the person's present epoch: the old token opens
    nothing from here on (SE02). None: it has ended meanwhile."""
    token, now = new_secret(ports.entropy), ports.clock.now()
    renewed = await uow.sessions.rotate(
        session.id, secret_hash(token), session.evidence, epoch, now, session.expires_at
    )
    return token if renewed else None
