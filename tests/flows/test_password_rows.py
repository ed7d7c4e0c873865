"""SECURITY-CASES, rows PW, temporary passwords: each by the id of its row.

What is mailed here is a temporary password and no link, so the rows about reset links hold for that password.
"""

from __future__ import annotations

import re

import pytest

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
    CHANGE,
    CHOSEN,
    DAY,
    FAILED,
    HOUR,
    PASSWORD,
    at_change,
    go_to,
    new_details,
    past_events,
    sign_in,
    try_password,
)
from tests.flows.test_totp_rows import to_step
from tests.support.dump import untouched
from tests.support.house import House
from tests.support.person import login_of
from tests.support.relying_party import AuthorizationRefused

DANA = "dana@demo.example"


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
        assert FAILED in (await try_password(house, "dana", PASSWORD)).page.errors
        house.clock.advance(3)
        assert (await try_password(house, "dana", PASSWORD)).tab.has_arrived

    async def test_LG08_forgotten_details_are_a_way_back_that_no_attacker_can_close(self, either_house: House) -> None:
        house = either_house
        temporary = await new_details(house, "dana")
        for _ in range(5):
            assert FAILED in (await try_password(house, "dana", "a stranger's guess")).page.errors
        assert FAILED in (await try_password(house, "dana", PASSWORD)).page.errors
        owner = await at_change(house, "dana", temporary)
        await owner.press(new_password=CHOSEN)
        assert (await owner.arrived()).amr == ["pwd"]
        assert (await try_password(house, "dana", CHOSEN)).tab.has_arrived

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
