"""People as administrators manage them: creating users, their memberships, and looking them up.

There is no use case here that sets, shows or resets another person's password, so no page, API or command can grow one: a new
user gets a temporary password by mail, and whoever forgot theirs asks for one (the Inbound article).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from idp.domain.accounts import Account, Kind
from idp.domain.audit import Actor, AuditEvent, Event
from idp.domain.ids import Prefix
from idp.domain.people import Membership, Person, Role, is_valid_email, is_valid_username
from idp.domain.phones import PhoneRefused
from idp.errors import Conflict, InvalidInput, NotFound
from idp.ports import Ports
from idp.services.accounts import EVERYTHING
from idp.services.accounts import found as found_account
from idp.services.minting import new_identifier
from idp.services.temporary_passwords import WELCOME, prepare_temporary, settle_temporary
from idp.storage.unit_of_work import Store, UnitOfWork

MAX_NAME = 200
NAMES = ("given_name", "family_name", "name")


@dataclass(frozen=True, slots=True)
class CreateUser:
    """`account` is the account's number, `phone` as somebody typed it. `standard_claims` are those without a column."""

    username: str
    email: str
    account: str
    role: Role = Role.USER
    phone: str | None = None
    given_name: str = ""
    family_name: str = ""
    name: str = ""
    email_verified: bool = False
    phone_verified: bool = False
    may_manage_mfa: bool = True
    standard_claims: Mapping[str, Any] = field(default_factory=dict)
    mail: bool = True
    """False: no temporary password is made; the person asks for one with Forgotten Login Details."""
    actor: Actor = Actor(id="cli")


@dataclass(frozen=True, slots=True)
class Created:
    """A new user, and the mail with the temporary password on its way (empty when none was wanted)."""

    person: Person
    membership: Membership
    message_id: str


@dataclass(frozen=True, slots=True)
class AddMembership:
    """A person's place in a further account."""

    username: str
    account: str
    role: Role = Role.USER
    may_manage_mfa: bool = True
    actor: Actor = Actor(id="cli")


async def create_user(store: Store, ports: Ports, command: CreateUser) -> Created:
    """Creates a user in an account and mails a temporary password.

    Raises `InvalidInput` naming the field, `NotFound` (no such account), `Conflict` (the name is taken) and `Busy`.
    """
    person = _new_person(ports, command)
    async with store.read() as uow:
        _check_role(command.role, await found_account(uow, command.account))
        if await uow.people.by_username(person.username) is not None:
            raise Conflict("That username is taken. Choose another one.")
    prepared = await prepare_temporary(ports) if command.mail else None
    async with store.write() as uow:
        now = ports.clock.now()
        account = await found_account(uow, command.account)
        await uow.people.add(person, now)
        membership = await _add_membership(uow, ports, person, account, command.role, command.may_manage_mfa)
        event = AuditEvent(
            Event.USER_CREATED, now, command.actor, person.id, account.id, details={"role": command.role}
        )
        await uow.audit.add(event)
        message_id = ""
        if prepared is not None:
            message_id = await settle_temporary(
                uow, ports, person, prepared, WELCOME, command.actor, account=account.name
            )
    return Created(person, membership, message_id)


async def add_membership(store: Store, ports: Ports, command: AddMembership) -> Membership:
    """Raises `NotFound`, `InvalidInput` and `Conflict` (the person is in that account already)."""
    async with store.write() as uow:
        person, account = await found(uow, command.username), await found_account(uow, command.account)
        _check_role(command.role, account)
        membership = await _add_membership(uow, ports, person, account, command.role, command.may_manage_mfa)
        details = {"membership": membership.id, "role": command.role.value}
        now = ports.clock.now()
        await uow.audit.add(AuditEvent(Event.USER_CHANGED, now, command.actor, person.id, account.id, details=details))
        return membership


@dataclass(frozen=True, slots=True)
class Profile:
    """A person with memberships, and whether an authenticator app is enrolled."""

    person: Person
    memberships: tuple[Membership, ...]
    has_totp: bool = False


async def get_user(store: Store, username: str) -> Profile:
    """Raises `NotFound`."""
    async with store.read() as uow:
        person = await found(uow, username)
        memberships = await uow.people.memberships(person.id)
        return Profile(person, tuple(memberships), await uow.credentials.totp(person.id) is not None)


async def list_users(
    store: Store, *, account: str | None = None, search: str = "", after: str = "", limit: int = 100
) -> list[Profile]:
    """One page of the people in an account (its number; None: everywhere) and below it, by username. Raises `NotFound`."""
    async with store.read() as uow:
        path = (await found_account(uow, account)).path if account is not None else EVERYTHING
        rows = await uow.people.in_account(path, after=after, limit=limit, search=search)
    profiles: dict[str, Profile] = {}
    for person, membership in rows:
        earlier = profiles.get(person.id, Profile(person, ()))
        profiles[person.id] = replace(earlier, memberships=(*earlier.memberships, membership))
    return list(profiles.values())


async def found(uow: UnitOfWork, username: str) -> Person:
    """The person of this username, however it was typed. Raises `NotFound`."""
    person = await uow.people.by_username(username)
    if person is None:
        raise NotFound(f"There is no user {username}.")
    return person


def _new_person(ports: Ports, command: CreateUser) -> Person:
    if not is_valid_username(command.username):
        raise InvalidInput(
            "username", "A username is one word of up to 64 characters, or an e-mail address. Choose another one."
        )
    if not is_valid_email(command.email):
        raise InvalidInput("email", "Enter one e-mail address, like name@example.com.")
    for name in NAMES:
        text = getattr(command, name)
        if len(text) > MAX_NAME or text != text.strip() or not text.isprintable():
            raise InvalidInput(name, f"A name is text on one line, at most {MAX_NAME} characters. Correct {name}.")
    return Person(
        id=new_identifier(ports.entropy, Prefix.USER),
        username=command.username,
        email=command.email,
        given_name=command.given_name,
        family_name=command.family_name,
        name=command.name,
        phone_number=parsed_phone(ports, command.phone) if command.phone else None,
        phone_number_verified=command.phone_verified and bool(command.phone),
        email_verified=command.email_verified,
        standard_claims=dict(command.standard_claims),
    )


def parsed_phone(ports: Ports, typed: str) -> str:
    """The number in E.164. Raises `InvalidInput` with what is wrong with it."""
    try:
        return ports.phones.parse(typed).e164
    except PhoneRefused as refused:
        raise InvalidInput("phone", refused.problem.value) from refused


def _check_role(role: Role, account: Account) -> None:
    if role is Role.SUPPORT and account.kind is not Kind.OPERATOR:
        raise InvalidInput("role", "The role support is for the operator's own account. Choose user or administrator.")


async def _add_membership(
    uow: UnitOfWork, ports: Ports, person: Person, account: Account, role: Role, may_manage_mfa: bool
) -> Membership:
    membership = Membership(new_identifier(ports.entropy, Prefix.MEMBERSHIP), account, role, may_manage_mfa)
    await uow.people.add_membership(membership.id, person.id, account.id, role, may_manage_mfa, ports.clock.now())
    return membership
