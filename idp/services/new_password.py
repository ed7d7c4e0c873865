"""A newly chosen password: judged, hashed and stored in one way, whether it replaces a temporary one or the person's own.

load -> work -> settle: `secrets_of` in a snapshot, `accepted` with no transaction open, `replace_password` in the transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from idp.domain.audit import Actor, AuditEvent, Event
from idp.domain.passwords import Choice, fits, is_text, normalise, problem_with
from idp.domain.people import Membership, Person
from idp.errors import InvalidInput
from idp.ports import Ports
from idp.services.notices import notify
from idp.services.throttles import password_bucket
from idp.storage.unit_of_work import UnitOfWork

FIELD = "new_password"


@dataclass(frozen=True, slots=True)
class StoredSecrets:
    """The hashes that the new password must not match, as they were when the work began."""

    password_hash: str | None
    temporary_hash: str | None


async def secrets_of(uow: UnitOfWork, user_id: str) -> StoredSecrets:
    password = await uow.credentials.password(user_id)
    temporary = await uow.credentials.temporary(user_id)
    return StoredSecrets(
        password.password_hash if password else None,
        temporary.password_hash if temporary else None,
    )


def context_words(person: Person, memberships: Iterable[Membership], place: str) -> list[str]:
    """What somebody who knows the person would try first: names, mailbox, accounts, and where they sign in."""
    words = [person.username, person.email.split("@")[0], person.given_name, person.family_name, person.name]
    for membership in memberships:
        words += [membership.account.name, membership.account.number]
    return [word for word in dict.fromkeys([*words, place]) if word]


async def accepted(
    ports: Ports, stored: StoredSecrets, wanted: str, context: list[str], *, has_second_factor: bool
) -> str:
    """The hash of the new password. Raises `InvalidInput` with the reason when it is not good enough, and `errors.Busy`.

    The cheap reasons come first: nothing oversized is ever hashed.
    """
    rules = ports.rules.passwords
    password = normalise(wanted)
    hashable = is_text(wanted) and fits(wanted, rules) and fits(password, rules)
    choice = Choice(
        password=password if hashable else wanted,
        context=context,
        has_second_factor=has_second_factor,
        is_breached=hashable and ports.strength.is_breached(password),
        is_current=hashable and await _is(ports, stored.password_hash, password),
        is_temporary=hashable and await _is(ports, stored.temporary_hash, password),
        advice=ports.strength.advice(password, context) if hashable else None,
    )
    problem = problem_with(choice, rules)
    if problem is not None:
        raise InvalidInput(FIELD, problem)
    return await ports.hasher.hash(password)


async def _is(ports: Ports, stored_hash: str | None, password: str) -> bool:
    return stored_hash is not None and await ports.hasher.verify(stored_hash, password)


async def replace_password(
    uow: UnitOfWork,
    ports: Ports,
    person: Person,
    stored: StoredSecrets,
    new_hash: str,
    actor: Actor,
) -> bool:
    """Stores the new password and tells the person. Ending what the old one had opened is the caller's part, in the same
    transaction (PW19). False, and nothing changed: somebody else was first."""
    now = ports.clock.now()
    if not await uow.credentials.set_password(person.id, new_hash, now, replacing=stored.password_hash):
        return False
    await uow.browsers.forget_all(person.id)
    await uow.throttles.clear(password_bucket(ports, person.username, None))
    await uow.audit.add(AuditEvent(Event.PASSWORD_CHANGED, now, actor, user_id=person.id))
    await notify(uow, ports, person, "password_changed", actor)
    return True
