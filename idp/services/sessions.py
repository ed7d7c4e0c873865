"""Sessions at the identity provider: finding the live one, and ending them."""

from __future__ import annotations

from idp.domain.audit import Actor, AuditEvent, Event
from idp.domain.ids import secret_hash
from idp.domain.sessions import Session
from idp.ports import Ports
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
    """Ends one session; the grants that are bound to it end with it, those with offline access live on
    (OIDC Back-Channel Logout §2.7 keeps tokens that were asked for the time after)."""
    now = ports.clock.now()
    if await uow.sessions.end(session.id, now):
        await uow.audit.add(AuditEvent(Event.SESSION_ENDED, now, actor, user_id=session.user_id))
