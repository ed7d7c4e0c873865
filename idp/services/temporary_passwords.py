"""Temporary passwords: mailed to a new user, or to one who forgot; 60 minutes, one at a time (the Inbound article).

A temporary password opens the change-password step and nothing else. Asking for one disturbs neither the chosen password
nor live sessions; both end only when the new password is chosen (SECURITY-CASES PW03).
"""

from __future__ import annotations

from dataclasses import dataclass

from idp.domain.audit import Actor, AuditEvent, Event
from idp.domain.ids import Prefix
from idp.domain.passwords import temporary_password
from idp.domain.people import Person
from idp.domain.rules import MINUTE
from idp.ports import Ports
from idp.services.minting import new_identifier
from idp.services.notices import greeting, post_mail
from idp.storage.unit_of_work import UnitOfWork

WELCOME = "welcome_temporary_password"
FORGOTTEN = "forgotten_temporary_password"


@dataclass(frozen=True, slots=True)
class PreparedTemporary:
    """A temporary password and its hash: the slow work, done before the transaction opens."""

    password: str
    password_hash: str


async def prepare_temporary(ports: Ports) -> PreparedTemporary:
    """Mints and hashes a temporary password. Raises `errors.Busy`."""
    password = temporary_password(ports.entropy.below)
    return PreparedTemporary(password, await ports.hasher.hash(password))


async def settle_temporary(
    uow: UnitOfWork,
    ports: Ports,
    person: Person,
    prepared: PreparedTemporary,
    template: str,
    actor: Actor,
    *,
    account: str = "",
) -> str:
    """Stores the temporary password, voiding any earlier one, and mails it to the stored address and nowhere else.

    `account` is the name of the account that a new user was added to. Returns the message id. The mail expires with the
    password: one that would arrive too late is not sent (F23).
    """
    now = ports.clock.now()
    lifetime = ports.rules.passwords.temporary_seconds
    await uow.credentials.put_temporary(
        person.id, new_identifier(ports.entropy, Prefix.TEMPORARY), prepared.password_hash, now, now + lifetime
    )
    await uow.audit.add(AuditEvent(Event.TEMPORARY_PASSWORD_SENT, now, actor, user_id=person.id))
    values = greeting(ports, person, actor) | {
        "password": prepared.password,
        "minutes": str(lifetime // MINUTE),
        "sign_in_url": f"{ports.rules.issuer}/account",
        "portal": ports.rules.mfa.issuer_name,
        "account": account,
    }
    return await post_mail(uow, ports, template, person.email, values, expires_at=now + lifetime)
