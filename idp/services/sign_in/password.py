"""The password step: who is this? Every failure looks and costs the same (SECURITY-CASES LG01, LG02)."""

from __future__ import annotations

from enum import StrEnum

from idp.domain.assurance import Evidence, Method
from idp.domain.audit import AuditEvent, Event
from idp.domain.passwords import fits, is_text, normalise
from idp.domain.steps import Step
from idp.ports import Ports
from idp.services import password_check
from idp.services.password_check import Attempt
from idp.services.sign_in.visit import LoginOver, Visit, hold
from idp.storage.unit_of_work import Store, UnitOfWork


class PasswordOutcome(StrEnum):
    PROVED = "proved"
    FAILED = "failed"
    EXPIRED = "expired"
    """The right temporary password, too late: the page may say so and offer a new one."""


async def prove_password(store: Store, ports: Ports, visit: Visit, username: str, password: str) -> PasswordOutcome:
    """Checks a username and password for this visit's login. Raises `OutOfTurn`, `LoginOver`, `errors.Busy`."""
    if not fits(password, ports.rules.passwords) or not is_text(password):
        return PasswordOutcome.FAILED
    password = normalise(password)
    async with store.write() as uow:
        await hold(uow, ports, visit, Step.PASSWORD)
        attempt = await password_check.admit(uow, ports, username, visit.browser_hash, visit.actor)
    method = await password_check.matching(ports, attempt, password)
    async with store.write() as uow:
        await hold(uow, ports, visit, Step.PASSWORD)
        if method is None:
            await password_check.record_failure(uow, ports, attempt, visit.actor)
            return PasswordOutcome.FAILED
        outcome = await _succeed(uow, ports, visit, attempt, method)
    if method is Method.PASSWORD:
        await password_check.renew_hash(store, ports, attempt, password)
    return outcome


async def _succeed(uow: UnitOfWork, ports: Ports, visit: Visit, attempt: Attempt, method: Method) -> PasswordOutcome:
    """Writes the proof, after checking that what was verified is still what is stored."""
    now = ports.clock.now()
    person = attempt.person
    assert person is not None  # noqa: S101 - somebody's secret was verified
    temporary = attempt.temporary if method is Method.TEMPORARY_PASSWORD else None
    current = await uow.people.get(person.id)
    if current is None or not await password_check.is_still_stored(uow, attempt, method):
        await password_check.record_failure(uow, ports, attempt, visit.actor)
        return PasswordOutcome.FAILED
    await password_check.clear(uow, ports, attempt)
    if temporary is not None and now >= temporary.expires_at:
        await uow.audit.add(AuditEvent(Event.TEMPORARY_PASSWORD_EXPIRED, now, visit.actor, user_id=person.id))
        return PasswordOutcome.EXPIRED
    identified = await uow.logins.identify(
        visit.login_hash,
        person.id,
        current.auth_epoch,
        Evidence({method: now}),
        temporary.id if temporary else None,
        now,
        now + ports.rules.mfa.finish_seconds,
    )
    if not identified:
        login = await uow.logins.get(visit.login_hash)
        assert login is not None  # noqa: S101 - logins are only purged long after they expire
        raise LoginOver(login)
    return PasswordOutcome.PROVED
