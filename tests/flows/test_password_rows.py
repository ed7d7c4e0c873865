"""SECURITY-CASES, rows PW: temporary passwords, Forgotten Login Details and the forced change, each by the id of its row.

What is mailed here is a temporary password and no link, so the rows about reset links hold for that password.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import argon2
import pytest

from idp.services.accounts import SuspendAccount, suspend_account
from idp.services.people import CreateUser, create_user
from idp.services.people_security import (
    DisableUser,
    EnableUser,
    ResetMfa,
    SetPhone,
    disable_user,
    enable_user,
    reset_mfa,
    set_phone,
)
from idp.web.background import purge
from tests.flows.journeys import (
    CHOSEN,
    DAY,
    HOUR,
    MINUTE,
    PASSWORD,
    Journey,
    app_code,
    ask_for_new_details,
    enrol,
    go_to,
    past_events,
    sign_in,
)
from tests.flows.sameness import faceless
from tests.flows.test_totp_rows import to_step
from tests.support.dump import untouched
from tests.support.foundations import BEHIND_PROXY, seeded_postgres
from tests.support.house import House, running_house
from tests.support.page import Submission
from tests.support.person import login_of
from tests.support.postgres import PostgresCluster
from tests.support.relying_party import AuthorizationRefused, TokenRefused
from tests.support.server_process import two_processes

CHANGE = "Choose a new password"
FAILED = "Enter the correct username and password."
DANA = "dana@demo.example"


async def new_details(house: House, username: str) -> str:
    """The temporary password that *Forgotten Login Details* mails to somebody of the demo world."""
    await ask_for_new_details(house.person(), username)
    return (await house.mail_to(f"{username}@demo.example", "Password: ")).password


async def at_change(house: House, username: str, temporary: str, door: int = 0) -> Journey:
    journey = await go_to(house.portal("inbound", door=door), house.person(door=door))
    await journey.give_password(username, temporary)
    assert journey.page.h1 == CHANGE
    return journey


async def try_password(house: House, username: str, password: str) -> Journey:
    journey = await go_to(house.portal("inbound"), house.person())
    await journey.give_password(username, password)
    return journey


class TestForgottenLoginDetails:
    async def test_PW01_the_answer_is_the_same_whoever_is_named(self, house: House) -> None:
        await house.run(disable_user, DisableUser("rita"))
        await house.run(suspend_account, SuspendAccount("RS-10024"))
        for kind in ("POST", "GET"):
            answers = {}
            for typed in ("dana", "nobo", "rita", "rolf", "iris"):
                person = house.person()
                tab = await person.open("/forgotten")
                answer = await person.send(tab.prepare("continue", username=typed))
                if kind == "GET":
                    assert answer.status_code == 303
                    answer = await person.send(Submission("GET", f"{house.issuer}{answer.headers['location']}"))
                answers[typed] = faceless(answer, typed)
            assert answers == dict.fromkeys(answers, answers["dana"])

    async def test_PW03_asking_a_hundred_times_disturbs_nobody_and_mails_little(self, tmp_path: Path) -> None:
        async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path, **BEHIND_PROXY) as house:
            inbound, owner = house.portal("inbound"), house.person(address="192.0.2.1")
            signed_in = await sign_in(inbound, owner, "dana")
            stranger = house.person(address="198.51.100.1")
            asking = (await stranger.open("/forgotten")).prepare("continue", username="dana")
            for hour in range(4):
                for number in range(10):
                    answer = await stranger.send(asking, x_forwarded_for=f"203.0.{hour}.{number}")
                    assert answer.status_code == 303
                await sent_after_control(house)
                danas = [message for message in await house.outbox() if message.to == DANA]
                assert len(danas) == [3, 5, 5, 5][hour]
                # A session that is used stays, and so does the password.
                for _ in range(2):
                    house.clock.advance(HOUR // 2)
                    assert (await (await go_to(inbound, owner, prompt="none")).arrived()).sub == signed_in.sub
            assert (await inbound.userinfo(await inbound.refresh(signed_in)))["sub"] == signed_in.sub
            assert (await sign_in(inbound, house.person(), "dana")).sub == signed_in.sub

    async def test_PW03_who_had_enough_mails_costs_no_more_hashes(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(3):
            await new_details(house, "dana")
        hashes, make = 0, argon2.PasswordHasher.hash

        def counted(self: argon2.PasswordHasher, password: str, *, salt: bytes | None = None) -> str:
            nonlocal hashes
            hashes += 1
            return make(self, password, salt=salt)

        monkeypatch.setattr(argon2.PasswordHasher, "hash", counted)
        for _ in range(5):
            await ask_for_new_details(house.person(), "dana")
        await sent_after_control(house)
        assert hashes == 1  # theo's

    async def test_PW03_one_address_asks_twenty_times_a_minute(self, house: House) -> None:
        person = house.person()
        tab = await person.open("/forgotten")
        asking = tab.prepare("continue", username="nobody")
        assert [(await person.send(asking)).status_code for _ in range(20)] == [303] * 20
        await tab.send(asking)
        assert tab.page.status == 429
        assert "error-page" in tab.page.ids
        assert 0 < int(tab.page.headers["retry-after"]) <= MINUTE
        house.clock.advance(MINUTE)
        assert (await person.send(asking)).status_code == 303

    async def test_PW22_no_mail_goes_to_who_could_not_use_it(self, house: House) -> None:
        await house.run(disable_user, DisableUser("rita"))
        await house.run(suspend_account, SuspendAccount("RS-10024"))
        for username in ("rita", "rolf", "rita@demo.example"):
            await ask_for_new_details(house.person(), username)
        await sent_after_control(house)
        assert {m.to for m in await house.outbox()} == {"iris@demo.example", "theo@demo.example"}

    @pytest.mark.parametrize(
        "typed",
        [
            "DANA@demo.example",
            " dana@demo.example ",
            "ＤＡＮＡ",
            "dana@demo.example,mallory@evil.example",
            "dana@demo.example;mallory@evil.example",
            "dana@demo.example mallory@evil.example",
            "dana@demo.example\r\nBcc: mallory@evil.example",
            "dana@demo.example\nTo: mallory@evil.example",
            '"dana@demo.example" <mallory@evil.example>',
            "dana@demo.example.evil.example",
            "dana@demo.examp\u0142e",
            "\u0131ris",
            "\u0130ris@demo.example",
            "da\u0301na",
        ],
    )
    async def test_PW23_mail_goes_to_stored_addresses_only(self, house: House, typed: str) -> None:
        page = await ask_for_new_details(house.person(), typed)
        assert page.h1 == "Check your e-mail"
        await sent_after_control(house)
        assert {m.to for m in await house.outbox()} <= {DANA, "iris@demo.example", "theo@demo.example"}
        assert not [m for m in await house.outbox() if "evil" in m.text + m.html + m.subject]

    async def test_PW23_a_look_alike_that_counts_as_the_same_reaches_the_stored_address(self, house: House) -> None:
        await house.run(create_user, CreateUser("kim", "kim@demo.example", "EC-20017", mail=False))
        await ask_for_new_details(house.person(), "\u212aIM@demo.example")  # the Kelvin sign
        assert (await house.mail_to("kim@demo.example")).username == "kim"

    @pytest.mark.parametrize(
        "body", ["username=dana&username=mallory", "username%5B%5D=dana", "username=", "", "username=a%00b"]
    )
    async def test_PW23_a_form_that_says_two_things_or_nothing_is_refused(self, house: House, body: str) -> None:
        person = house.person()
        await person.open("/forgotten")
        headers = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}
        answer = await person.http.post(f"{house.issuer}/forgotten", content=body, headers=headers)
        assert answer.status_code == 400
        await sent_after_control(house)
        assert DANA not in {m.to for m in await house.outbox()}


async def sent_after_control(house: House) -> None:
    """Waits until requests for new details that were made before have come to their end: a later one, for theo, has."""
    await ask_for_new_details(house.person(address="192.0.2.200"), "theo")
    await house.mail_to("theo@demo.example")


class TestATemporaryPassword:
    async def test_PW04_opens_the_change_in_time_and_nothing_too_late(self, house: House) -> None:
        temporary = await new_details(house, "dana")
        house.clock.advance(HOUR - 1)
        await at_change(house, "dana", temporary)
        house.clock.advance(1)
        journey = await go_to(house.portal("inbound"), house.person())
        async with untouched(house):
            await journey.give_password("dana", temporary)
        assert journey.page.h1 == "Your temporary password has expired"
        assert "forgotten-link" in journey.page.ids
        assert "new_password" not in journey.page.ids

    async def test_PW05_opens_the_change_and_nothing_else(self, house: House) -> None:
        temporary = (await house.mail_to("iris@demo.example")).password
        journey = await at_change(house, "iris", temporary)
        person = journey.person
        login = login_of(journey.page)
        async with untouched(house, "+logins"):
            for portal in ("inbound", "sip-trunk-plus"):
                assert (await go_to(house.portal(portal), person)).page.h1.startswith("Sign in")
                silent = await go_to(house.portal(portal), person, prompt="none")
                with pytest.raises(AuthorizationRefused, match="login_required"):
                    await silent.arrived()
            for path in (
                "/account",
                "/account/password",
                "/account/mfa",
                "/account/sessions",
                "/admin",
                "/api/v1/users",
            ):
                page = (await person.open(path)).page
                assert page.h1.startswith("Sign in") or page.status in (401, 403, 404), path
            for token in (login, temporary, person.cookies["idp-browser"]):
                answer = await person.http.get(f"{house.issuer}/userinfo", headers={"authorization": f"Bearer {token}"})
                assert answer.status_code == 401
            for step in ("password", "account", "verify", "enrol", "consent", "method", "resend"):
                await journey.tab.send(to_step(journey.page, step, ("method", "totp"), ("code", "123456")))
                assert journey.page.h1 == CHANGE, step
        assert "idp-session" not in person.cookies

    async def test_PW06_in_two_browsers_the_first_change_wins(self, either_house: House) -> None:
        house = either_house
        temporary = await new_details(house, "dana")
        first, second = await at_change(house, "dana", temporary), await at_change(house, "dana", temporary)
        await first.press(new_password=CHOSEN)
        await first.arrived()
        await second.press(new_password="another eleven words of wisdom")
        assert second.page.h1 == "Sign in to Inbound"
        assert (await past_events(house, "dana")).count("password.changed") == 1
        await second.give_password("dana", CHOSEN)
        assert (await second.arrived()).amr == ["pwd"]

    async def test_PW07_a_second_one_voids_the_first(self, either_house: House) -> None:
        house = either_house
        first = await new_details(house, "dana")
        on_the_way = await at_change(house, "dana", first)
        second = await new_details(house, "dana")
        assert FAILED in (await try_password(house, "dana", first)).page.errors
        await on_the_way.press(new_password=CHOSEN)  # and whoever used it already is no further
        assert on_the_way.page.h1 == "Sign in to Inbound"
        await at_change(house, "dana", second)

    async def test_PW08_wrong_ones_count_like_wrong_passwords(self, either_house: House) -> None:
        house = either_house
        temporary = await new_details(house, "dana")
        for _ in range(5):
            assert FAILED in (await try_password(house, "dana", temporary.swapcase())).page.errors
        assert FAILED in (await try_password(house, "dana", temporary)).page.errors
        assert FAILED in (await try_password(house, "dana", PASSWORD)).page.errors
        house.clock.advance(3)
        assert (await try_password(house, "dana", PASSWORD)).tab.has_arrived
        await at_change(house, "dana", temporary)

    async def test_PW16_is_opaque_and_so_is_everything_in_its_mail(self, house: House) -> None:
        mail = await house.mail_to("iris@demo.example")
        assert re.fullmatch(r"[A-Za-z0-9]{16}", mail.password)
        for link in re.findall(r"https?://\S+?(?=[\s\"'<>])", f"{mail.text}\n{mail.html}\n"):
            assert "?" not in link
            assert "#" not in link
            assert mail.password not in link
        assert not re.search(r"eyJ[\w-]+\.", mail.text + mail.html)

    async def test_PW18_a_mail_scanner_that_follows_the_links_uses_nothing_up(self, house: House) -> None:
        await house.run(create_user, CreateUser("newt", "newt@demo.example", "EC-20017"))
        mail = await house.mail_to("newt@demo.example")
        links = set(re.findall(r"https?://[^\s\"'<>]+", f"{mail.text} {mail.html}"))
        assert links
        scanner = house.person()
        for link in sorted(links) * 2:
            assert link.startswith(house.issuer)
            assert (await scanner.http.head(link)).status_code < 500
            await scanner.http.get(link, follow_redirects=True)
        journey = await at_change(house, "newt", mail.password)
        for _ in range(3):
            await journey.tab.reload()  # nor does loading the page again
        await journey.press(new_password=CHOSEN)
        assert (await journey.arrived()).amr == ["pwd"]

    async def test_PW25_stays_expired_whether_or_not_anything_is_cleaned_up(self, either_house: House) -> None:
        house = either_house
        temporary = await new_details(house, "dana")
        house.clock.advance(DAY)  # nothing was purged since the start
        assert (await try_password(house, "dana", temporary)).page.h1 == "Your temporary password has expired"
        await purge(house.runtime)
        late = await try_password(house, "dana", temporary)
        assert late.page.status == 400
        assert late.page.h1 in ("Your temporary password has expired", "Sign in to Inbound")


class TestTheForcedChange:
    REASONS = (
        ("", "Enter a new password"),
        ("TEMPORARY", "temporary password"),
        (PASSWORD, "current password"),
        ("seven chars 9", "at least 15 characters"),
        ("we like our dana very much", "“dana”"),
        ("calls come inbound all day long", "“Inbound”"),
        ("the harbour dental practice 7", "“Harbour Dental”"),
        ("account ec-20017 is the best", "“EC-20017”"),
        ("y" * 257, "too long"),
        ("1234567890123456", ""),
        ("passwordpassword", ""),
        ("aaaaaaaaaaaaaaaaaaaa", ""),
    )

    async def test_PW09_a_poor_choice_is_refused_with_the_reason_and_stays_to_be_made(self, house: House) -> None:
        temporary = await new_details(house, "dana")
        journey = await at_change(house, "dana", temporary)
        for wanted, reason in self.REASONS:
            async with untouched(house, ignoring=frozenset()):
                await journey.press(new_password=temporary if wanted == "TEMPORARY" else wanted)
            assert journey.page.status == 400
            assert journey.page.h1 == CHANGE
            assert journey.page.errors
            assert reason in journey.page.errors, wanted
        await journey.press(new_password=CHOSEN)
        assert (await journey.arrived()).amr == ["pwd"]

    async def test_PW11_behind_an_authenticator_app(self, either_house: House) -> None:
        house = either_house
        first = await go_to(house.portal("inbound"), house.person())
        await first.give_password("theo")
        key = await enrol(first, house.clock.now)
        await first.arrived()
        house.clock.advance(30)
        temporary = await new_details(house, "theo")
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password("theo", temporary)
        assert journey.page.h1 == "Enter the code from your authenticator app"
        async with untouched(house):
            await journey.tab.send(to_step(journey.page, "change-password", ("new_password", CHOSEN)))
        assert journey.page.h1 == "Enter the code from your authenticator app"
        await journey.press(code=app_code(key, house.clock.now()))
        assert journey.page.h1 == CHANGE
        await journey.press(new_password=CHOSEN)
        assert (await journey.arrived()).amr == ["pwd", "otp", "mfa"]

    async def test_PW11_behind_a_text_message_even_where_the_portal_asks_for_none(self, either_house: House) -> None:
        house = either_house
        temporary = await new_details(house, "sam")
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password("sam", temporary)
        assert journey.page.h1 == "Check your text messages"
        async with untouched(house):
            await journey.tab.send(to_step(journey.page, "change-password", ("new_password", CHOSEN)))
        assert journey.page.h1 == "Check your text messages"
        await journey.press(code=(await house.text_to("+447700900118")).code)
        assert journey.page.h1 == CHANGE
        await journey.press(new_password=CHOSEN)
        assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]

    async def test_PW13_cannot_be_reached_by_leaving_a_step_out(self, house: House) -> None:
        await new_details(house, "dana")
        journey = await go_to(house.portal("inbound"), house.person(), login_hint="dana")
        person = journey.person
        for pairs in ([("new_password", CHOSEN)], [("new_password", CHOSEN), ("username", "dana")]):
            async with untouched(house):
                await journey.tab.send(to_step(journey.page, "change-password", *pairs))
            assert journey.page.h1 == "Sign in to Inbound"
        async with untouched(house):
            made_up = await person.send(
                Submission("POST", f"{house.issuer}/sign-in/{'a' * 43}/change-password", (("new_password", CHOSEN),))
            )
        assert made_up.status_code == 400
        # With a session, but with the chosen password: nothing is due, so there is nothing to change here.
        await sign_in(house.portal("inbound"), person, "dana")
        fresh = await go_to(house.portal("inbound"), person, prompt="login")
        async with untouched(house):
            await fresh.tab.send(to_step(fresh.page, "change-password", ("new_password", CHOSEN)))
        assert (await try_password(house, "dana", PASSWORD)).tab.has_arrived

    async def test_PW14_one_of_twenty_at_once_wins(self, either_house: House) -> None:
        await assert_one_winner(either_house, doors=(0, 0))

    async def test_PW14_one_of_twenty_at_once_wins_on_two_processes(
        self, postgres: PostgresCluster, tmp_path: Path
    ) -> None:
        url = await seeded_postgres(postgres)
        async with two_processes(url, tmp_path) as house:
            await assert_one_winner(house, doors=(0, 1))
        postgres.drop_database(url)

    async def test_PW14_what_was_used_cut_or_changed_in_case_is_a_wrong_password(self, house: House) -> None:
        temporary = await new_details(house, "dana")
        journey = await at_change(house, "dana", temporary)
        for other in (temporary[:-1], temporary.lower(), temporary.upper(), temporary + "a", f" {temporary}"):
            assert FAILED in (await try_password(house, "dana", other)).page.errors, other
            house.clock.advance(5 * MINUTE)
        journey = await at_change(house, "dana", temporary)
        await journey.press(new_password=CHOSEN)
        await journey.arrived()
        assert FAILED in (await try_password(house, "dana", temporary)).page.errors

    async def test_PW15_no_secret_serves_another_purpose(self, house: House) -> None:
        inbound, person = house.portal("inbound"), house.person()
        temporary = (await house.mail_to("iris@demo.example")).password
        waiting = await go_to(inbound, person)
        login = login_of(waiting.page)
        code = (await try_password(house, "dana", PASSWORD)).attempt
        signed_in = await sign_in(inbound, person, "dana")
        assert signed_in.refresh_token is not None
        secrets = [
            temporary,
            login,
            person.cookies["idp-session"],
            person.cookies["idp-browser"],
            signed_in.refresh_token,
        ]
        assert FAILED in (await try_password(house, "dana", temporary)).page.errors  # somebody else's
        for secret in (login, person.cookies["idp-session"], signed_in.refresh_token):
            assert FAILED in (await try_password(house, "iris", secret)).page.errors
            house.clock.advance(5)
        for secret in secrets:
            if secret != login:
                tab = await person.open(f"/sign-in/{secret}")
                assert "error-page" in tab.page.ids
            with pytest.raises(TokenRefused, match="invalid_grant"):
                await code.redeem(secret)
            if secret != signed_in.refresh_token:
                form = {"grant_type": "refresh_token", "refresh_token": secret}
                with pytest.raises(TokenRefused, match="invalid_grant"):
                    await inbound.token(form)
            assert (await inbound.introspect(secret))["active"] is (secret == signed_in.refresh_token)

    async def test_PW17_the_pages_around_it_lead_nowhere_else(self, house: House) -> None:
        """What holds for every page (`tests/support/person.py`) is asserted with each of them; here, where links lead."""
        temporary = await new_details(house, "dana")
        journey = await at_change(house, "dana", temporary)
        forgotten = await house.person().open("/forgotten")
        for page in (journey.page, forgotten.page):
            assert page.headers["referrer-policy"] == "no-referrer"
            links = [link["href"] for link in page.document.all("a")]
            assert all(link.startswith(("/", "#", "mailto:", house.issuer)) for link in links), links
            for element in page.document.all("script", "img", "link"):
                assert (element["src"] or element["href"]).startswith("/static/")

    async def test_PW19_ends_everything_that_the_old_password_had_opened(self, either_house: House) -> None:
        house = either_house
        inbound, trunk = house.portal("inbound"), house.portal("sip-trunk-plus")
        phone, laptop = house.person(), house.person()
        old = [await sign_in(inbound, phone, "dana"), await sign_in(trunk, laptop, "dana")]
        unredeemed = await go_to(inbound, phone)
        temporary = await new_details(house, "dana")
        for portal, signed_in in zip((inbound, trunk), old, strict=True):
            assert (await portal.introspect(signed_in.access_token))["active"] is True  # asking changed nothing

        journey = await at_change(house, "dana", temporary)
        await journey.press(new_password=CHOSEN)
        fresh = await journey.arrived()

        for portal, signed_in in zip((inbound, trunk), old, strict=True):
            with pytest.raises(TokenRefused, match="invalid_grant"):
                await portal.refresh(signed_in)
            with pytest.raises(TokenRefused, match="invalid_token"):
                await portal.userinfo(signed_in)
            assert (await portal.introspect(signed_in.access_token))["active"] is False
        with pytest.raises(TokenRefused, match="invalid_grant"):
            await unredeemed.arrived()
        for person in (phone, laptop):
            silent = await go_to(inbound, person, prompt="none")
            with pytest.raises(AuthorizationRefused, match="login_required"):
                await silent.arrived()
        assert (await inbound.userinfo(fresh))["sub"] == fresh.sub
        assert "password" in (await house.mail_to(DANA)).subject.lower()

    async def test_PW19_no_browser_is_known_any_more(self, house: House) -> None:
        """A browser that an attacker made known must not keep tries of its own (LG08) beyond the change."""
        attackers = house.person()
        await sign_in(house.portal("inbound"), attackers, "dana")
        journey = await at_change(house, "dana", await new_details(house, "dana"))
        await journey.press(new_password=CHOSEN)
        await journey.arrived()
        for _ in range(5):
            assert FAILED in (await try_password(house, "dana", "a guess")).page.errors
        locked = await go_to(house.portal("inbound"), attackers)
        await locked.give_password("dana", CHOSEN)
        assert FAILED in locked.page.errors
        owners = await go_to(house.portal("inbound"), journey.person, prompt="login")
        await owners.give_password("dana", CHOSEN)
        assert (await owners.arrived()).amr == ["pwd"]


async def assert_one_winner(house: House, doors: tuple[int, int]) -> None:
    """Twenty parallel changes with one temporary password, from four browsers at two doors: one password comes of it."""
    temporary = await new_details(house, "dana")
    journeys = [await at_change(house, "dana", temporary, door) for door in doors * 2]
    wanted = [f"{CHOSEN} number {number}" for number in range(20)]
    answers = await asyncio.gather(
        *(
            journeys[number % 4].person.send(journeys[number % 4].tab.prepare("continue", new_password=password))
            for number, password in enumerate(wanted)
        )
    )
    # 503: more hashes at once than the house takes on. Nobody is ever told that a change failed which was made.
    assert {answer.status_code for answer in answers} <= {303, 503}
    assert (await past_events(house, "dana")).count("password.changed") == 1
    async with house.runtime.store.read() as uow:
        dana = await uow.people.by_username("dana")
        assert dana is not None
        stored = await uow.credentials.password(dana.id)
        assert await uow.credentials.temporary(dana.id) is None
    assert stored is not None
    assert len([password for password in wanted if _is(stored.password_hash, password)]) == 1
    assert not _is(stored.password_hash, PASSWORD)


def _is(phc: str, password: str) -> bool:
    try:
        return argon2.PasswordHasher().verify(phc, password)
    except argon2.exceptions.VerifyMismatchError:
        return False


class TestAdministrators:
    async def test_PW21_nothing_that_an_operator_does_sets_or_shows_a_password(self, house: House) -> None:
        created = await house.run(create_user, CreateUser("newt", "newt@demo.example", "EC-20017"))
        mail = await house.mail_to("newt@demo.example")
        assert mail.password not in repr(created)
        async with house.runtime.store.read() as uow:
            dana = await uow.people.by_username("dana")
            assert dana is not None
            before = await uow.credentials.password(dana.id)
        await house.run(set_phone, SetPhone("dana", "447700900117"))
        await house.run(reset_mfa, ResetMfa("dana"))
        await house.run(disable_user, DisableUser("dana"))
        await house.run(enable_user, EnableUser("dana"))
        async with house.runtime.store.read() as uow:
            assert await uow.credentials.password(dana.id) == before
            assert await uow.credentials.temporary(dana.id) is None
        assert (await sign_in(house.portal("inbound"), house.person(), "dana")).amr == ["pwd"]
