"""SECURITY-CASES, rows LG: the password form under attack. Each test bears the id of its row."""

from __future__ import annotations

import asyncio
import threading
import unicodedata
from pathlib import Path
from typing import Any

import argon2
import pytest

from idp.adapters.argon2 import QUEUE_PER_THREAD, default_threads
from idp.errors import Conflict, InvalidInput
from idp.services.accounts import SuspendAccount, suspend_account
from idp.services.clients import list_clients
from idp.services.people import CreateUser, create_user, list_users
from idp.services.people_security import DisableUser, disable_user
from idp.storage.engine import open_store
from idp.storage.migrate import upgrade
from tests.flows.journeys import (
    FAILED,
    HOUR,
    PASSWORD,
    ask_for_new_details,
    go_to,
    past_events,
    sign_in,
    try_password,
)
from tests.flows.sameness import faceless
from tests.support.dump import untouched
from tests.support.foundations import BEHIND_PROXY
from tests.support.house import House, running_house

WRONG = "not the password at all"


async def fail(house: House, username: str, times: int, address: str | None = None) -> None:
    for _ in range(times):
        tried = await try_password(house, username, WRONG, house.person(address=address))
        assert FAILED in tried.page.errors


async def with_every_kind_of_person(house: House) -> dict[str, str]:
    """Usernames of four letters, each of another kind of failure with the same wrong password."""
    await house.run(disable_user, DisableUser("rita"))
    await house.run(suspend_account, SuspendAccount("RS-10024"))  # rolf's
    await house.run(create_user, CreateUser("anna", "anna@demo.example", "EC-20017", mail=False))
    await fail(house, "nora", 5)
    return {
        "unknown": "nobo",
        "known": "dana",
        "disabled": "rita",
        "suspended": "rolf",
        "throttled": "nora",
        "with an expired temporary password": "iris",
        "with a live temporary password": "theo",
        "without any password": "anna",
    }


async def test_LG01_every_failure_looks_the_same(tmp_path: Path) -> None:
    async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path, **BEHIND_PROXY) as house:
        house.clock.advance(HOUR)
        await ask_for_new_details(house.person(), "theo")
        await house.mail_to("theo@demo.example")
        answers = {}
        for number, (kind, username) in enumerate((await with_every_kind_of_person(house)).items()):
            person = house.person(address=f"203.0.113.{number}")
            tried = await try_password(house, username, WRONG, person)
            assert tried.tab.last is not None
            answers[kind] = faceless(tried.tab.last, username)
        assert answers["unknown"][0] == 400
        assert {kind for kind, answer in answers.items() if answer != answers["unknown"]} == set()


async def test_LG01_after_the_right_password_the_person_is_told(house: House) -> None:
    mail = await house.mail_to("iris@demo.example")
    await house.run(disable_user, DisableUser("rita"))
    await house.run(suspend_account, SuspendAccount("RS-10024"))
    house.clock.advance(HOUR)
    disabled = await try_password(house, "rita", PASSWORD)
    assert disabled.page.h1 == "Your sign-in is switched off"
    assert "blocked" in disabled.page.ids
    suspended = await try_password(house, "rolf", PASSWORD)
    assert suspended.page.h1 == "Your account is suspended"
    expired = await try_password(house, "iris", mail.password)
    assert expired.page.h1 == "Your temporary password has expired"


async def test_LG02_every_failure_costs_the_same_hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verifications = 0
    verify = argon2.PasswordHasher.verify

    def counted(self: argon2.PasswordHasher, hash: str, password: str) -> bool:
        nonlocal verifications
        verifications += 1
        return verify(self, hash, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counted)

    async def cost(username: str, password: str) -> int:
        before = verifications
        await try_password(house, username, password, house.person(address=f"203.0.113.{before}"))
        return verifications - before

    async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path, **BEHIND_PROXY) as house:
        people = await with_every_kind_of_person(house)
        for password, hashes in [
            (WRONG, 1),
            ("x", 1),
            ("x" * 256, 1),
            ("Ab" * 8, 2),
        ]:  # the last has a temporary's shape
            assert {kind: await cost(username, password) for kind, username in people.items()} == dict.fromkeys(
                people, hashes
            )


async def test_LG03_no_failure_says_more_by_its_headers(house: House) -> None:
    person = house.person()
    journey = await go_to(house.portal("inbound"), person)
    answers = []
    for username in ("dana", "nobo", "dana", "nobo"):  # one connection, one sign-in, one browser
        await journey.give_password(username, WRONG)
        assert journey.tab.last is not None
        assert "set-cookie" not in journey.tab.last.headers
        answers.append(faceless(journey.tab.last, username))
    assert answers == [answers[0]] * 4


DANAS = ["DANA", "Dana", "ｄａｎａ", "dana.", " dana ", "da\u200bna", "d\u00adana"]


async def test_LG04_spellings_of_a_username_are_one_account(house: House) -> None:
    subjects = {(await sign_in(house.portal("inbound"), house.person(), spelling)).sub for spelling in DANAS}
    assert len(subjects) == 1
    await house.run(create_user, CreateUser("zoë", "zoe@demo.example", "EC-20017"))
    mail = await house.mail_to("zoe@demo.example")
    decomposed = unicodedata.normalize("NFD", "ZOË")
    assert (await try_password(house, decomposed, mail.password)).page.h1 == "Choose a new password"


async def test_LG04_spellings_share_one_throttle(either_house: House) -> None:
    for spelling in DANAS[:5]:
        await fail(either_house, spelling, 1)
    assert FAILED in (await try_password(either_house, "dana", PASSWORD)).page.errors
    assert FAILED in (await try_password(either_house, DANAS[-1], PASSWORD)).page.errors


@pytest.mark.parametrize("double", DANAS)
async def test_LG04_nobody_is_created_under_a_confusable_name(either_house: House, double: str) -> None:
    with pytest.raises((Conflict, InvalidInput)):
        await either_house.run(create_user, CreateUser(double, "double@demo.example", "EC-20018"))


async def test_LG05_portals_and_steps_share_the_counter(house: House) -> None:
    requests: list[tuple[str, dict[str, Any]]] = [
        ("inbound", {}),
        ("sip-trunk-plus", {}),
        ("inbound", {"prompt": "login"}),
        ("inbound", {"max_age": 0}),
        ("sip-trunk-plus", {"acr_values": f"{house.issuer}/acr/mfa"}),
    ]
    for portal, request in requests:
        journey = await go_to(house.portal(portal), house.person(), **request)
        await journey.give_password("dana", WRONG)
        assert FAILED in journey.page.errors
    assert FAILED in (await try_password(house, "dana", PASSWORD)).page.errors


async def test_LG06_parallel_attempts_are_counted_one_by_one(world_url: str, tmp_path: Path) -> None:
    async with running_house(world_url, tmp_path, **BEHIND_PROXY) as house:
        journey = await go_to(house.portal("inbound"), house.person())
        attempt = journey.tab.prepare("continue", username="dana", password=WRONG)
        answers = await asyncio.gather(
            *(journey.person.send(attempt, x_forwarded_for=f"203.0.113.{number}") for number in range(30))
        )
        events = await past_events(house, "dana")
        evaluated, throttled = events.count("sign_in.failed"), events.count("sign_in.throttled")
        statuses = [answer.status_code for answer in answers]
        assert set(statuses) <= {400, 503}  # the queue for one row may be too long: then nothing was evaluated
        assert evaluated + throttled >= statuses.count(400)
        assert evaluated == 5  # so many were free, at this one moment of the clock
        assert FAILED in (await try_password(house, "dana", PASSWORD)).page.errors


async def test_LG07_a_forwarded_address_is_believed_from_a_trusted_proxy_only(tmp_path: Path) -> None:
    async def hammer(house: House, forwarded: str) -> None:
        for number in range(10):  # ten failures of one address, whoever they are for
            tried = await try_password(house, f"nobody{number}", WRONG, house.person(address=forwarded.format(number)))
            assert FAILED in tried.page.errors

    async with running_house(f"sqlite:///{tmp_path}/direct/idp.db", tmp_path / "direct") as house:
        await hammer(house, "203.0.113.{}")
        assert FAILED in (await try_password(house, "dana", PASSWORD, house.person(address="203.0.113.77"))).page.errors
    async with running_house(f"sqlite:///{tmp_path}/proxied/idp.db", tmp_path / "proxied", **BEHIND_PROXY) as house:
        # Only the hop that our proxy added counts; what the client wrote before it is anybody's invention.
        await hammer(house, "198.51.100.{}, 203.0.113.5")
        blocked = house.person(address="198.51.100.77, 203.0.113.5")
        assert FAILED in (await try_password(house, "dana", PASSWORD, blocked)).page.errors
        elsewhere = house.person(address="203.0.113.5, 203.0.113.6")
        assert (await try_password(house, "dana", PASSWORD, elsewhere)).tab.has_arrived


async def test_LG08_the_owner_gets_in_from_a_known_browser_whatever_strangers_try(tmp_path: Path) -> None:
    async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path, **BEHIND_PROXY) as house:
        owner = house.person(address="192.0.2.1")
        await sign_in(house.portal("inbound"), owner, "dana")
        strangers = house.person(address="198.51.100.1")
        await sign_in(house.portal("inbound"), strangers, "nora")  # known, but for somebody else
        journey = await go_to(house.portal("inbound"), strangers, prompt="login")
        attempt = journey.tab.prepare("continue", username="dana", password=WRONG)
        for number in range(110):
            house.clock.advance(11)
            answer = await strangers.send(attempt, x_forwarded_for=f"203.0.113.{number}")
            assert answer.status_code == 400
        house.clock.advance(HOUR)
        assert FAILED in (await try_password(house, "dana", PASSWORD)).page.errors  # stopped for the rest of the day
        owners = await go_to(house.portal("inbound"), owner, prompt="login")
        await owners.give_password("dana")
        assert (await owners.arrived()).amr == ["pwd"]


async def test_LG08_a_day_later_an_unknown_browser_gets_in_as_well(tmp_path: Path) -> None:
    async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path) as house:
        await fail(house, "dana", 5)
        assert FAILED in (await try_password(house, "dana", PASSWORD)).page.errors
        house.clock.advance(3)
        assert (await try_password(house, "dana", PASSWORD)).tab.has_arrived


async def test_LG09_the_right_password_during_the_lock_tells_nothing_and_counts_nothing(either_house: House) -> None:
    house = either_house
    await fail(house, "dana", 5)
    journey = await go_to(house.portal("inbound"), house.person())
    async with untouched(house):
        await journey.give_password("dana", PASSWORD)
    right = journey.tab.last
    await journey.give_password("dana", WRONG)
    assert right is not None
    assert journey.tab.last is not None
    assert faceless(right, "dana") == faceless(journey.tab.last, "dana")
    house.clock.advance(3)  # the lock was not prolonged by either
    assert (await try_password(house, "dana", PASSWORD)).tab.has_arrived


async def test_LG17_when_too_many_hash_at_once_the_next_is_told_to_come_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify, crowded = argon2.PasswordHasher.verify, threading.Event()

    def waiting(self: argon2.PasswordHasher, hash: str, password: str) -> bool:
        return crowded.wait(30) and verify(self, hash, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", waiting)
    journey = await go_to(house.portal("inbound"), house.person())
    hasher = house.runtime.ports.hasher
    crowd = [asyncio.create_task(hasher.verify(None, WRONG)) for _ in range(hasher_places())]
    await asyncio.sleep(0)  # all of them take their places
    await journey.give_password("dana", PASSWORD)
    assert journey.page.status == 503
    assert "error-page" in journey.page.ids
    assert int(journey.page.headers["retry-after"]) > 0
    assert (await journey.person.http.get(f"{house.issuer}/health/live")).status_code == 200
    crowded.set()
    await asyncio.gather(*crowd)
    assert (await try_password(house, "dana", PASSWORD)).tab.has_arrived


def hasher_places() -> int:
    """How many hashes are worked on or wait before the house says that it is busy."""
    return default_threads() * (1 + QUEUE_PER_THREAD)


async def test_LG18_a_fresh_house_has_nobody_in_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/idp.db"
    await upgrade(url)
    store = open_store(url)
    try:
        assert await list_users(store) == []
        assert await list_clients(store) == []
    finally:
        await store.close()


@pytest.mark.parametrize("username", ["dana@demo.example", "DANA@demo.example", "dana@demo.example."])
async def test_LG19_nobody_is_created_under_somebody_elses_email_address(either_house: House, username: str) -> None:
    with pytest.raises((Conflict, InvalidInput)):
        await either_house.run(create_user, CreateUser(username, "mallory@demo.example", "EC-20018"))


async def test_LG19_people_who_share_a_mailbox_are_two_people(house: House) -> None:
    await house.run(create_user, CreateUser("dana2", "dana@demo.example", "EC-20018"))
    mail = await house.mail_to("dana@demo.example")
    assert mail.username == "dana2"
    assert (await try_password(house, "dana2", mail.password)).page.h1 == "Choose a new password"
    assert (await try_password(house, "dana", PASSWORD)).tab.has_arrived
    assert FAILED in (await try_password(house, "dana", mail.password)).page.errors
