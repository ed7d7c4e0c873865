"""Is this the password? One way to ask, with one set of counters, wherever it is asked (SECURITY-CASES LG05).

admit: count the attempt and read the hashes. matching: Argon2, with no transaction open. Whoever asks then settles: an attempt
that was right is cleared, after a look whether what was verified is still what is stored.
"""

from __future__ import annotations

from dataclasses import dataclass

from idp.domain import throttling
from idp.domain.assurance import Method
from idp.domain.audit import Actor, AuditEvent, Event
from idp.domain.passwords import looks_temporary
from idp.domain.people import Person
from idp.domain.throttling import Limit
from idp.ports import Ports
from idp.services.throttles import bucket, password_bucket
from idp.storage.records import TemporaryRecord
from idp.storage.unit_of_work import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the work needs: whether the chosen password may be right, and the hashes to compare with (None: a dummy of equal
    cost)."""

    retry_after: int
    """Seconds; 0: the chosen password may be right."""
    person: Person | None
    bucket: str
    address_bucket: str
    password_hash: str | None = None
    temporary: TemporaryRecord | None = None

    @property
    def allowed(self) -> bool:
        return not self.retry_after


async def admit(uow: UnitOfWork, ports: Ports, username: str, browser_hash: bytes, actor: Actor) -> Attempt:
    """Counts the attempt before it is evaluated; a refused one is still evaluated against a dummy, for equal time (LG09)."""
    now = ports.clock.now()
    person = await uow.people.by_username(username)
    keep = ports.rules.sessions.browser_seconds
    known = person is not None and await uow.browsers.is_known(browser_hash, person.id, now, keep)
    name = password_bucket(ports, username, browser_hash if known else None)
    address_name = "" if known else bucket(ports, "password-address", actor.address)
    address_wait = await _address_wait(uow, ports, address_name) if address_name else 0
    wait = address_wait or await _wait(uow, name, throttling.PASSWORD, now)
    if wait:
        details = {"username_known": str(person is not None).lower()}
        user_id = person.id if person else None
        await uow.audit.add(AuditEvent(Event.SIGN_IN_THROTTLED, now, actor, user_id=user_id, details=details))
    if address_wait or person is None:
        return Attempt(wait, person, name, address_name)
    # Nobody guesses 90 random bits: a temporary password is compared also while strangers have used up the owner's tries, so
    # that Forgotten Login Details is a way back that no attacker can close (SECURITY-CASES LG08, I6).
    temporary = await uow.credentials.temporary(person.id)
    stored = await uow.credentials.password(person.id) if not wait else None
    return Attempt(wait, person, name, address_name, stored.password_hash if stored else None, temporary)


async def _address_wait(uow: UnitOfWork, ports: Ports, name: str) -> int:
    return await _wait(uow, name, throttling.password_address(ports.rules.throttle), ports.clock.now())


async def _wait(uow: UnitOfWork, name: str, limit: Limit, now: int) -> int:
    verdict = await uow.throttles.attempt(name, limit, now)
    return 0 if verdict.allowed else max(1, verdict.retry_after)


async def matching(ports: Ports, attempt: Attempt, password: str) -> Method | None:
    """Which stored secret this password is. How many hashes it takes depends on what was typed, never on the person.

    `password` is normalised and fits. Raises `errors.Busy`.
    """
    if looks_temporary(password):
        temporary_hash = attempt.temporary.password_hash if attempt.temporary else None
        if await ports.hasher.verify(temporary_hash, password):
            return Method.TEMPORARY_PASSWORD
    matches = await ports.hasher.verify(attempt.password_hash, password)
    return Method.PASSWORD if matches and attempt.allowed else None


async def is_still_stored(uow: UnitOfWork, attempt: Attempt, method: Method) -> bool:
    """Whether the verified secret is still the stored one: it may have been replaced while Argon2 ran."""
    assert attempt.person is not None  # noqa: S101 - somebody's secret was verified
    if method is Method.TEMPORARY_PASSWORD:
        found = await uow.credentials.temporary(attempt.person.id)
        return found is not None and attempt.temporary is not None and found.id == attempt.temporary.id
    stored = await uow.credentials.password(attempt.person.id)
    return stored is not None and stored.password_hash == attempt.password_hash


async def clear(uow: UnitOfWork, ports: Ports, attempt: Attempt) -> None:
    """The password was right: the row of failures is over."""
    await uow.throttles.clear(attempt.bucket)
    if attempt.address_bucket:
        limit = throttling.password_address(ports.rules.throttle)
        await uow.throttles.forgive(attempt.address_bucket, limit, ports.clock.now())


async def record_failure(uow: UnitOfWork, ports: Ports, attempt: Attempt, actor: Actor) -> None:
    """A throttled attempt is in the trail already, and was not evaluated."""
    if attempt.allowed:
        user_id = attempt.person.id if attempt.person else None
        await uow.audit.add(AuditEvent(Event.SIGN_IN_FAILED, ports.clock.now(), actor, user_id=user_id))


async def renew_hash(store: Store, ports: Ports, attempt: Attempt, password: str) -> None:
    """Renews a hash of weaker parameters while the password is at hand (SECURITY-CASES section 3)."""
    old_hash = attempt.password_hash
    if attempt.person is None or old_hash is None or not ports.hasher.is_outdated(old_hash):
        return
    new_hash = await ports.hasher.hash(password)
    async with store.write() as uow:
        await uow.credentials.rehash(attempt.person.id, old_hash, new_hash)
