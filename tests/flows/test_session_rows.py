"""SECURITY-CASES 1.11 and 1.13 on sign-ins: cookies, planted and stale ones, forged forms, NUL and escapes (SE, IO05, IO10)."""

from __future__ import annotations

import json
import re
from itertools import product

import httpx2
import pytest
from starlette.routing import Route

from idp.services.people_security import DisableUser, disable_user
from idp.services.session_control import RevokeSession, RevokeSessions, live_sessions, revoke_session, revoke_sessions
from idp.web.app import ROUTE_TABLES
from idp.web.csrf import CROSS_SITE_BY_DESIGN
from tests.flows.journeys import CHOSEN, PASSWORD, ask_for_new_details, go_to, sign_in
from tests.flows.test_totp_rows import to_step
from tests.support.dump import dump, untouched
from tests.support.house import House
from tests.support.page import Submission
from tests.support.person import Person, login_of
from tests.support.relying_party import AuthorizationRefused, TokenRefused

NOTHING = frozenset[str]()
OPAQUE = re.compile(r"[A-Za-z0-9_-]{43}")
"""256 random bits."""


def session_cookie(person: Person) -> str:
    return next(value for name, value in person.cookies.items() if "session" in name)


def plant(person: Person, name_part: str, value: str) -> None:
    """Another site, a neighbour's page or a thief puts a cookie into this browser."""
    name = f"idp-{name_part}"
    if name in person.cookies:
        person.http.cookies.delete(name)
    person.http.cookies.set(name, value, domain="localhost.local", path="/")


async def is_signed_in(house: House, person: Person) -> bool:
    silent = await go_to(house.portal("inbound"), person, prompt="none")
    try:
        return bool(await silent.arrived())
    except AuthorizationRefused:
        return False


class TestCookies:
    async def test_SE01_cookies_are_opaque_and_out_of_reach_of_scripts(self, house: House) -> None:
        person, seen = house.person(), list[str]()

        async def note(answer: httpx2.Response) -> None:
            seen.extend(answer.headers.get_list("set-cookie"))

        person.http.event_hooks["response"] = [note]
        await sign_in(house.portal("inbound"), person, "dana")
        assert {line.partition("=")[0] for line in seen} == {"idp-browser", "idp-session"}
        for line in seen:
            pair, *attributes = (part.strip() for part in line.split(";"))
            assert OPAQUE.fullmatch(pair.partition("=")[2]), pair
            assert {"HttpOnly", "Path=/"} <= set(attributes)
            assert any(attribute.lower() == "samesite=lax" for attribute in attributes)
            assert not any(attribute.lower().startswith("domain") for attribute in attributes)

    async def test_SE01_a_step_up_changes_the_cookie_and_the_old_one_is_worth_nothing(self, house: House) -> None:
        person = house.person()
        first = await sign_in(house.portal("inbound"), person, "sam")
        before = session_cookie(person)
        journey = await go_to(house.portal("sip-trunk-plus"), person)
        await journey.press(code=(await house.text_to("+447700900118")).code)
        second = await journey.arrived()
        assert first.claims["sid"] == second.claims["sid"]
        after = session_cookie(person)
        assert after != before
        plant(person, "session", before)
        assert not await is_signed_in(house, person)
        plant(person, "session", after)
        assert await is_signed_in(house, person)

    async def test_SE02_a_planted_session_is_not_taken_over(self, house: House) -> None:
        chosen = "A" * 43
        person = house.person()
        plant(person, "session", chosen)
        attempt = await house.portal("inbound").begin()
        tab = await person.open(f"{attempt.url}&session={chosen}&idp-session={chosen}")
        press = tab.prepare("continue", username="dana", password=PASSWORD)
        await tab.send(Submission(press.method, press.url, (*press.pairs, ("idp-session", chosen))))
        attempt.code(tab.arrival)
        assert session_cookie(person) != chosen
        plant(person, "session", chosen)
        assert not await is_signed_in(house, person)

    async def test_SE02_the_session_of_an_attacker_is_worth_nothing_in_another_browser(self, house: House) -> None:
        attacker, victim = house.person(), house.person()
        await sign_in(house.portal("inbound"), attacker, "rita")
        await victim.open("/forgotten")
        plant(victim, "session", session_cookie(attacker))
        assert not await is_signed_in(house, victim)
        assert await is_signed_in(house, attacker)

    async def test_SE06_stale_and_made_up_cookies_are_nobody_and_leave_nothing(self, house: House) -> None:
        person = house.person()
        await sign_in(house.portal("inbound"), person, "dana")
        stale = session_cookie(person)
        await house.run(disable_user, DisableUser("dana"))
        journey = await go_to(house.portal("inbound"), person)
        made_up = (
            "",
            "x",
            "0" * 43,
            "A" * 4000,
            "%00",
            "null",
            "../../etc/passwd",
            '{"sub":"dana"}',
            "eyJhbGciOiJub25lIn0.e30.",
        )
        async with untouched(house, ignoring=NOTHING):
            for value in (stale, *made_up, *(f"{n:043}" for n in range(100))):
                answer = await person.http.get(journey.page.url, headers={"cookie": _jar_with(person, value)})
                assert answer.status_code == 200, value
                assert "Sign in to" in answer.text

    async def test_SE06_a_made_up_browser_cookie_is_replaced(self, house: House) -> None:
        for value in ("x", "A" * 4000, "%00"):
            person = house.person()
            plant(person, "browser", value)
            assert (await sign_in(house.portal("inbound"), person, "dana")).amr == ["pwd"]
            assert OPAQUE.fullmatch(person.cookies["idp-browser"])

    async def test_SE04_an_ended_session_is_dead_at_the_next_request(self, either_house: House) -> None:
        house, inbound = either_house, either_house.portal("inbound")
        one, other = house.person(), house.person()
        first, second = await sign_in(inbound, one, "dana"), await sign_in(inbound, other, "dana")
        store, ports = house.runtime.store, house.runtime.ports
        assert {s.id for _, s in await live_sessions(store, ports, username="dana")} == {
            first.claims["sid"], second.claims["sid"],
        }  # fmt: skip
        await house.run(revoke_session, RevokeSession(first.claims["sid"]))
        assert not await is_signed_in(house, one)
        assert await is_signed_in(house, other)
        with pytest.raises(TokenRefused, match="invalid_grant"):
            await inbound.refresh(first)
        second = await inbound.refresh(second)
        assert await house.run(revoke_sessions, RevokeSessions("dana")) == 1
        assert not await is_signed_in(house, other)
        with pytest.raises(TokenRefused, match="invalid_grant"):
            await inbound.refresh(second)
        with pytest.raises(TokenRefused):
            await inbound.userinfo(second)

    async def test_SE08_a_known_browser_is_forgotten_with_the_password(self, house: House) -> None:
        """It only ever spared its owner the waits that strangers cause; it stands in for no factor."""
        inbound, person = house.portal("inbound"), house.person()
        await sign_in(inbound, person, "dana")
        assert len((await dump(house.runtime.store))["known_browsers"]) == 1
        copied = house.person()
        await copied.open("/forgotten")
        plant(copied, "browser", person.cookies["idp-browser"])
        assert not await is_signed_in(house, copied)
        await ask_for_new_details(house.person(), "dana")
        mail = await house.mail_to("dana@demo.example")
        journey = await go_to(inbound, house.person())
        await journey.give_password("dana", mail.password)
        await journey.press(new_password=CHOSEN)
        await journey.arrived()
        known = (await dump(house.runtime.store))["known_browsers"]
        assert len(known) == 1  # the one in which the password was changed


def _jar_with(person: Person, session: str) -> str:
    return f"idp-browser={person.cookies['idp-browser']}; idp-session={session}"


class TestForgedForms:
    async def test_SE07_no_form_of_the_house_can_be_posted_from_elsewhere(self, house: House) -> None:
        """Every route that takes a POST, found in the route tables, so that a new one is tried as well."""
        person = house.person()
        await sign_in(house.portal("inbound"), person, "dana")
        journey = await go_to(house.portal("sip-trunk-plus"), person, prompt="login")
        routes = [route for table in ROUTE_TABLES for route in table(house.runtime) if isinstance(route, Route)]
        paths = {route.path for route in routes if "POST" in (route.methods or ())} - CROSS_SITE_BY_DESIGN
        assert len(paths) > 15
        form = (("username", "dana"), ("password", PASSWORD), ("new_password", CHOSEN), ("form_token", "0" * 43))
        async with untouched(house, ignoring=NOTHING):
            for path in sorted(paths):
                wanted = Submission("POST", house.issuer + path.replace("{login}", login_of(journey.page)), form)
                for site, headers in (
                    ("cross-site", {}),
                    ("same-site", {}),
                    ("cross-site", {"origin": house.issuer}),
                ):
                    answer = await person.send(wanted, site, **headers)
                    assert answer.status_code == 403, (path, site)
                person.fetch_metadata = False
                for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {}):
                    answer = await person.send(wanted, **headers)
                    assert answer.status_code == 403, (path, headers)
                person.fetch_metadata = True

    async def test_SE07_an_old_browser_signs_in_by_the_token_of_the_form(self, house: House) -> None:
        person = house.person(fetch_metadata=False)
        journey = await go_to(house.portal("inbound"), person)
        other = await go_to(house.portal("inbound"), house.person(fetch_metadata=False))
        press = journey.tab.prepare("continue", username="dana", password=PASSWORD)
        foreign = other.tab.prepare("continue").pairs
        stolen = tuple(pair for pair in press.pairs if pair[0] != "form_token")
        token = next(pair for pair in foreign if pair[0] == "form_token")
        async with untouched(house, ignoring=NOTHING):
            assert (await person.send(Submission("POST", press.url, (*stolen, token)))).status_code == 403
        await journey.tab.send(press)
        assert (await journey.arrived()).amr == ["pwd"]


class TestStrangeText:
    async def test_IO05_NUL_is_refused_in_every_field_of_a_sign_in(self, either_house: House) -> None:
        house = either_house
        journey = await go_to(house.portal("sip-trunk-plus"), house.person())
        fields = (
            "username",
            "password",
            "new_password",
            "code",
            "account",
            "method",
            "form_token",
            "phone_number",
            "x",
        )
        steps = ("password", "account", "verify", "change-password", "enrol", "method", "resend", "cancel", "restart")
        async with untouched(house, ignoring=NOTHING):
            for step, field in product(steps, fields):
                answer = await journey.person.send(to_step(journey.page, step, (field, "a\x00b")))
                assert answer.status_code == 400, (step, field)
        for address in (
            "/forgotten?login=%00",
            "/authorize?client_id=%00",
            "/end_session?state=%00",
            "/account?return=%00",
        ):
            assert (await journey.person.send(Submission("GET", house.issuer + address))).status_code == 400, address
        forgotten = Submission("POST", f"{house.issuer}/forgotten", (("username", "a\x00b"),))
        assert (await journey.person.send(forgotten)).status_code == 400

    async def test_IO05_what_is_left_of_unicode_is_just_a_wrong_name(self, either_house: House) -> None:
        journey = await go_to(either_house.portal("inbound"), either_house.person())
        for typed in ("\ufeffdana\u202e", "\u0001", "😀" * 200, "a" * 8000, "'; drop table users; --", "%", "\\"):
            async with untouched(either_house):
                await journey.give_password(typed, "a wrong password 12")
            assert journey.page.status == 400
            assert journey.page.errors == "There is a problem Enter the correct username and password."

    async def test_IO10_a_name_cannot_write_into_the_log_or_the_audit_trail(self, house: House) -> None:
        """One record for each attempt, whatever was typed."""
        names = [
            "dana\nERROR forged",
            "dana\r\n\r\nx",
            "\x1b[2Jdana",
            "dana%0d%0aforged",
            '","admin":true,"x":"',
            "\u2028x",
        ]
        log_before, events_before = len(house.log.splitlines()), len((await dump(house.runtime.store))["audit_events"])
        journey = await go_to(house.portal("inbound"), house.person())
        for name in names:
            await journey.give_password(name, "a wrong password 12")
        events = list((await dump(house.runtime.store))["audit_events"].values())[events_before:]
        assert len(events) == len(names)
        for event in events:
            assert event["event"] == "sign_in.failed"
            assert "forged" not in json.dumps(dict(event), default=str)
        lines = house.log.splitlines()[log_before:]
        assert all(json.loads(line)["event"] for line in lines)
        assert "\x1b" not in house.log

    async def test_IO10_nor_can_the_name_of_a_browser(self, house: House) -> None:
        person = house.person()
        person.http.headers["user-agent"] = 'Mozilla/5.0 \\n","admin":true,"x":" %0d%0a ' + "x" * 3000
        log_before = len(house.log.splitlines())
        await sign_in(house.portal("inbound"), person, "dana")
        [session] = (await dump(house.runtime.store))["sessions"].values()
        assert len(session["user_agent"]) <= 400
        assert all(json.loads(line)["event"] for line in house.log.splitlines()[log_before:])
        person.http.headers["user-agent"] = "Mozilla/5.0 \x1b[31m"
        answer = await person.http.get(house.issuer)
        assert answer.status_code == 400
        assert "\x1b" not in house.log
