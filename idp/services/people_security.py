"""What administrators do about a person's way in: the phone number, disabling, and *Reset MFA*. Never the password."""

from __future__ import annotations

from dataclasses import dataclass

from idp.domain.audit import Actor, AuditEvent, Event
from idp.domain.people import Person, Role, UserStatus
from idp.errors import Conflict
from idp.ports import Ports
from idp.services.factors import remove_factors
from idp.services.notices import notify
from idp.services.people import found, parsed_phone
from idp.services.sessions import end_sessions, void_earlier_proofs
from idp.storage.unit_of_work import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class SetPhone:
    """`phone` as somebody typed it; None removes the number."""

    username: str
    phone: str | None
    actor: Actor = Actor(id="cli")


@dataclass(frozen=True, slots=True)
class DisableUser:
    username: str
    actor: Actor = Actor(id="cli")


@dataclass(frozen=True, slots=True)
class EnableUser:
    username: str
    actor: Actor = Actor(id="cli")


@dataclass(frozen=True, slots=True)
class ResetMfa:
    username: str
    actor: Actor = Actor(id="cli")


async def set_phone(store: Store, ports: Ports, command: SetPhone) -> Person:
    """Stores another mobile number. The person is told; sessions and tokens that a text message opened end with it.

    Raises `NotFound` and `InvalidInput`.
    """
    e164 = parsed_phone(ports, command.phone) if command.phone is not None else None
    async with store.write() as uow:
        person = await found(uow, command.username)
        if person.phone_number == e164:
            return person
        await uow.people.set_phone(person.id, e164, False, ports.clock.now())
        await void_earlier_proofs(uow, ports, person.id, command.actor)
        await _record(
            uow, ports, Event.PHONE_CHANGED, command.actor, person, {"removed": "yes"} if e164 is None else {}
        )
        # The whole number stays out of the mail: a mailbox is read by others more often than a phone.
        await notify(uow, ports, person, "phone_changed", command.actor, phone_ending=(e164 or "")[-3:])
        return await found(uow, command.username)


async def disable_user(store: Store, ports: Ports, command: DisableUser) -> bool:
    """Ends the person's sessions and tokens and lets nobody in by that name. False: was disabled before.

    Raises `NotFound`, and `Conflict` for the last person with the role support (SECURITY-CASES AD15).
    """
    async with store.write() as uow:
        person = await found(uow, command.username)
        is_support = any(m.role is Role.SUPPORT for m in await uow.people.memberships(person.id))
        if is_support and person.is_active and await uow.people.count_support() <= 1:
            raise Conflict(f"{person.username} is the last person with the role support. Add another one first.")
        changed = await uow.people.set_status(person.id, UserStatus.DISABLED, ports.clock.now())
        if changed:
            await end_sessions(uow, ports, person.id, command.actor)
            await _record(uow, ports, Event.USER_DISABLED, command.actor, person)
        return changed


async def enable_user(store: Store, ports: Ports, command: EnableUser) -> bool:
    """Lets the person sign in again; what ended stays ended. False: was enabled before. Raises `NotFound`."""
    async with store.write() as uow:
        person = await found(uow, command.username)
        changed = await uow.people.set_status(person.id, UserStatus.ACTIVE, ports.clock.now())
        if changed:
            await _record(uow, ports, Event.USER_ENABLED, command.actor, person)
        return changed


async def reset_mfa(store: Store, ports: Ports, command: ResetMfa) -> bool:
    """Removes the authenticator app: where MFA is asked for, the next sign-in sets one up again (*Reset MFA*).

    False: there was none. Raises `NotFound`.
    """
    async with store.write() as uow:
        person = await found(uow, command.username)
        removed = await remove_factors(uow, person)
        if removed:
            await void_earlier_proofs(uow, ports, person.id, command.actor)
            await _record(uow, ports, Event.MFA_RESET, command.actor, person)
            await notify(uow, ports, person, "mfa_reset", command.actor)
        return bool(removed)


async def _record(
    uow: UnitOfWork, ports: Ports, event: Event, actor: Actor, person: Person, details: dict[str, str] | None = None
) -> None:
    await uow.audit.add(AuditEvent(event, ports.clock.now(), actor, person.id, details=details or {}))
