"""Forgotten Login Details: a new temporary password by mail, with the same rules as the first one.

Whatever is typed, the answer is the same; what is stored decides where a mail goes. Asking disturbs neither the chosen
password nor live sessions, and the mails are limited per person (SECURITY-CASES PW01, PW03, PW22, PW23).
"""

from __future__ import annotations

from idp.domain import throttling
from idp.domain.audit import Actor
from idp.domain.people import Person
from idp.errors import TooManyAttempts
from idp.ports import Ports
from idp.services.temporary_passwords import FORGOTTEN, prepare_temporary, settle_temporary
from idp.services.throttles import bucket
from idp.storage.unit_of_work import Store, UnitOfWork

MAX_PEOPLE = 5
"""A shared mailbox may serve several people; each gets a mail of their own, up to so many."""


async def admit_request(store: Store, ports: Ports, actor: Actor) -> None:
    """Counts the request against the address. Raises `TooManyAttempts`: the same for everybody behind it."""
    limit = throttling.forgotten_address(ports.rules.throttle)
    async with store.write() as uow:
        verdict = await uow.throttles.attempt(
            bucket(ports, "forgotten-address", actor.address), limit, ports.clock.now()
        )
    if not verdict.allowed:
        raise TooManyAttempts(verdict.retry_after)


async def send_new_details(store: Store, ports: Ports, typed: str, actor: Actor) -> None:
    """Mails a temporary password to everybody whom `typed` names, unless they are refused anyway or had enough mails.

    Runs after the answer was given, so that the answer's time tells nothing. Raises `errors.Busy`.
    """
    async with store.read() as uow:
        # Whoever had enough mails costs no hash either: strangers could keep the hashing busy with one known name.
        people = [person for person in await _people(uow, typed) if await _seems_to_have_mails_left(uow, ports, person)]
    for person in people:
        prepared = await prepare_temporary(ports)
        async with store.write() as uow:
            if not await _may_receive(uow, ports, person):
                continue
            await settle_temporary(uow, ports, person, prepared, FORGOTTEN, actor)


async def _people(uow: UnitOfWork, typed: str) -> list[Person]:
    person = await uow.people.by_username(typed)
    found = [person] if person else (await uow.people.by_email(typed))[:MAX_PEOPLE]
    return [each for each in found if each.email and await _may_sign_in(uow, each)]


async def _may_sign_in(uow: UnitOfWork, person: Person) -> bool:
    """No mail to people who could not use it: disabled, or every account suspended (PW22)."""
    return person.is_active and any(m.account.chain_active for m in await uow.people.memberships(person.id))


async def _seems_to_have_mails_left(uow: UnitOfWork, ports: Ports, person: Person) -> bool:
    """A look without counting; `_may_receive` decides, in the transaction that stores the new password."""
    limit = throttling.forgotten_account(ports.rules.throttle)
    return (await uow.throttles.peek(bucket(ports, "forgotten", person.id), limit, ports.clock.now())).allowed


async def _may_receive(uow: UnitOfWork, ports: Ports, person: Person) -> bool:
    limit = throttling.forgotten_account(ports.rules.throttle)
    return (await uow.throttles.attempt(bucket(ports, "forgotten", person.id), limit, ports.clock.now())).allowed
