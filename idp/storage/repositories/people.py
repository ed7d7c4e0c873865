"""Users and their memberships."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, case, distinct, exists, func, or_, select, update

from idp.domain.people import Membership, Person, Role, UserStatus, identifier_key
from idp.errors import Conflict, NotFound
from idp.storage.encoding import to_json
from idp.storage.repositories.repository import Repository, matches, page, starts_with
from idp.storage.rows import (
    ACCOUNT_COLUMNS,
    MEMBERSHIP_COLUMNS,
    PERSON_COLUMNS,
    membership_from,
    person_from,
)
from idp.storage.tables import accounts, memberships, users

TAKEN = "That username or e-mail address is taken. Choose another one."
"""Says nothing of whose it is: that person may stand in another branch (SECURITY-CASES AD07)."""

SHARED_MAILBOX = 10
"""How many people behind one e-mail address are still answered for."""


class People(Repository):
    async def add(self, person: Person, now: int) -> None:
        """Raises `errors.Conflict` when the username is taken, or the identifiers clash with another person's (LG19)."""
        await self._claim_identifiers(person)
        insert = self._insert(users).values(
            id=person.id,
            status=person.status.value,
            auth_epoch=person.auth_epoch,
            phone_changed_at=now if person.phone_number else None,
            created_at=now,
            **_columns(person, now),
        )
        if not await self._happened(insert.on_conflict_do_nothing().returning(users.c.id)):
            raise Conflict(TAKEN)

    async def get(self, user_id: str) -> Person | None:
        return await self._one(users.c.id == user_id)

    async def by_username(self, typed: str) -> Person | None:
        return await self._one(users.c.username_key == identifier_key(typed))

    async def by_email(self, typed: str) -> list[Person]:
        """Everybody with this address, at most ten: shared mailboxes are normal, addresses are not unique."""
        statement = select(*PERSON_COLUMNS).where(users.c.email_key == identifier_key(typed))
        rows = await self._all(statement.order_by(users.c.username_key).limit(SHARED_MAILBOX))
        return [person_from(row) for row in rows]

    async def update(self, person: Person, now: int, *, expected_version: int | None = None) -> None:
        """Stores names, e-mail, phone, claims and `mfa_enabled`; never status or epoch, which have verbs of their own.

        Raises `errors.NotFound`, and `errors.Conflict` when identifiers clash or the version moved on (AD12).
        """
        await self._claim_identifiers(person)
        statement = (
            update(users)
            .where(users.c.id == person.id)
            .values(**_columns(person, now), **_phone_changed(person.phone_number, now), version=users.c.version + 1)
        )
        if expected_version is not None:
            statement = statement.where(users.c.version == expected_version)
        if await self._happened(statement.returning(users.c.id)):
            return
        await self.version(person.id)
        raise Conflict("Somebody else changed this person in the meantime. Look at the change, then try again.")

    async def version(self, user_id: str) -> int:
        """Raises `errors.NotFound`."""
        return await self._number(select(users.c.version).where(users.c.id == user_id), user_id)

    async def set_status(self, user_id: str, status: UserStatus, now: int) -> bool:
        """False: nothing changed. Disabling voids every session and grant at once."""
        changed = update(users).where(users.c.id == user_id, users.c.status != status.value)
        epoch = users.c.auth_epoch + (1 if status is UserStatus.DISABLED else 0)
        return await self._happened(
            changed.values(status=status.value, auth_epoch=epoch, **_touched(now)).returning(users.c.id)
        )

    async def bump_epoch(self, user_id: str) -> int:
        """Voids every session, login and grant of the person; returns the new epoch. Raises `errors.NotFound`."""
        bumped = update(users).where(users.c.id == user_id).values(auth_epoch=users.c.auth_epoch + 1)
        return await self._number(bumped.returning(users.c.auth_epoch), user_id)

    async def set_phone(self, user_id: str, e164: str | None, verified: bool, now: int) -> None:
        """Raises `errors.NotFound`."""
        values = {"phone_number": e164, "phone_number_verified": verified and e164 is not None}
        await self._change(user_id, **values, **_phone_changed(e164, now), **_touched(now))

    async def set_mfa_enabled(self, user_id: str, enabled: bool, now: int) -> None:
        """Raises `errors.NotFound`."""
        await self._change(user_id, mfa_enabled=enabled, **_touched(now))

    async def add_membership(
        self, membership_id: str, user_id: str, account_id: str, role: Role, may_manage_mfa: bool, now: int
    ) -> None:
        """Raises `errors.Conflict`: the person has a membership in that account, or one of the two does not exist."""
        insert = self._insert(memberships).values(
            id=membership_id,
            user_id=user_id,
            account_id=account_id,
            role=role.value,
            may_manage_mfa=may_manage_mfa,
            created_at=now,
        )
        if not await self._happened(insert.on_conflict_do_nothing().returning(memberships.c.id)):
            raise Conflict("This person belongs to that account already.")

    async def memberships(self, user_id: str) -> list[Membership]:
        """In the order of account numbers."""
        statement = _memberships().where(memberships.c.user_id == user_id).order_by(accounts.c.number_key)
        return [membership_from(row) for row in await self._all(statement)]

    async def membership(self, membership_id: str) -> Membership | None:
        row = await self._first(_memberships().where(memberships.c.id == membership_id))
        return membership_from(row) if row else None

    async def count_support(self) -> int:
        """How many active people have the role support: the last one must not lock everybody out (AD15)."""
        statement = (
            select(func.count(distinct(users.c.id)))
            .join(memberships, memberships.c.user_id == users.c.id)
            .where(memberships.c.role == Role.SUPPORT.value, users.c.status == UserStatus.ACTIVE.value)
        )
        return int((await self._run(statement)).scalar_one())

    async def in_account(
        self, under_path: str, *, after: str = "", limit: int = 100, search: str = ""
    ) -> list[tuple[Person, Membership]]:
        """People with a membership at or below `under_path`, each with every such membership, in the order of usernames.

        `limit` counts people, so that a page never ends between two memberships of one; `after` is the `identifier_key` of
        the last username of the page before. `search` is the start of a username or e-mail address, or a part of a name.
        """
        inside = starts_with(accounts.c.path, under_path)
        people = select(users.c.id).where(
            exists()
            .where(memberships.c.user_id == users.c.id, memberships.c.account_id == accounts.c.id, inside)
            .correlate(users)
        )
        if search.strip():
            full_name = users.c.given_name + " " + users.c.family_name
            people = people.where(matches(search, [users.c.username_key, users.c.email_key], [full_name, users.c.name]))
        chosen = page(people, users.c.username_key, after, limit).subquery()
        statement = (
            _memberships()
            .add_columns(*PERSON_COLUMNS)
            .join(users, users.c.id == memberships.c.user_id)
            .where(inside, users.c.id.in_(select(chosen.c.id)))
            .order_by(users.c.username_key, accounts.c.number_key)
        )
        return [(person_from(row), membership_from(row)) for row in await self._all(statement)]

    async def _one(self, condition: ColumnElement[bool]) -> Person | None:
        row = await self._first(select(*PERSON_COLUMNS).where(condition))
        return person_from(row) if row else None

    async def _number(self, statement: Any, user_id: str) -> int:
        number = (await self._run(statement)).scalar_one_or_none()
        if number is None:
            raise NotFound(detail=f"user {user_id}")
        return int(number)

    async def _change(self, user_id: str, **values: Any) -> None:
        if not await self._happened(update(users).where(users.c.id == user_id).values(**values).returning(users.c.id)):
            raise NotFound(detail=f"user {user_id}")

    async def _claim_identifiers(self, person: Person) -> None:
        """Usernames and e-mail addresses share one space: nobody's username is another's address (SECURITY-CASES LG19).

        No row stands for that yet, so the two names are locked: of two people who want the same, one waits and sees.
        """
        username, email = identifier_key(person.username), identifier_key(person.email)
        await self._lock(f"identifier {username}", f"identifier {email}")
        clash = select(users.c.id).where(
            users.c.id != person.id,
            or_(users.c.username_key.in_([username, email]), users.c.email_key == username),
        )
        if await self._happened(clash.limit(1)):
            raise Conflict(TAKEN)


def _memberships() -> Any:
    return select(*MEMBERSHIP_COLUMNS, *ACCOUNT_COLUMNS).join(accounts, accounts.c.id == memberships.c.account_id)


def _columns(person: Person, now: int) -> dict[str, Any]:
    return {
        "username": person.username,
        "username_key": identifier_key(person.username),
        "email": person.email,
        "email_key": identifier_key(person.email),
        "email_verified": person.email_verified,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "name": person.name,
        "phone_number": person.phone_number,
        "phone_number_verified": person.phone_number_verified,
        "standard_claims": to_json(person.standard_claims),
        "mfa_enabled": person.mfa_enabled,
        "updated_at": now,
    }


def _touched(now: int) -> dict[str, Any]:
    return {"updated_at": now, "version": users.c.version + 1}


def _phone_changed(e164: str | None, now: int) -> dict[str, Any]:
    """When the number was last another one: a text message to a number that just changed is a risk that policy may weigh."""
    same = users.c.phone_number.is_not_distinct_from(e164)
    return {"phone_changed_at": case((same, users.c.phone_changed_at), else_=now)}
