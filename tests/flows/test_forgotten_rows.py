"""SECURITY-CASES, rows PW, Forgotten Login Details: each by the id of its row."""

from __future__ import annotations

from pathlib import Path

import argon2
import pytest

from idp.services.accounts import SuspendAccount, suspend_account
from idp.services.people import CreateUser, create_user
from idp.services.people_security import (
    DisableUser,
    disable_user,
)
from tests.flows.journeys import (
    HOUR,
    MINUTE,
    ask_for_new_details,
    go_to,
    new_details,
    sign_in,
)
from tests.flows.sameness import faceless
from tests.support.foundations import BEHIND_PROXY
from tests.support.house import House, running_house
from tests.support.page import Submission

DANA = "dana@demo.example"


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
