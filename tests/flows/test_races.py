"""Twenty at once, on SQLite in one server process and on PostgreSQL with two: exactly one winner each, and no half-done state
(SECURITY-CASES I1, TO01, TK19, TK31, F26 to F30)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack

import httpx2
import pytest

from tests.flows.journeys import PASSWORD, Journey, app_code, go_to
from tests.support.dump import Dump, dump
from tests.support.house import House, running_house
from tests.support.page import Submission
from tests.support.person import Person, login_of
from tests.support.postgres import PostgresCluster
from tests.support.relying_party import SignedIn, TokenRefused
from tests.support.server_process import two_processes

TWENTY = range(20)
MANY = {
    "second_factor_per_five_minutes": 100,
    "second_factor_per_hour": 100,
    "second_factor_per_day": 100,
    "second_factor_per_address": 1000,
}
"""Tries enough for all twenty to be looked at, so that the database decides and not a throttle."""


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
async def arena(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """One house for the whole module; every race has a person of its own."""
    folder = tmp_path_factory.mktemp("arena")
    async with AsyncExitStack() as stack:
        if request.param == "sqlite":
            yield await stack.enter_async_context(running_house(f"sqlite:///{folder}/idp.db", folder, throttle=MANY))
        else:
            cluster: PostgresCluster = request.getfixturevalue("postgres")
            url = cluster.create_database()
            stack.callback(cluster.drop_database, url)
            yield await stack.enter_async_context(two_processes(url, folder, throttle=MANY))


def door_of(house: House, n: int) -> int:
    return n % len(house.doors)


async def at_once(sending: list[Awaitable[httpx2.Response]]) -> list[httpx2.Response]:
    answers = await asyncio.gather(*sending)
    assert {answer.status_code for answer in answers} <= {200, 303, 400, 403, 429, 503}, "a fault of ours"
    return answers


async def onwards(house: House, journeys: list[Journey]) -> list[str]:
    """All twenty look at what comes next, at once; the addresses at the portal that anybody was sent to."""
    pages = [Submission("GET", f"{house.issuer}/sign-in/{login_of(journey.page)}") for journey in journeys]
    pairs = zip(journeys, pages, strict=True)
    answers = await at_once([journey.person.send(page) for journey, page in pairs])
    there = journeys[0].attempt.party.redirect_uri
    return [found for answer in answers if (found := answer.headers.get("location", "")).startswith(there)]


def rows_of(found: Dump, table: str, user_id: str) -> list[dict[str, object]]:
    return [dict(row) for row in found[table].values() if row["user_id"] == user_id]


async def of_person(house: House, username: str) -> tuple[str, Dump]:
    found = await dump(house.runtime.store)
    return next(row["id"] for row in found["users"].values() if row["username"] == username), found


async def assert_one_sign_in(house: House, username: str, at: str) -> None:
    """One session, one grant, one finished login, and all of them of one moment."""
    user_id, found = await of_person(house, username)
    [session] = [row for row in rows_of(found, "sessions", user_id) if row["ended_at"] is None]
    [grant] = rows_of(found, "grants", user_id)
    [login] = [row for row in rows_of(found, "logins", user_id) if row["state"] == "completed"]
    assert grant["session_id"] == session["id"]
    assert grant["client_id"] == login["client_id"] == at
    events = [row["event"] for row in rows_of(found, "audit_events", user_id)]
    assert events.count("sign_in.succeeded") == 1
    assert events.count("session.started") == 1


async def journeys_to(house: House, portal: str, username: str, password: str) -> list[Journey]:
    """Twenty browsers behind all doors, each with the right password."""
    journeys = []
    for n in TWENTY:
        journey = await go_to(house.portal(portal), house.person(door=door_of(house, n)))
        await journey.give_password(username, password)
        journeys.append(journey)
    return journeys


async def test_one_of_twenty_changes_the_temporary_password(arena: House) -> None:
    mail = await arena.mail_to("iris@demo.example")
    journeys = await journeys_to(arena, "inbound", "iris", mail.password)
    wanted = [f"marmalade {n} lighthouse {n * n}" for n in TWENTY]
    presses = [j.tab.prepare("continue", new_password=w) for j, w in zip(journeys, wanted, strict=True)]
    answers = await at_once([j.person.send(press) for j, press in zip(journeys, presses, strict=True)])
    assert any(answer.status_code == 303 for answer in answers)
    assert len(await onwards(arena, journeys)) == 1
    await assert_one_sign_in(arena, "iris", "inbound")

    user_id, found = await of_person(arena, "iris")
    assert not rows_of(found, "temporary_passwords", user_id)
    [stored] = rows_of(found, "passwords", user_id)
    hasher = arena.runtime.ports.hasher
    assert [await hasher.verify(str(stored["password_hash"]), w) for w in wanted].count(True) == 1
    assert [row["event"] for row in rows_of(found, "audit_events", user_id)].count("password.changed") == 1


async def test_TO01_F28_one_of_twenty_signs_in_with_a_code_of_the_app(arena: House) -> None:
    key = await arena.support_key()
    journeys = await journeys_to(arena, "inbound", "support", PASSWORD)
    code = app_code(key, arena.clock.now())
    await at_once([j.person.send(j.tab.prepare("continue", code=code)) for j in journeys])
    assert len(await onwards(arena, journeys)) == 1
    await assert_one_sign_in(arena, "support", "inbound")
    user_id, found = await of_person(arena, "support")
    details = [
        row["details"] for row in rows_of(found, "audit_events", user_id) if "second_factor" in str(row["event"])
    ]
    assert sum("right" in str(detail) for detail in details) == 1


async def test_F05_one_of_twenty_confirms_the_enrolment(arena: House) -> None:
    journey = await go_to(arena.portal("inbound"), arena.person())
    await journey.give_password("theo")
    key = journey.page.said("totp-secret")
    await press_at_every_door(arena, journey, code=app_code(key, arena.clock.now()))
    assert len(await onwards(arena, [journey])) == 1
    await assert_one_sign_in(arena, "theo", "inbound")
    user_id, found = await of_person(arena, "theo")
    assert len(rows_of(found, "totp_credentials", user_id)) == 1
    assert not rows_of(found, "totp_enrolments", user_id)


async def test_F29_one_of_twenty_uses_the_code_of_the_text_message(arena: House) -> None:
    journey = await go_to(arena.portal("sip-trunk-plus"), arena.person())
    await journey.give_password("sam")
    code = (await arena.text_to("+447700900118")).code
    await press_at_every_door(arena, journey, code=code)
    assert len(await onwards(arena, [journey])) == 1
    await assert_one_sign_in(arena, "sam", "sip-trunk-plus")
    user_id, found = await of_person(arena, "sam")
    [text_code] = rows_of(found, "text_codes", user_id)
    assert text_code["used_at"] is not None


async def test_twenty_looks_at_the_step_send_one_text_message(arena: House) -> None:
    journey = await go_to(arena.portal("sip-trunk-plus"), arena.person())
    filled = journey.tab.prepare("continue", username="rolf", password=PASSWORD)
    answer = await journey.person.send(filled)
    assert answer.status_code == 303
    doors = await other_doors(arena, journey)
    page = Submission("GET", f"{arena.issuer}/sign-in/{login_of(journey.page)}")
    answers = await at_once([doors[door_of(arena, n)].send(page) for n in TWENTY])
    assert {answer.status_code for answer in answers} == {200}
    await arena.deliver()
    assert [message.to for message in await arena.outbox()].count("+447700900124") == 1


async def test_AZ35_one_of_twenty_looks_at_the_end_gets_the_code(arena: House) -> None:
    journey = await go_to(arena.portal("inbound"), arena.person())
    page = Submission("GET", f"{arena.issuer}/sign-in/{login_of(journey.page)}")
    await journey.person.send(journey.tab.prepare("continue", username="rita", password=PASSWORD))
    doors = await other_doors(arena, journey)
    answers = await at_once([doors[door_of(arena, n)].send(page) for n in TWENTY])
    assert [answer.status_code for answer in answers].count(303) == 1
    await assert_one_sign_in(arena, "rita", "inbound")


async def test_TK19_F26_one_of_twenty_redeems_the_code_and_no_token_is_left(arena: House) -> None:
    journey = await go_to(arena.portal("inbound"), arena.person())
    await journey.give_password("dana")
    code = journey.attempt.code(journey.tab.arrival)
    portals = [arena.portal("inbound", door=door_of(arena, n)) for n in TWENTY]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": portals[0].redirect_uri,
        "code_verifier": journey.attempt.verifier,
    }
    await asyncio.gather(*(portal.discover() for portal in portals))
    outcomes = await asyncio.gather(*(portal.token(form) for portal in portals), return_exceptions=True)
    won = [outcome for outcome in outcomes if isinstance(outcome, dict)]
    assert len(won) == 1
    assert {o.error for o in outcomes if isinstance(o, TokenRefused)} == {"invalid_grant"}
    # Nineteen replays that were right in everything: whoever has the tokens must not keep them (TK16).
    signed_in = await portals[0].read_tokens(won[0])
    for door in portals[:2]:
        with pytest.raises(TokenRefused):
            await door.userinfo(signed_in)
        with pytest.raises(TokenRefused):
            await door.refresh(signed_in)
    user_id, found = await of_person(arena, "dana")
    [grant] = rows_of(found, "grants", user_id)
    assert grant["revoked_at"] is not None
    await assert_one_sign_in(arena, "dana", "inbound")


async def test_TK31_F27_twenty_refreshes_make_one_successor(arena: House) -> None:
    journey = await go_to(arena.portal("inbound"), arena.person(), account_hint="EC-20017")
    await journey.give_password("max")
    first = await journey.arrived()
    portals = [arena.portal("inbound", door=door_of(arena, n)) for n in TWENTY]
    await asyncio.gather(*(portal.discover() for portal in portals))
    outcomes = await asyncio.gather(*(portal.refresh(first) for portal in portals), return_exceptions=True)
    renewed = [outcome for outcome in outcomes if isinstance(outcome, SignedIn)]
    assert renewed
    assert {o.error for o in outcomes if isinstance(o, TokenRefused)} <= {"invalid_grant"}
    assert len({signed_in.refresh_token for signed_in in renewed}) == 1
    user_id, found = await of_person(arena, "max")
    [grant] = rows_of(found, "grants", user_id)
    assert (grant["generation"], grant["revoked_at"]) == (2, None)
    await portals[-1].refresh(renewed[0])


async def press_at_every_door(house: House, journey: Journey, **filled: str) -> None:
    press = journey.tab.prepare("continue", **filled)
    doors = await other_doors(house, journey)
    await at_once([doors[door_of(house, n)].send(press) for n in TWENTY])


async def other_doors(house: House, journey: Journey) -> list[Person]:
    """The same browser, once behind each door: a load balancer without stickiness."""
    people = [house.person(door=door) for door in range(len(house.doors))]
    for person in people:
        person.http.cookies = journey.person.http.cookies
    return people
