"""Small decisions on the ladder: which account, consent, cancelling."""

from __future__ import annotations

from idp.domain.audit import AuditEvent, Event
from idp.domain.logins import LoginState
from idp.domain.steps import Step
from idp.errors import InvalidInput
from idp.ports import Ports
from idp.services.sign_in.visit import Position, Visit, hold, locate
from idp.storage.unit_of_work import Store


async def choose_account(store: Store, ports: Ports, visit: Visit, account: str) -> None:
    """Picks the membership by its account's id or number. Raises `InvalidInput` for one that is not offered."""
    async with store.write() as uow:
        position = await hold(uow, ports, visit, Step.CHOOSE_ACCOUNT)
        wanted = account.casefold()
        for membership in position.situation.memberships:
            if wanted in (membership.account.id, membership.account.number.casefold()):
                await uow.logins.choose(position.login.id_hash, membership.id)
                return
    raise InvalidInput("account", "Choose one of the accounts.")


async def give_consent(store: Store, ports: Ports, visit: Visit) -> None:
    """Remembers that the person lets this client have what it asks for."""
    async with store.write() as uow:
        position = await hold(uow, ports, visit, Step.CONSENT)
        now, client_id = ports.clock.now(), position.situation.client.client_id
        await uow.clients.give_consent(position.person.id, client_id, position.login.asked.scopes, now)
        await uow.logins.consent(position.login.id_hash)
        event = AuditEvent(Event.CONSENT_GIVEN, now, visit.actor, user_id=position.person.id, client_id=client_id)
        await uow.audit.add(event)


async def cancel(store: Store, ports: Ports, visit: Visit) -> Position:
    """Ends the login on the person's wish, at any step; the caller tells the client `access_denied`."""
    async with store.write() as uow:
        position = await locate(uow, ports, visit)
        await uow.logins.finish(position.login.id_hash, LoginState.CANCELLED)
        user_id = position.situation.person.id if position.situation.person else None
        now, client_id = ports.clock.now(), position.login.client_id
        event = AuditEvent(Event.SIGN_IN_CANCELLED, now, visit.actor, user_id=user_id, client_id=client_id)
        await uow.audit.add(event)
    return position
