"""The account page: what protects this person, what happened lately, and the way back to a portal."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from idp.domain.audit import AuditEvent, Event
from idp.domain.clients import Client
from idp.domain.redirects import RedirectRefused, check_registrable, origin
from idp.domain.sessions import Session
from idp.ports import Ports
from idp.services.self_service.owner import Caller, Owner, recognise
from idp.services.self_service.sessions import live_sessions
from idp.storage.unit_of_work import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class Overview:
    """`portals` are the names of the clients that the events mention, by id."""

    owner: Owner
    password_changed_at: int | None
    sessions: tuple[Session, ...]
    events: tuple[AuditEvent, ...]
    portals: Mapping[str, str]


async def overview(store: Store, ports: Ports, caller: Caller, among: Collection[Event], limit: int) -> Overview:
    """The `limit` newest events of these kinds that concern the person. Raises `NotSignedIn`."""
    async with store.read() as uow:
        owner = await recognise(uow, ports, caller)
        password = await uow.credentials.password(owner.person.id)
        trail = await uow.audit.list(user_id=owner.person.id, among=among, limit=limit)
        events = tuple(event for _, event in trail)
        return Overview(
            owner=owner,
            password_changed_at=password.changed_at if password else None,
            sessions=tuple(await live_sessions(uow, owner)),
            events=events,
            portals=await _names(uow, {event.client_id for event in events if event.client_id}),
        )


async def _names(uow: UnitOfWork, client_ids: Collection[str]) -> dict[str, str]:
    found = {client_id: await uow.clients.get(client_id) for client_id in client_ids}
    return {client_id: client.client_name for client_id, client in found.items() if client is not None}


async def portal_at(store: Store, url: str) -> Client | None:
    """The portal that this address belongs to: one of ours that registered its exact origin. None for any other address.

    What two readers of an address could read in two ways is no address (`domain.redirects`). A third party's origin does not
    count: it would choose the name that our page shows.
    """
    try:
        check_registrable(url)
    except RedirectRefused:
        return None
    async with store.read() as uow:
        clients = await uow.clients.all()
    return next((c for c in clients if c.is_active and c.policy.first_party and origin(url) in _origins(c)), None)


def _origins(client: Client) -> set[str]:
    uris = [*client.redirect_uris, *client.post_logout_redirect_uris, *filter(None, [client.client_uri])]
    return {origin(uri) for uri in uris if uri.startswith(("https://", "http://"))}
