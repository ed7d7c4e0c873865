"""The password step: who is this? Every failure looks and costs the same (SECURITY-CASES LG01, LG02).

load: count the attempt and read the hashes. work: Argon2, with no transaction open. settle: write the proof, or the failure.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from idp.domain import throttling
from idp.domain.assurance import Evidence, Method
from idp.domain.audit import AuditEvent, Event
from idp.domain.passwords import fits, is_text, looks_temporary, normalise
from idp.domain.people import Person
from idp.domain.steps import Step
from idp.ports import Ports
from idp.services.sign_in.visit import LoginOver, Visit, expect
from idp.services.throttles import bucket, password_bucket
from idp.storage.records import TemporaryRecord
from idp.storage.unit_of_work import Store, UnitOfWork


class PasswordOutcome(StrEnum):
    PROVED = "proved"
    FAILED = "failed"
    EXPIRED = "expired"
    """The right temporary password, too late: the page may say so and offer a new one."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What the work needs: whether it may succeed at all, and the hashes to compare with (None: a dummy of equal cost)."""

    allowed: bool
    person: Person | None
    bucket: str
    address_bucket: str
    password_hash: str | None = None
    temporary: TemporaryRecord | None = None


async def prove_password(store: Store, ports: Ports, visit: Visit, username: str, password: str) -> PasswordOutcome:
    """Checks a username and password for this visit's login. Raises `OutOfTurn`, `LoginOver`, `errors.Busy`."""
    if not fits(password, ports.rules.passwords) or not is_text(password):
        return PasswordOutcome.FAILED
    password = normalise(password)
    async with store.write() as uow:
        await expect(uow, ports, visit, Step.PASSWORD)
        attempt = await _admit(uow, ports, visit, username)
    method = await _work(ports, attempt, password)
    async with store.write() as uow:
        await expect(uow, ports, visit, Step.PASSWORD)
        if method is None or attempt.person is None:
            return await _fail(uow, ports, visit, attempt)
        outcome = await _succeed(uow, ports, visit, attempt, method)
    if method is Method.PASSWORD and attempt.password_hash and ports.hasher.is_outdated(attempt.password_hash):
        await _rehash(store, ports, attempt.person.id, attempt.password_hash, password)
    return outcome


async def _admit(uow: UnitOfWork, ports: Ports, visit: Visit, username: str) -> _Attempt:
    """Counts the attempt before it is evaluated; a refused one is still evaluated against a dummy, for equal time (LG09)."""
    now = ports.clock.now()
    person = await uow.people.by_username(username)
    keep = ports.rules.sessions.browser_seconds
    known = person is not None and await uow.browsers.is_known(visit.browser_hash, person.id, now, keep)
    name = password_bucket(ports, username, visit.browser_hash if known else None)
    address_name = bucket(ports, "password-address", visit.actor.address)
    address_limit = throttling.password_address(ports.rules.throttle)
    refused = not known and not (await uow.throttles.attempt(address_name, address_limit, now)).allowed
    refused = refused or not (await uow.throttles.attempt(name, throttling.PASSWORD, now)).allowed
    if refused:
        details = {"username_known": str(person is not None).lower()}
        user_id = person.id if person else None
        await uow.audit.add(AuditEvent(Event.SIGN_IN_THROTTLED, now, visit.actor, user_id=user_id, details=details))
    if refused or person is None:
        return _Attempt(not refused, person, name, "" if known else address_name)
    stored = await uow.credentials.password(person.id)
    return _Attempt(
        allowed=True,
        person=person,
        bucket=name,
        address_bucket="" if known else address_name,
        password_hash=stored.password_hash if stored else None,
        temporary=await uow.credentials.temporary(person.id),
    )


async def _work(ports: Ports, attempt: _Attempt, password: str) -> Method | None:
    """Which stored secret this password is. How many hashes it takes depends on what was typed, never on the person."""
    if looks_temporary(password):
        temporary_hash = attempt.temporary.password_hash if attempt.temporary else None
        if await ports.hasher.verify(temporary_hash, password) and attempt.allowed:
            return Method.TEMPORARY_PASSWORD
    matches = await ports.hasher.verify(attempt.password_hash, password)
    return Method.PASSWORD if matches and attempt.allowed else None


async def _fail(uow: UnitOfWork, ports: Ports, visit: Visit, attempt: _Attempt) -> PasswordOutcome:
    if attempt.allowed:
        user_id = attempt.person.id if attempt.person else None
        await uow.audit.add(AuditEvent(Event.SIGN_IN_FAILED, ports.clock.now(), visit.actor, user_id=user_id))
    return PasswordOutcome.FAILED


async def _succeed(uow: UnitOfWork, ports: Ports, visit: Visit, attempt: _Attempt, method: Method) -> PasswordOutcome:
    """Writes the proof, after checking that what was verified is still what is stored."""
    now = ports.clock.now()
    person = attempt.person
    assert person is not None  # noqa: S101 - the caller's condition
    temporary = attempt.temporary if method is Method.TEMPORARY_PASSWORD else None
    current = await uow.people.get(person.id)
    if current is None or not await _still_stored(uow, attempt, temporary):
        return await _fail(uow, ports, visit, attempt)
    await uow.throttles.clear(attempt.bucket)
    if attempt.address_bucket:
        limit = throttling.password_address(ports.rules.throttle)
        await uow.throttles.forgive(attempt.address_bucket, limit, now)
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


async def _still_stored(uow: UnitOfWork, attempt: _Attempt, temporary: TemporaryRecord | None) -> bool:
    """Whether the verified secret is still the stored one: it may have been replaced while Argon2 ran."""
    assert attempt.person is not None  # noqa: S101 - the caller's condition
    if temporary is not None:
        found = await uow.credentials.temporary(attempt.person.id)
        return found is not None and found.id == temporary.id
    stored = await uow.credentials.password(attempt.person.id)
    return stored is not None and stored.password_hash == attempt.password_hash


async def _rehash(store: Store, ports: Ports, user_id: str, old_hash: str, password: str) -> None:
    """Renews a hash of weaker parameters while the password is at hand (SECURITY-CASES section 3)."""
    new_hash = await ports.hasher.hash(password)
    async with store.write() as uow:
        await uow.credentials.rehash(user_id, old_hash, new_hash)
