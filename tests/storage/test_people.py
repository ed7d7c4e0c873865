"""People: one space of identifiers, versions, epochs, memberships, and who is seen from where."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from idp.domain.accounts import Kind
from idp.domain.people import Person, Role, UserStatus
from idp.errors import Conflict, NotFound
from idp.storage.tables import users
from idp.storage.unit_of_work import Store
from tests.storage.world import NOW, World

FULL = Person(
    "usr_zoe",
    "Zoë",
    "Zoe@X.example",
    "Zoë",
    "Ångström",
    name="Dr Zoë Ångström",
    phone_number="+447700900118",
    phone_number_verified=True,
    email_verified=True,
    mfa_enabled=True,
    standard_claims={"address": {"locality": "Hull\x00"}, "nickname": "zo😀\ud800"},
)


async def test_a_person_is_read_as_stored(store: Store) -> None:
    async with store.write() as uow:
        await uow.people.add(FULL, NOW)
    async with store.read() as uow:
        assert await uow.people.get("usr_zoe") == replace(FULL, updated_at=NOW)
        assert await uow.people.get("usr_none") is None


@pytest.mark.parametrize("typed", ["zoë", "ZOË", "Zoe\u0308", " zoë ", "zoë.", "ｚｏë", "zo\u200bë", "Zoë\u00ad"])
async def test_every_spelling_is_one_person(typed: str, store: Store) -> None:
    """LG04: one person, and nobody else may be called so."""
    async with store.write() as uow:
        await uow.people.add(FULL, NOW)
        found = await uow.people.by_username(typed)
        assert found is not None
        assert found.id == "usr_zoe"
        with pytest.raises(Conflict):
            await uow.people.add(Person("usr_2", typed, "other@x.example"), NOW)


async def test_addresses_are_shared_and_usernames_are_not(store: Store) -> None:
    async with store.write() as uow:
        for number in range(12):
            await uow.people.add(Person(f"usr_{number}", f"user{number:02}", "Office@X.example"), NOW)
        behind = await uow.people.by_email("office@x.EXAMPLE")
    assert [person.username for person in behind] == [f"user{number:02}" for number in range(10)]


async def test_nobodys_username_is_another_ones_address(store: Store, world: World) -> None:
    """LG19, in each direction, for new people and for changes."""
    async with store.write() as uow:
        with pytest.raises(Conflict):
            await uow.people.add(Person("usr_2", "DANA@harbour.example", "two@x.example"), NOW)
        await uow.people.add(Person("usr_mail", "mail@x.example", "mail@x.example"), NOW)  # one's own is fine
        with pytest.raises(Conflict):
            await uow.people.add(Person("usr_3", "three", "Mail@x.example"), NOW)
        dana = await uow.people.get(world.dana)
        assert dana is not None
        for stolen in (replace(dana, username="mail@x.example"), replace(dana, email="mail@x.example")):
            with pytest.raises(Conflict):
                await uow.people.update(stolen, NOW)
        with pytest.raises(Conflict):
            await uow.people.update(replace(dana, username="rita@north.example"), NOW)
        with pytest.raises(Conflict):
            await uow.people.update(replace(dana, username="RITA"), NOW)
        await uow.people.update(replace(dana, username="dana@harbour.example"), NOW)


async def test_an_update_changes_what_it_says_and_neither_status_nor_epoch(store: Store, world: World) -> None:
    async with store.write() as uow:
        dana = await uow.people.get(world.dana)
        assert dana is not None
        changed = replace(
            dana, given_name="Danielle", email="d@x.example", mfa_enabled=True, standard_claims={"locale": "en-GB"}
        )
        await uow.people.update(replace(changed, status=UserStatus.DISABLED, auth_epoch=99), NOW + 5)
        assert await uow.people.get(world.dana) == replace(changed, updated_at=NOW + 5)


async def test_of_two_who_change_a_person_the_second_is_told(store: Store, world: World) -> None:
    async with store.write() as uow:
        dana = await uow.people.get(world.dana)
        assert dana is not None
        version = await uow.people.version(world.dana)
        await uow.people.update(dana, NOW, expected_version=version)
        with pytest.raises(Conflict):
            await uow.people.update(dana, NOW, expected_version=version)
        assert await uow.people.version(world.dana) == version + 1


async def test_disabling_moves_the_epoch_and_enabling_does_not(store: Store, world: World) -> None:
    async with store.write() as uow:
        assert await uow.people.set_status(world.dana, UserStatus.DISABLED, NOW)
        assert not await uow.people.set_status(world.dana, UserStatus.DISABLED, NOW)
        assert await uow.people.set_status(world.dana, UserStatus.ACTIVE, NOW)
        dana = await uow.people.get(world.dana)
        assert dana is not None
        assert (dana.status, dana.auth_epoch) == (UserStatus.ACTIVE, 1)
        assert await uow.people.bump_epoch(world.dana) == 2


async def test_a_new_number_is_remembered_as_new(store: Store, world: World) -> None:
    async def changed_at() -> int | None:
        async with store.reader() as connection:
            found: int | None = await connection.scalar(
                select(users.c.phone_changed_at).where(users.c.id == world.dana)
            )
            return found

    for at, number, verified, changed in [
        (NOW + 1, "+447700900118", False, NOW + 1),
        (NOW + 2, "+447700900118", True, NOW + 1),
        (NOW + 3, "+447700900119", True, NOW + 3),
        (NOW + 4, None, True, NOW + 4),
        (NOW + 5, None, False, NOW + 4),
    ]:
        async with store.write() as uow:
            await uow.people.set_phone(world.dana, number, verified, at)
            dana = await uow.people.get(world.dana)
        assert dana is not None
        assert (dana.phone_number, dana.phone_number_verified) == (number, verified and number is not None)
        assert await changed_at() == changed


async def test_nobody_is_not_found(store: Store, world: World) -> None:
    async with store.write() as uow:
        for act in (
            uow.people.version("usr_none"),
            uow.people.bump_epoch("usr_none"),
            uow.people.set_phone("usr_none", None, False, NOW),
            uow.people.set_mfa_enabled("usr_none", True, NOW),
            uow.people.update(replace(FULL, id="usr_none"), NOW),
        ):
            with pytest.raises(NotFound):
                await act
        assert not await uow.people.set_status("usr_none", UserStatus.DISABLED, NOW)
        assert await uow.people.by_username("nobody") is None
        assert await uow.people.by_email("nobody@x.example") == []
        assert await uow.people.membership("mem_none") is None
        assert await uow.people.memberships("usr_none") == []


async def test_memberships_come_with_their_accounts_in_the_order_of_numbers(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.people.add_membership("mem_2", world.dana, world.north, Role.ADMINISTRATOR, False, NOW)
        with pytest.raises(Conflict):
            await uow.people.add_membership("mem_3", world.dana, world.north, Role.USER, True, NOW)
        found = await uow.people.memberships(world.dana)
        assert [membership.account.number for membership in found] == ["EC-20017", "RS-10023"]
        assert await uow.people.membership("mem_2") == found[1]
    assert (found[1].role, found[1].may_manage_mfa) == (Role.ADMINISTRATOR, False)
    assert [node.number for node in found[0].account.ancestors] == ["OP-1", "RS-10023"]


async def test_active_support_is_counted(store: Store, world: World) -> None:
    async with store.write() as uow:
        assert await uow.people.count_support() == 0
        await uow.people.add_membership("mem_s", world.rita, world.operator, Role.SUPPORT, True, NOW)
        assert await uow.people.count_support() == 1
        await uow.people.set_status(world.rita, UserStatus.DISABLED, NOW)
        assert await uow.people.count_support() == 0


async def test_people_are_seen_from_above_and_never_from_the_side(store: Store, world: World) -> None:
    async def seen(path: str, search: str = "") -> list[tuple[str, str]]:
        async with store.read() as uow:
            found = await uow.people.in_account(path, search=search)
        return [(person.username, membership.account.number) for person, membership in found]

    async with store.write() as uow:
        await uow.people.add(FULL, NOW)
        await uow.people.add_membership("mem_z1", "usr_zoe", world.harbour, Role.USER, True, NOW)
        await uow.people.add_membership("mem_z2", "usr_zoe", world.south, Role.USER, True, NOW)

    assert await seen("/acc_op/acc_so/") == [("Zoë", "RS-10024")]
    assert await seen("/acc_op/acc_no/") == [("dana", "EC-20017"), ("rita", "RS-10023"), ("Zoë", "EC-20017")]
    assert await seen("/acc_op/") == [
        ("dana", "EC-20017"),
        ("rita", "RS-10023"),
        ("Zoë", "EC-20017"),
        ("Zoë", "RS-10024"),
    ]
    assert await seen("/acc_op/", "DAN") == [("dana", "EC-20017")]
    assert await seen("/acc_op/", "rita@north") == [("rita", "RS-10023")]
    assert await seen("/acc_op/", "ångström") == [("Zoë", "EC-20017"), ("Zoë", "RS-10024")]
    assert await seen("/acc_op/", "Dana Reed") == [("dana", "EC-20017")]
    assert await seen("/acc_op/", "%") == []


async def test_a_page_of_people_never_splits_one(store: Store, world: World) -> None:
    async with store.write() as uow:
        for number in range(5):
            await uow.accounts.add(f"acc_{number}", f"EC-{number}", "Many", Kind.END_CLIENT, world.north, NOW)
        for number in range(5):
            await uow.people.add(Person(f"usr_{number}", f"user{number}", "u@x.example"), NOW)
            for there in range(number):
                await uow.people.add_membership(
                    f"mem_{number}_{there}", f"usr_{number}", f"acc_{there}", Role.USER, True, NOW
                )
    pages: list[list[str]] = []
    async with store.read() as uow:
        after = ""
        while rows := await uow.people.in_account("/acc_op/acc_no/", after=after, limit=2):
            after = rows[-1][0].username
            pages.append([person.username for person, _ in rows])
    assert pages == [
        ["dana", "rita"],
        ["user1", "user2", "user2"],
        ["user3", "user3", "user3", "user4", "user4", "user4", "user4"],
    ]
