"""The way in to the account pages, and out of them: a sign-in at the identity provider itself (docs/adr/0009)."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from idp.services.accounts import SuspendAccount, suspend_account
from idp.services.people import AddMembership, add_membership
from tests.flows.journeys import CHOSEN, HOUR, MINUTE, PASSWORD, app_code, go_to, past_events, sign_in
from tests.flows.own_account import demand_mfa, home_of, is_sign_in, signed_in_at_home, with_app
from tests.support.dump import untouched
from tests.support.house import House
from tests.support.person import login_of

CHANGE = "/.well-known/change-password"
MISSING = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200"
PAGES = ("/account", "/account/password", "/account/mfa", "/account/phone", "/account/sessions")


class TestComingIn:
    @pytest.mark.parametrize("path", PAGES)
    async def test_each_page_is_reached_through_a_sign_in(self, house: House, path: str) -> None:
        tab = await house.person().open(path)
        assert tab.page.h1 == "Sign in to 500 Telecom"
        assert "cancel" not in tab.page.ids  # there is nowhere to go back to
        await tab.press("continue", username="dana", password=PASSWORD)
        assert tab.page.url == house.issuer + path

    async def test_the_root_is_the_account(self, house: House) -> None:
        tab = await signed_in_at_home(house, "dana", "/")
        assert tab.page.url == f"{house.issuer}/account"

    async def test_password_managers_find_the_form(self, house: House) -> None:
        person = house.person()
        answer = await person.http.get(house.issuer + CHANGE)
        assert (answer.status_code, answer.headers["location"]) == (303, "/account/password")
        assert (await person.http.get(house.issuer + MISSING)).status_code == 404
        tab = await person.open(CHANGE)
        await tab.press("continue", username="dana", password=PASSWORD)
        assert tab.page.h1 == "Change your password"

    async def test_the_session_of_a_portal_opens_them_and_the_other_way_round(self, house: House) -> None:
        inbound, person = house.portal("inbound"), house.person()
        await sign_in(inbound, person, "dana")
        assert (await person.open("/account")).page.h1 == "Hello, Dana Marsh"
        person = house.person()
        await signed_in_at_home(house, "dana", person=person)
        assert (await (await go_to(inbound, person)).arrived()).amr == ["pwd"]

    async def test_no_token_comes_of_a_sign_in_at_home(self, house: House) -> None:
        async with untouched(house, "+sessions", "+known_browsers", "+logins"):
            await signed_in_at_home(house, "dana")

    async def test_a_new_user_follows_the_link_of_the_mail(self, house: House) -> None:
        mail = await house.mail_to("iris@demo.example")
        assert re.search(r"^\S+/account$", mail.text, re.MULTILINE)
        tab = await house.person().open("/account")
        await tab.press("continue", username=mail.username, password=mail.password)
        assert tab.page.h1 == "Choose a new password"
        await tab.press("continue", new_password=CHOSEN)
        assert tab.page.h1 == "Hello, Iris Hale"

    async def test_PW05_a_temporary_password_opens_none_of_them(self, house: House) -> None:
        mail = await house.mail_to("iris@demo.example")
        person = house.person()
        tab = await person.open("/account")
        await tab.press("continue", username=mail.username, password=mail.password)
        for path in PAGES:
            assert is_sign_in((await person.open(path)).page), path

    async def test_mfa_that_is_on_is_asked_for_here_as_at_a_portal(self, house: House) -> None:
        _, _, key = await with_app(house)
        tab = await signed_in_at_home(house, "theo")
        assert tab.page.h1 == "Enter the code from your authenticator app"
        await tab.press("continue", code=app_code(key, house.clock.now()))
        assert tab.page.h1 == "Hello, Theo Quill"

    async def test_of_several_accounts_none_is_asked_for_and_the_strictest_decides(self, house: House) -> None:
        tab = await signed_in_at_home(house, "max")
        assert tab.page.h1 == "Hello, Max Rowe"
        await demand_mfa(house, "EC-20018")
        tab = await signed_in_at_home(house, "max")
        # Max has a number and an account with Use 2FA: the text message comes before another factor is enrolled.
        assert tab.page.h1 == "Check your text messages"

    async def test_a_suspended_account_closes_them_and_another_one_keeps_them_open(self, house: House) -> None:
        tab = await signed_in_at_home(house, "dana")
        await house.run(suspend_account, SuspendAccount("EC-20017"))
        await tab.open("/account")
        assert is_sign_in(tab.page)
        await tab.press("continue", username="dana", password=PASSWORD)
        assert "blocked" in tab.page.ids
        assert "return-to-client" not in tab.page.ids

        await house.run(add_membership, AddMembership("dana", "EC-20018"))
        tab = await signed_in_at_home(house, "dana")
        assert tab.page.h1 == "Hello, Dana Marsh"

    async def test_AZ34_the_sign_in_of_one_browser_is_nothing_in_another(self, house: House) -> None:
        tab = await house.person().open("/account/password")
        stranger = await house.person().open(f"/sign-in/{login_of(tab.page)}")
        assert "error-page" in stranger.page.ids

    async def test_a_sign_in_that_took_too_long_starts_again_and_still_leads_there(self, house: House) -> None:
        tab = await house.person().open("/account/sessions")
        house.clock.advance(HOUR)
        await tab.reload()
        assert tab.page.h1 == "This sign-in has expired"
        await tab.press("continue")
        await tab.press("continue", username="dana", password=PASSWORD)
        assert tab.page.h1 == "Where you are signed in"

    async def test_a_second_tab_finds_it_finished(self, house: House) -> None:
        person = house.person()
        first = await person.open("/account/sessions")
        second = await person.open(first.page.url)
        await first.press("continue", username="dana", password=PASSWORD)
        await second.reload()
        assert second.page.h1 == "You're already signed in"
        await second.press("continue")
        assert second.page.h1 == "Where you are signed in"

    async def test_being_used_keeps_the_session_alive_and_nothing_else_does(self, house: House) -> None:
        tab = await signed_in_at_home(house, "dana")
        for _ in range(3):
            house.clock.advance(50 * MINUTE)
            await tab.open("/account")
            assert tab.page.status == 200
        house.clock.advance(HOUR)
        await tab.open("/account")
        assert is_sign_in(tab.page)


class TestTheWayBack:
    async def test_a_portal_of_ours_is_linked_to_on_every_page(self, house: House) -> None:
        inbound = house.portal("inbound")
        home = home_of(inbound)
        tab = await house.person().open(f"/account/mfa?return={quote(home, safe='')}")
        await tab.press("continue", username="dana", password=PASSWORD)
        assert tab.page.said("back-to-portal") == "Back to Inbound"
        for words in ("Overview", "Password", "Mobile number", "Sessions"):
            [link] = [a for a in tab.page.document.all("a") if a.text == words]
            await tab.open(link["href"])
            assert tab.page.ids["back-to-portal"]["href"] == home
        await tab.press("back-to-portal")
        assert tab.arrival == home

    @pytest.mark.parametrize(
        "url",
        [
            "https://evil.example/",
            "//evil.example/",
            "/account",
            "javascript:alert(1)",
            "http://localhost:1/",
            "https://localhost:{port}/",
            "http://localhost:{port}.evil.example/",
            "http://localhost:{port}@evil.example/",
            "http://evil.example/?http://localhost:{port}/",
            "http://evil.example\\@localhost:{port}/",
            "http://localhost:{port}/%0d%0aset-cookie:x=y",
            "http://LOCALHOST:{port}/",
            "x" * 3000,
        ],
    )
    async def test_nothing_else_is_linked_to_and_nothing_is_redirected_to(self, house: House, url: str) -> None:
        port = home_of(house.portal("inbound")).rstrip("/").rpartition(":")[2]
        url = url.replace("{port}", port)
        tab = await house.person().open(f"/account?return={quote(url, safe='')}")
        await tab.press("continue", username="dana", password=PASSWORD)
        assert tab.page.url == f"{house.issuer}/account"
        assert "back-to-portal" not in tab.page.ids
        assert "evil" not in tab.page.html

    async def test_a_third_party_is_not_linked_to(self, house: House) -> None:
        await house.client("inbound-lookalike", client_name="Inbound", policy={"first_party": False})
        tab = await signed_in_at_home(house, "dana", "/account?return=" + quote("http://localhost:9/", safe=""))
        assert "back-to-portal" not in tab.page.ids

    async def test_signing_out_ends_the_session_here(self, house: House) -> None:
        tab = await signed_in_at_home(house, "dana")
        await tab.press("sign-out")
        assert "logged-out" in tab.page.ids
        await tab.open("/account")
        assert is_sign_in(tab.page)


class TestWhatHappenedLately:
    async def test_the_own_trail_in_plain_words(self, house: House) -> None:
        inbound = house.portal("inbound")
        guess = await go_to(inbound, house.person())
        await guess.give_password("dana", "Wrong-Horse-9")
        house.clock.advance(MINUTE)
        person = house.person()
        await sign_in(inbound, person, "dana")
        tab = await person.open("/account/password")
        await tab.press("continue", password=PASSWORD, new_password=CHOSEN)
        lines = [line.text for line in tab.page.document.all("li") if line["class"] == "line"]
        told = [line for line in lines if "UTC" in line]
        assert told[0] == "Password changed Chrome on Linux, 127.0.0.1 Today, 09:01 UTC"
        assert told[1] == "Signed in to Inbound Chrome on Linux, 127.0.0.1 Today, 09:01 UTC"
        assert told[2] == "Wrong password Chrome on Linux, 127.0.0.1 Today, 09:00 UTC"
        assert "Password Chosen today" in tab.page.text
        assert "sign_in.succeeded" in await past_events(house, "dana")

    async def test_what_an_administrator_did_is_told_without_who_and_where(self, house: House) -> None:
        tab = await signed_in_at_home(house, "dana")
        assert "Your sign-in was created by an administrator" in tab.page.text

    async def test_what_to_do_next_follows_from_what_is_so(self, house: House) -> None:
        tab = await signed_in_at_home(house, "nora")
        assert "Add your mobile number" in tab.page.text
        tab = await signed_in_at_home(house, "dana")
        assert "Turn on MFA" in tab.page.text
        person, _, _ = await with_app(house)
        tab = await person.open("/account")
        assert "What to do next" not in tab.page.text
        assert "You sign in with your password and a code from your authenticator app." in tab.page.text
