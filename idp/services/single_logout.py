"""Single logout: whoever has tokens of a session is told that it is over (OpenID Connect Back-Channel Logout 1.0).

What is told goes into the outbox in the transaction that ends the session, so it is neither lost nor sent for nothing, and no
slow client keeps a person waiting (SECURITY-CASES LO09). `services/sessions.py` is the one caller.
"""

from __future__ import annotations

from collections.abc import Iterable

from idp.domain.clients import Client
from idp.domain.delivery import LogoutNotice
from idp.ports import Ports
from idp.services.notices import post_logouts
from idp.storage.unit_of_work import UnitOfWork


async def clients_of(uow: UnitOfWork, session_id: str) -> list[Client]:
    """The active clients that hold, or held, tokens of this session."""
    found = [await uow.clients.get(client_id) for client_id in await uow.grants.clients_of_session(session_id)]
    return [client for client in found if client is not None and client.is_active]


async def tell_of_session(uow: UnitOfWork, ports: Ports, session_id: str, user_id: str) -> None:
    """Tells every client of one session."""
    clients = await clients_of(uow, session_id)
    told = [LogoutNotice(client.client_id, user_id, session_id) for client in clients if client.backchannel_logout_uri]
    await post_logouts(uow, ports, told)


async def tell_of_subtree(uow: UnitOfWork, ports: Ports, path: str) -> None:
    """Tells the clients of every live session that was used for an account at or below `path`."""
    notices = await uow.grants.logouts_below(path, ports.clock.now())
    listening = await _listening(uow, {notice.client_id for notice in notices})
    await post_logouts(uow, ports, [notice for notice in notices if notice.client_id in listening])


async def _listening(uow: UnitOfWork, client_ids: Iterable[str]) -> set[str]:
    found = [await uow.clients.get(client_id) for client_id in client_ids]
    return {c.client_id for c in found if c is not None and c.is_active and c.backchannel_logout_uri}
