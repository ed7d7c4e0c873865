"""SECURITY-CASES on what changes a proof, by their ids: TO11, TO14, TO21; and the thieves who get nowhere."""

from __future__ import annotations

from idp.services.people import AddMembership, add_membership
from tests.flows.journeys import (
    CHOSEN,
    MINUTE,
    PASSWORD,
    app_code,
    ask_for_new_details,
    enrol,
    go_to,
    sign_in,
)
from tests.flows.own_account import (
    ENROL,
    SAM_NUMBER,
    SECONDS_OF_A_FRESH_PROOF,
    SECONDS_OF_A_STEP,
    VERIFY_APP,
    VERIFY_TEXT,
    demand_mfa,
    has_app,
    is_sign_in,
    post,
    signed_in_at_home,
    stored,
    with_app,
)
from tests.support.dump import untouched
from tests.support.house import House
from tests.support.person import Person


class TestFreshProof:
    """TO11, TO21: password and standing factor within ten minutes, asked for by a sign-in and never by a form beside it."""

    async def test_TO21_resetting_takes_password_and_app_again(self, house: House) -> None:
        person, _, key = await with_app(house)
        house.clock.advance(SECONDS_OF_A_FRESH_PROOF)
        tab = await person.open("/account/mfa")
        async with untouched(house, "+logins"):
            await tab.press("reset-mfa")
        assert is_sign_in(tab.page)
        assert tab.page.fields()["username"] == "theo"
        await tab.press("continue", username="theo", password=PASSWORD)
        assert tab.page.h1 == VERIFY_APP
        await tab.open("/account/mfa/reset")  # the password alone is not enough
        assert is_sign_in(tab.page)
        await tab.press("continue", username="theo", password=PASSWORD)
        await tab.press("continue", code=app_code(key, house.clock.now()))
        assert tab.page.h1 == "Reset MFA"
        await tab.press("save")
        assert not await has_app(house, "theo")

    async def test_TO21_disabling_keeps_what_was_ticked_while_the_proof_is_given(self, house: House) -> None:
        person, _, key = await with_app(house)
        house.clock.advance(SECONDS_OF_A_FRESH_PROOF)
        tab = await person.open("/account/mfa")
        await tab.press("save", enable_mfa=False)
        await tab.press("continue", username="theo", password=PASSWORD)
        await tab.press("continue", code=app_code(key, house.clock.now()))
        assert tab.page.h1 == "My MFA"
        assert "Press Save to finish." in tab.page.text
        assert await has_app(house, "theo")
        await tab.press("save")
        assert "MFA is off." in tab.page.text
        assert not await has_app(house, "theo")

    async def test_TO21_only_what_is_missing_is_asked_for(self, house: House) -> None:
        """A password of a minute ago need not be repeated; the app has not been shown in this session at all."""
        _, _, key = await with_app(house)
        other = await house.client("bare", policy={"second_factor": "none"})
        theo = await stored(house, "theo")
        async with house.runtime.store.write() as uow:
            await uow.people.set_mfa_enabled(theo.id, False, house.clock.now())
        person = house.person()
        await sign_in(other, person, "theo")
        house.clock.advance(MINUTE)
        tab = await person.open("/account/phone")
        assert tab.page.h1 == VERIFY_APP
        await tab.press("continue", code=app_code(key, house.clock.now()))
        assert tab.page.h1 == "Your mobile number"

    async def test_TO21_the_confirmation_cannot_be_posted_past_the_proof(self, house: House) -> None:
        person, _, _ = await with_app(house)
        tab = await person.open("/account/mfa")
        house.clock.advance(SECONDS_OF_A_FRESH_PROOF)
        for path, pairs in (
            ("/account/mfa", ()),
            ("/account/mfa/reset/confirm", ()),
            ("/account/password", (("password", PASSWORD), ("new_password", CHOSEN))),
            ("/account/phone", (("phone_number", "07700900333"),)),
            ("/account/phone/resend", ()),
        ):
            async with untouched(house, "+logins", "sessions.seen_at"):
                await tab.send(post(tab.page, path, *pairs))
            assert is_sign_in(tab.page), path
            await tab.open("/account")

    async def test_cancelling_the_proof_leads_back_and_changes_nothing(self, house: House) -> None:
        person, _, _ = await with_app(house)
        house.clock.advance(SECONDS_OF_A_FRESH_PROOF)
        tab = await person.open("/account/mfa/reset")
        await tab.press("cancel")
        assert tab.page.h1.startswith("Hello")
        assert await has_app(house, "theo")

    async def test_TO11_enabling_takes_a_fresh_password(self, house: House) -> None:
        tab = await signed_in_at_home(house, "dana", "/account/mfa")
        house.clock.advance(SECONDS_OF_A_FRESH_PROOF + 1)
        await tab.press("save", enable_mfa=True)
        assert is_sign_in(tab.page)
        assert not (await stored(house, "dana")).mfa_enabled
        await tab.press("continue", username="dana", password=PASSWORD)
        assert tab.page.ids["enable_mfa"].has("checked")
        await tab.press("save")
        assert (await stored(house, "dana")).mfa_enabled

    async def test_TO11_setting_up_later_takes_a_fresh_password(self, house: House) -> None:
        tab = await signed_in_at_home(house, "dana", "/account/mfa")
        await tab.press("save", enable_mfa=True)
        house.clock.advance(SECONDS_OF_A_FRESH_PROOF + 1)
        await tab.press("set-up-now")
        assert is_sign_in(tab.page)

    async def test_TO11_a_session_of_long_ago_enrols_nothing_at_a_portal_either(self, house: House) -> None:
        inbound, person = house.portal("inbound"), house.person()
        await sign_in(inbound, person, "dana")
        house.clock.advance(SECONDS_OF_A_FRESH_PROOF + 1)
        journey = await go_to(inbound, person, acr_values=f"{house.issuer}/acr/mfa")
        assert journey.page.h1 == "Sign in to Inbound"
        await journey.give_password("dana")
        assert journey.page.h1 == ENROL
        await enrol(journey, house.clock.now)
        assert (await journey.arrived()).amr == ["pwd", "otp", "mfa"]

    async def test_TO11_whoever_knows_the_password_enrols_no_app_past_the_text_message(self, house: House) -> None:
        """Use 2FA guards sam's account; an app of the thief's own would be accepted in its place at SIP Trunk Plus."""
        thief = house.person()
        journey = await go_to(house.portal("inbound"), thief, acr_values=f"{house.issuer}/acr/mfa")
        await journey.give_password("sam")
        assert journey.page.h1 == VERIFY_TEXT
        tab = await thief.open("/account/mfa")  # nobody is signed in yet
        await tab.press("continue", username="sam", password=PASSWORD)
        await tab.press("save", enable_mfa=True)
        assert tab.page.h1 == VERIFY_TEXT
        assert not (await stored(house, "sam")).mfa_enabled

    async def test_TO11_with_the_text_message_the_owner_does(self, house: House) -> None:
        tab = await signed_in_at_home(house, "sam", "/account/mfa")
        await tab.press("save", enable_mfa=True)
        await tab.press("continue", code=(await house.text_to(SAM_NUMBER)).code)
        await tab.press("save")
        assert (await stored(house, "sam")).mfa_enabled
        await tab.press("set-up-now")
        assert tab.page.h1 == ENROL

    async def test_TO14_the_secret_is_shown_while_it_waits_and_never_again(self, house: House) -> None:
        person = house.person()
        tab = await signed_in_at_home(house, "dana", "/account/mfa", person=person)
        await tab.press("save", enable_mfa=True)
        await tab.press("set-up-now")
        pending, key = tab.page.url, tab.page.said("totp-secret")
        assert tab.page.headers["cache-control"] == "no-store"
        other = await person.open("/account/mfa")
        await other.press("set-up-now")
        newest = other.page.said("totp-secret")
        assert newest != key  # a sign-in of its own, with a secret of its own
        await other.press("continue", code=app_code(newest, house.clock.now()))
        for path in ("/account", "/account/mfa", "/account/mfa/reset", pending):
            await other.open(path)
            assert key not in other.page.html
            assert newest not in other.page.html
        assert newest not in house.log


class TestWhoMayManageMfa:
    async def test_one_account_that_keeps_it_to_its_administrators_is_enough(self, house: House) -> None:
        await house.run(add_membership, AddMembership("dana", "EC-20018", may_manage_mfa=False))
        tab = await signed_in_at_home(house, "dana")
        assert "My MFA" not in {link.text for link in tab.page.document.all("a")}
        await tab.open("/account/mfa")
        reason = "The administrators of Quayside Legal look after your MFA. Ask them to change it."
        assert tab.page.said("locked") == reason
        assert not {"enable_mfa", "save", "reset-mfa"} & set(tab.page.ids)
        for path in ("/account/mfa", "/account/mfa/reset/confirm"):
            async with untouched(house):
                await tab.send(post(tab.page, path, ("enable_mfa", "on")))
            assert tab.page.status == 403
            assert reason in tab.page.text
        await tab.open("/account/mfa/reset")
        assert tab.page.said("locked") == reason

    async def test_the_demand_of_a_reseller_binds_the_end_clients_below(self, house: House) -> None:
        person, _, _ = await with_app(house)
        await demand_mfa(house, "RS-10023")  # of the reseller, for everybody below
        tab = await person.open("/account/mfa")
        assert "Harbour Dental requires MFA" in tab.page.said("locked")


class TestStolenSession:
    """A thief with both cookies of a live session, and nothing else."""

    async def test_it_alone_takes_no_account_over(self, house: House) -> None:
        owner, _, key = await with_app(house)
        house.clock.advance(SECONDS_OF_A_FRESH_PROOF)
        thief = house.person()
        thief.http.cookies.update(owner.http.cookies)
        tab = await thief.open("/account/mfa")
        assert tab.page.h1 == "My MFA"
        for path in ("/account/password", "/account/phone", "/account/mfa/reset"):
            await tab.open(path)
            assert is_sign_in(tab.page), path
        await tab.open("/account/mfa")
        await tab.press("save", enable_mfa=False)
        assert is_sign_in(tab.page)
        assert await has_app(house, "theo")
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password("theo")
        await journey.press(code=app_code(key, house.clock.now()))
        assert (await journey.arrived()).amr == ["pwd", "otp", "mfa"]

    async def test_not_even_one_of_this_minute(self, house: House) -> None:
        """A thief at once: the password stays the owner's, and with it the account."""
        owner = house.person()
        await sign_in(house.portal("inbound"), owner, "dana")
        thief = house.person()
        thief.http.cookies.update(owner.http.cookies)
        tab = await thief.open("/account/password")
        for guess in ("", "Wrong-Horse-9"):
            await tab.press("continue", password=guess, new_password=CHOSEN)
            assert tab.page.status == 400
        assert (await sign_in(house.portal("inbound"), house.person(), "dana")).amr == ["pwd"]


class TestStolenMailbox:
    """A thief who reads the mailbox, and nothing else."""

    async def test_it_alone_takes_no_guarded_account_over(self, house: House) -> None:
        await with_app(house)
        await house.mail_to("theo@demo.example")
        thief: Person = house.person()
        await ask_for_new_details(thief, "theo")
        temporary = (await house.mail_to("theo@demo.example")).password
        for path in ("/account", "/account/mfa", "/account/password"):
            tab = await thief.open(path)
            await tab.press("continue", username="theo", password=temporary)
            assert tab.page.h1 == VERIFY_APP, path
        house.clock.advance(SECONDS_OF_A_STEP)
        assert await has_app(house, "theo")
