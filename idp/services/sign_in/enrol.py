"""Enrolling an authenticator app during sign-in: a pending secret, shown to this login only, confirmed by one code."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from idp.domain.assurance import Method
from idp.domain.audit import AuditEvent, Event
from idp.domain.onetime import CodeVerdict, clean_code
from idp.domain.steps import Step
from idp.ports import Ports
from idp.services.notices import notify
from idp.services.sign_in.second_factor import CodeOutcome, count_try, destroy_if_spent, totp_place
from idp.services.sign_in.visit import Position, Visit, expect, hold, keep_proof
from idp.services.throttles import second_factor_limits, succeed_all
from idp.storage.unit_of_work import Store, UnitOfWork

CONFIRM_STEPS_AHEAD = 1


@dataclass(frozen=True, slots=True)
class PendingEnrolment:
    """What the page shows: the key for typing, the key URI for the QR code and for an app on the same device."""

    secret: str
    uri: str


async def pending_enrolment(store: Store, ports: Ports, visit: Visit) -> PendingEnrolment:
    """The pending secret of this login, minted when there is none: a reload shows the same one (UX 32)."""
    async with store.read() as uow:
        position = await expect(uow, ports, visit, Step.ENROL_TOTP)
        sealed = await _pending(uow, ports, position)
    if sealed is None:
        sealed = await _mint(store, ports, visit)
    secret = _opened(ports, position.person.id, sealed)
    uri = ports.totp.provisioning_uri(secret, ports.rules.mfa.issuer_name, position.person.username)
    return PendingEnrolment(secret, uri)


async def _mint(store: Store, ports: Ports, visit: Visit) -> bytes:
    async with store.write() as uow:
        position = await hold(uow, ports, visit, Step.ENROL_TOTP)
        sealed = await _pending(uow, ports, position)
        if sealed is not None:
            return sealed
        user_id = position.person.id
        sealed = ports.sealer.seal(ports.totp.new_secret().encode(), totp_place(user_id))
        expires_at = ports.clock.now() + ports.rules.mfa.enrolment_seconds
        await uow.credentials.put_enrolment(user_id, position.login.id_hash, sealed, expires_at)
        return sealed


async def _pending(uow: UnitOfWork, ports: Ports, position: Position) -> bytes | None:
    return await uow.credentials.enrolment(position.person.id, position.login.id_hash, ports.clock.now())


def _opened(ports: Ports, user_id: str, sealed: bytes) -> str:
    secret = ports.sealer.open(sealed, totp_place(user_id)).decode()
    base64.b32decode(secret)  # fails loudly on anything but a key, before a person is shown it
    return secret


async def confirm_enrolment(store: Store, ports: Ports, visit: Visit, typed: str) -> CodeOutcome:
    """Takes one code as proof that the app has the secret, and burns its time step at once (SECURITY-CASES TO03).

    Only the newest pending secret of the person counts, and only for the login that was shown it (TO16).
    """
    async with store.write() as uow:
        position = await hold(uow, ports, visit, Step.ENROL_TOTP)
        refusal = await count_try(uow, ports, visit, position)
        if refusal is not None:
            return refusal
        sealed = await _pending(uow, ports, position)
        if sealed is None:
            return CodeOutcome(CodeVerdict.EXPIRED)
        step = _matching_step(ports, position, sealed, typed)
        if step is None:
            return await destroy_if_spent(uow, ports, position, CodeVerdict.WRONG)
        return await _settle(uow, ports, visit, position, step)


def _matching_step(ports: Ports, position: Position, sealed: bytes, typed: str) -> int | None:
    code = clean_code(typed)
    if code is None:
        return None
    secret = _opened(ports, position.person.id, sealed)
    back = ports.rules.mfa.steps_back
    return ports.totp.matching_step(secret, code, ports.clock.now(), back=back, ahead=CONFIRM_STEPS_AHEAD)


async def _settle(uow: UnitOfWork, ports: Ports, visit: Visit, position: Position, step: int) -> CodeOutcome:
    now, person = ports.clock.now(), position.person
    if not await uow.credentials.confirm_totp(person.id, position.login.id_hash, step, now):
        return CodeOutcome(CodeVerdict.EXPIRED)
    await succeed_all(uow, ports, second_factor_limits(ports, person.id, visit.actor.address))
    await keep_proof(uow, position, position.login.evidence.having(Method.TOTP, now))
    await uow.audit.add(AuditEvent(Event.TOTP_ENROLLED, now, visit.actor, user_id=person.id))
    await notify(uow, ports, person, "authenticator_added", visit.actor)
    return CodeOutcome(CodeVerdict.RIGHT)
