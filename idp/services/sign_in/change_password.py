"""The change-password step: a temporary or overdue password is replaced by one of the person's choosing."""

from __future__ import annotations

from dataclasses import dataclass

from idp.domain.assurance import Method
from idp.domain.audit import AuditEvent, Event
from idp.domain.passwords import Choice, fits, is_text, normalise, problem_with
from idp.domain.steps import Step
from idp.errors import InvalidInput
from idp.ports import Ports
from idp.services.notices import notify
from idp.services.sign_in.visit import OutOfTurn, Position, Visit, expect
from idp.services.throttles import password_bucket
from idp.storage.unit_of_work import Store, UnitOfWork

FIELD = "new_password"


@dataclass(frozen=True, slots=True)
class _Stored:
    """The hashes that the new password must not match, as they were when the work began."""

    password_hash: str | None
    temporary_hash: str | None


async def change_password(store: Store, ports: Ports, visit: Visit, wanted: str) -> None:
    """Replaces the password and ends everything that the old one had opened, in one transaction (F03, PW19).

    Raises `InvalidInput` with the reason when the password is not good enough: the step stays, nothing is stored. Of several
    browsers that try to replace one temporary password, the first wins and the others are out of turn (PW06).
    """
    async with store.read() as uow:
        position = await expect(uow, ports, visit, Step.CHANGE_PASSWORD)
        stored = await _load(uow, position)
    password = normalise(wanted)
    problem = await _judge(ports, position, stored, wanted, password)
    if problem is not None:
        raise InvalidInput(FIELD, problem)
    new_hash = await ports.hasher.hash(password)
    async with store.write() as uow:
        position = await expect(uow, ports, visit, Step.CHANGE_PASSWORD)
        await _settle(uow, ports, visit, position, stored, new_hash)


async def _load(uow: UnitOfWork, position: Position) -> _Stored:
    password = await uow.credentials.password(position.person.id)
    temporary = await uow.credentials.temporary(position.person.id)
    return _Stored(
        password.password_hash if password else None,
        temporary.password_hash if temporary else None,
    )


async def _judge(ports: Ports, position: Position, stored: _Stored, wanted: str, password: str) -> str | None:
    """What is wrong with the new password. The cheap reasons come first: nothing oversized is ever hashed."""
    context = context_words(position)
    hashable = is_text(wanted) and fits(wanted, ports.rules.passwords) and fits(password, ports.rules.passwords)
    choice = Choice(
        password=password if hashable else wanted,
        context=context,
        has_second_factor=position.situation.demand is not None,
        is_breached=hashable and ports.strength.is_breached(password),
        is_current=hashable and await _is(ports, stored.password_hash, password),
        is_temporary=hashable and await _is(ports, stored.temporary_hash, password),
        advice=ports.strength.advice(password, context) if hashable else None,
    )
    return problem_with(choice, ports.rules.passwords)


async def _is(ports: Ports, stored_hash: str | None, password: str) -> bool:
    return stored_hash is not None and await ports.hasher.verify(stored_hash, password)


def context_words(position: Position) -> list[str]:
    """What somebody who knows the person would try first: names, mailbox, accounts, portal, provider."""
    person = position.person
    words = [person.username, person.email.split("@")[0], person.given_name, person.family_name, person.name]
    for membership in position.situation.memberships:
        words += [membership.account.name, membership.account.number]
    words.append(position.situation.client.client_name)
    return [word for word in dict.fromkeys(words) if word]


async def _settle(
    uow: UnitOfWork, ports: Ports, visit: Visit, position: Position, stored: _Stored, new_hash: str
) -> None:
    now, person = ports.clock.now(), position.person
    temporary_id = position.login.temporary_id
    if temporary_id is not None and not await uow.credentials.use_temporary(person.id, temporary_id):
        raise OutOfTurn(position.step)
    if not await uow.credentials.set_password(person.id, new_hash, now, replacing=stored.password_hash):
        raise OutOfTurn(position.step)
    epoch = await uow.people.bump_epoch(person.id)
    await uow.sessions.end_all(person.id, now)
    await uow.browsers.forget_all(person.id)
    await uow.throttles.clear(password_bucket(ports, person.username, None))
    evidence = position.situation.evidence.without(Method.TEMPORARY_PASSWORD).having(Method.PASSWORD, now)
    expires_at = now + ports.rules.mfa.finish_seconds
    if not await uow.logins.identify(position.login.id_hash, person.id, epoch, evidence, None, now, expires_at):
        raise OutOfTurn(position.step)
    await uow.audit.add(AuditEvent(Event.PASSWORD_CHANGED, now, visit.actor, user_id=person.id))
    await notify(uow, ports, person, "password_changed")
