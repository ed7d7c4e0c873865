"""SECURITY-CASES 1.8, text messages, by their ids: each against a running server, each bad input without a trace."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from idp.config import settings_from
from idp.domain.permissions import Permission
from idp.errors import ConfigurationError, InvalidInput
from idp.services.accounts import ChangePermissions, change_permissions
from idp.services.people import CreateUser, create_user
from idp.services.people_import import import_people
from idp.services.people_security import SetPhone, set_phone
from tests.flows.journeys import DAY, MINUTE, Journey, app_code, ask_for_new_details, enrol, go_to, past_events, wrong
from tests.flows.test_totp_rows import to_step
from tests.support.dump import untouched
from tests.support.foundations import house_tables
from tests.support.house import House, running_house
from tests.support.inbox import Message

SAMS, ROLFS, MAXS = "+447700900118", "+447700900124", "+447700900119"
SMS_PAGE = "Check your text messages"
UNAVAILABLE = "We could not send your text message"


async def at_code(house: House, username: str = "sam", **request: str) -> Journey:
    journey = await go_to(house.portal("sip-trunk-plus"), house.person(), **request)
    await journey.give_password(username)
    return journey


async def texts(house: House) -> list[Message]:
    await house.deliver()
    return [message for message in await house.outbox() if message.channel == "sms"]


class TestWhereTextsGo:
    async def test_SM01_none_before_the_password_and_none_to_a_number_that_was_typed(self, house: House) -> None:
        journey = await go_to(house.portal("sip-trunk-plus"), house.person())
        form = (("username", "sam"), ("phone_number", "+447700900555"), ("to", "+447700900555"), ("method", "sms"))
        for step in ("resend", "verify", "method"):
            async with untouched(house, ignoring=frozenset()):
                await journey.tab.send(to_step(journey.page, step, *form))
        assert not await texts(house)
        await journey.give_password("sam")
        house.clock.advance(30)
        await journey.tab.send(to_step(journey.page, "resend", *form))
        assert {message.to for message in await texts(house)} == {SAMS}
        nobody = await go_to(house.portal("sip-trunk-plus"), house.person())
        await nobody.give_password("sam", "a wrong password 12")
        assert len(await texts(house)) == 2

    async def test_SM05_numbers_that_cost_or_take_no_texts_are_refused_when_they_are_saved(self, house: House) -> None:
        for typed in ("+447012345678", "0901 234 5678", "+88216123456", "+881612345678", "02079460000", "07640123456"):
            async with untouched(house, ignoring=frozenset()):
                with pytest.raises(InvalidInput):
                    await house.run(set_phone, SetPhone("sam", typed))

    async def test_SM05_a_number_is_judged_again_when_a_text_is_sent(self, tmp_path: Path) -> None:
        """The operator has taken a country off the list since the number was saved."""
        url, sms = f"sqlite:///{tmp_path}/idp.db", {"countries": ["FR"], "default_region": "FR", "drama_numbers": False}
        async with running_house(url, tmp_path, sms=sms) as house:
            journey = await at_code(house)
            assert (journey.page.status, journey.page.h1) == (503, UNAVAILABLE)
            await journey.press("resend")
            assert journey.page.h1 == UNAVAILABLE
            assert not await texts(house)
            assert "sms.failed" in await past_events(house, "sam")

    async def test_SM06_the_islands_share_the_country_code_and_not_the_list(self, house: House) -> None:
        for typed in ("07624 123456", "+447781123456", "+447911123456"):
            with pytest.raises(InvalidInput, match="country"):
                await house.run(set_phone, SetPhone("sam", typed))

    async def test_SM07_every_writer_stores_the_same_number_or_refuses_it(self, house: House) -> None:
        for n, typed in enumerate(("447890123456", "07890123456", "+44 (0)7890 123456", "0044 7890-123-456")):
            await house.run(set_phone, SetPhone("sam", typed))
            new = CreateUser(f"new{n}", f"new{n}@demo.example", "EC-20018", phone=typed)
            created = (await house.run(create_user, new)).person
            row = {
                "username": f"imported{n}",
                "email": f"i{n}@demo.example",
                "account": "EC-20018",
                "phone_number": typed,
            }
            await import_people(house.runtime.store, house.runtime.ports, [row])
            async with house.runtime.store.read() as uow:
                for name in ("sam", created.username, f"imported{n}"):
                    person = await uow.people.by_username(name)
                    assert person is not None
                    assert person.phone_number == "+447890123456", (name, typed)
        for typed in ("07890123456;ext=5", "０７８９０１２３４５６", "+4478901234567890", "mobile", "07890\n123456"):
            async with untouched(house, ignoring=frozenset()):
                with pytest.raises(InvalidInput):
                    await house.run(set_phone, SetPhone("sam", typed))
                with pytest.raises(InvalidInput):
                    await house.run(create_user, CreateUser("late", "late@demo.example", "EC-20018", phone=typed))

    async def test_SM08_a_number_is_unverified_until_its_code_came_back(self, house: House) -> None:
        """The article's own example has two digits swapped: 07890… is not 447980…"""
        changed = await house.run(set_phone, SetPhone("rolf", "07890123456"))
        assert changed.phone_number == "+447890123456"
        assert changed.phone_number_verified is False
        grouped = house.runtime.ports.phones.parse("447980123456").grouped
        assert grouped == "+44 7980 123456" != house.runtime.ports.phones.parse("07890123456").grouped

    async def test_SM19_every_number_has_the_same_mask(self, house: House) -> None:
        await house.run(set_phone, SetPhone("rolf", "07890123456"))
        shown = []
        for username in ("sam", "rolf"):
            journey = await at_code(house, username)
            found = re.search(r"[•*][•* ]+[0-9]+", journey.page.text)
            assert found is not None
            shown.append(found[0])
            assert "7700" not in journey.page.text
            assert "7890" not in journey.page.text
        assert [re.sub("[0-9]", "#", text) for text in shown] == [re.sub("[0-9]", "#", shown[0])] * 2
        assert [len(re.findall("[0-9]", text)) for text in shown] == [3, 3]

    async def test_SM21_a_text_holds_the_code_and_the_portal_and_no_link_and_no_name(self, house: House) -> None:
        await at_code(house)
        text = (await house.text_to(SAMS)).text
        assert re.fullmatch(r"\d{6} is your code for SIP Trunk Plus\. [A-Za-z .]+\n\n@localhost #\d{6}", text)
        for word in ("http", "sam", "Okafor", "Quayside", "/"):
            assert word not in text


class TestBudgets:
    async def test_SM02_resends_wait_longer_each_time_and_end(self, house: House) -> None:
        journey = await at_code(house)
        codes = [(await house.text_to(SAMS)).code]
        for wait in (30, 60, 120, 240):
            async with untouched(house):
                await journey.press("resend")
            assert journey.page.status == 429
            assert journey.page.headers["retry-after"] == str(wait)
            assert "just sent" in journey.page.errors
            house.clock.advance(wait)
            await journey.press("resend")
            codes.append((await house.text_to(SAMS)).code)
        for _ in range(50):
            await journey.press("resend")
            assert journey.page.status == 429
        assert len(await texts(house)) == 5 == len(set(codes))

    async def test_SM02_a_new_sign_in_is_no_way_round_and_a_day_has_ten(self, house: House) -> None:
        for sent in range(1, 11):
            journey = await at_code(house)
            assert journey.page.h1 == SMS_PAGE
            assert len(await texts(house)) == sent
            if sent == 5:
                limited = await at_code(house)
                assert (limited.page.status, limited.page.h1) == (429, UNAVAILABLE)
                assert 0 < int(limited.page.headers["retry-after"]) <= 10 * MINUTE
                house.clock.advance(10 * MINUTE)
        house.clock.advance(10 * MINUTE)
        assert (await at_code(house)).page.status == 429
        house.clock.advance(DAY)
        assert (await at_code(house)).page.h1 == SMS_PAGE

    async def test_SM03_a_range_of_numbers_and_an_account_have_limits_of_their_own(self, tmp_path: Path) -> None:
        url = f"sqlite:///{tmp_path}/idp.db"
        async with running_house(url, tmp_path, sms={"prefix_per_hour": 2}) as house:
            assert (await at_code(house, "sam")).page.h1 == SMS_PAGE
            assert (await at_code(house, "rolf")).page.h1 == SMS_PAGE
            await house.run(set_phone, SetPhone("nora", "+447700900777"))
            blocked = await at_code(house, "nora")
            assert (blocked.page.status, blocked.page.h1) == (429, UNAVAILABLE)
            await house.run(set_phone, SetPhone("nora", "07890123456"))
            assert (await at_code(house, "nora")).page.h1 == SMS_PAGE  # another range
            assert "sms.budget_exceeded" in await past_events(house, "nora")

    async def test_SM03_an_account_that_sends_too_many_leaves_others_alone(self, tmp_path: Path) -> None:
        async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path, sms={"account_per_hour": 1}) as house:
            await house.run(set_phone, SetPhone("nora", "+447700900777"))
            assert (await at_code(house, "sam")).page.h1 == SMS_PAGE
            assert (await at_code(house, "nora")).page.status == 429
            assert (await at_code(house, "rolf")).page.h1 == SMS_PAGE

    async def test_SM04_no_budget_means_no_text_and_no_way_past_it(self, tmp_path: Path) -> None:
        async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path, sms={"total_per_day": 1}) as house:
            await at_code(house, "rolf")
            journey = await at_code(house)
            assert (journey.page.status, journey.page.h1) == (429, UNAVAILABLE)
            for step in ("verify", "enrol", "change-password", "consent", "resend"):
                await journey.tab.send(to_step(journey.page, step, ("code", "000000")))
                assert journey.page.h1 in (UNAVAILABLE, SMS_PAGE), step
                assert journey.page.status >= 400
            assert [message.to for message in await texts(house)] == [ROLFS]
            assert "sms.budget_exceeded" in await past_events(house, "sam")

    async def test_SM04_another_factor_goes_on_working(self, tmp_path: Path) -> None:
        async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path, sms={"total_per_day": 1}) as house:
            first = await go_to(house.portal("inbound"), house.person(), acr_values=f"{house.issuer}/acr/mfa")
            await first.give_password("sam")
            await first.press(code=(await house.text_to(SAMS)).code)
            key = await enrol(first, house.clock.now)
            await first.arrived()
            house.clock.advance(30)
            journey = await at_code(house)
            assert journey.page.h1 == UNAVAILABLE
            await journey.press("use-another-method")
            await journey.press(code=app_code(key, house.clock.now()))
            assert (await journey.arrived()).amr == ["pwd", "otp", "mfa"]


class TestCodes:
    @pytest.mark.parametrize(("seconds", "accepted"), [(299, True), (300, False), (301, False)])
    async def test_SM09_a_code_lives_five_minutes(self, house: House, seconds: int, accepted: bool) -> None:
        journey = await at_code(house)
        code = (await house.text_to(SAMS)).code
        house.clock.advance(seconds)
        await journey.press(code=code)
        if accepted:
            assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]
        else:
            assert "expired" in journey.page.errors

    def test_SM09_no_configuration_makes_it_more_than_ten(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="code_minutes"):
            settings_from(house_tables(tmp_path, 9, "sqlite:///x.db", sms={"code_minutes": 11}), folder=tmp_path)

    async def test_SM11_five_wrong_tries_are_all_and_a_resend_gives_no_more(self, house: House) -> None:
        journey = await at_code(house)
        code = (await house.text_to(SAMS)).code
        for _ in range(3):
            await journey.press(code=wrong(code))
            assert "not right" in journey.page.errors
        house.clock.advance(30)
        await journey.press("resend")
        code = (await house.text_to(SAMS)).code
        for _ in range(2):
            await journey.press(code=wrong(code))
        assert journey.page.h1 == "This sign-in has ended"
        assert "Too many wrong codes" in journey.page.errors
        await journey.press()
        await journey.give_password("sam")
        await journey.press(code=(await house.text_to(SAMS)).code)
        assert journey.page.status == 429  # the person's five tries in five minutes are used up, whatever the code

    async def test_SM11_a_code_of_which_five_tries_were_wrong_is_dead(self, tmp_path: Path) -> None:
        """Where the operator allows more tries for a sign-in than for one code."""
        mfa, throttle = {"tries_per_login": 20}, {"second_factor_per_five_minutes": 20, "second_factor_per_address": 20}
        async with running_house(f"sqlite:///{tmp_path}/idp.db", tmp_path, mfa=mfa, throttle=throttle) as house:
            journey = await at_code(house)
            code = (await house.text_to(SAMS)).code
            for _ in range(5):
                await journey.press(code=wrong(code))
            await journey.press(code=code)
            assert "too many times" in journey.page.errors
            await journey.press("resend")
            house.clock.advance(30)
            await journey.press("resend")
            await journey.press(code=(await house.text_to(SAMS)).code)
            assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]

    async def test_SM12_after_a_resend_the_newest_code_counts(self, house: House) -> None:
        journey = await at_code(house)
        older = (await house.text_to(SAMS)).code
        house.clock.advance(30)
        await journey.press("resend")
        newer = (await house.text_to(SAMS)).code
        await journey.press(code=older)
        assert "not right" in journey.page.errors
        await journey.press(code=newer)
        assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]

    async def test_SM12_a_code_is_for_its_own_sign_in(self, house: House) -> None:
        one, other = await at_code(house), await at_code(house)
        await house.deliver()
        second, first = [message.code for message in await texts(house)]
        await one.press(code=second)
        assert "not right" in one.page.errors
        await one.press(code=first)
        await other.press(code=first)
        assert "not right" in other.page.errors
        await other.press(code=second)
        for journey in (one, other):
            assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]

    async def test_SM12_a_used_code_is_used_in_every_tab(self, either_house: House) -> None:
        house = either_house
        journey = await at_code(house)
        again = journey.tab.prepare("continue", code=(await house.text_to(SAMS)).code)
        await journey.tab.send(again)
        await journey.arrived()
        async with untouched(house, ignoring=frozenset()):
            await journey.tab.send(again)
        assert journey.page.h1 == "You're already signed in"


class TestTheNumberChanges:
    async def test_SM15_another_number_and_another_password_are_two_acts_that_the_person_hears_of(
        self, house: House
    ) -> None:
        await house.run(set_phone, SetPhone("sam", "+447700900555"))
        await house.mail_to("sam@demo.example")
        await ask_for_new_details(house.person(), "sam")
        await house.mail_to("sam@demo.example")
        mails = [message for message in await house.outbox() if message.to == "sam@demo.example"]
        assert len(mails) == 2
        assert any("number" in mail.subject.lower() and SAMS not in mail.text for mail in mails)
        events = await past_events(house, "sam")
        assert events[:2] == ["temporary_password.sent", "phone.changed"]

    async def test_SM17_without_the_number_there_is_the_page_and_never_a_way_past_it(self, house: House) -> None:
        journey = await at_code(house)
        await house.text_to(SAMS)
        await house.run(set_phone, SetPhone("sam", None))
        blocked = await at_code(house)
        assert blocked.page.h1 == "We need a mobile number for you"
        assert "Northern Voice" in blocked.page.text
        assert "sign_in.blocked_no_phone" in await past_events(house, "sam")
        await journey.tab.reload()
        assert journey.page.h1 == "Sign in to SIP Trunk Plus"  # what was proved before the change is void

    async def test_SM17_the_number_that_is_added_opens_the_door(self, house: House) -> None:
        blocked = await at_code(house, "nora")
        assert "blocked" in blocked.page.ids
        await house.run(set_phone, SetPhone("nora", "07700 900 321"))
        journey = await at_code(house, "nora")
        await journey.press(code=(await house.text_to("+447700900321")).code)
        assert (await journey.arrived()).amr == ["pwd", "sms", "mfa"]

    async def test_SM18_nobody_allocates_to_the_operator(self, house: House) -> None:
        """Who may allocate to whom is `domain.permissions`; the console asks it. The root has nobody above."""
        async with untouched(house, ignoring=frozenset()):
            with pytest.raises(InvalidInput):
                await house.run(change_permissions, ChangePermissions("OP-1", allocate=frozenset({Permission.USE_2FA})))


class TestOtherFactors:
    async def test_RC02_every_factor_draws_on_the_same_tries(self, house: House) -> None:
        """Recovery codes are not handed out yet: asking for one changes nothing, and tries are counted per person."""
        first = await go_to(house.portal("inbound"), house.person(), acr_values=f"{house.issuer}/acr/mfa")
        await first.give_password("sam")
        await first.press(code=(await house.text_to(SAMS)).code)
        key = await enrol(first, house.clock.now)
        await first.arrived()
        house.clock.advance(30)

        journey = await at_code(house)
        code = (await house.text_to(SAMS)).code
        for _ in range(3):
            await journey.press(code=wrong(code))
        async with untouched(house, ignoring=frozenset()):
            await journey.tab.send(to_step(journey.page, "method", ("method", "recovery_code")))
        assert journey.page.h1 == SMS_PAGE
        await journey.press("use-another-method")
        await journey.press(code=wrong(app_code(key, house.clock.now())))
        again = await at_code(house)
        await again.press(code=wrong((await house.text_to(SAMS)).code))
        assert "not right" in again.page.errors
        for method in ("", "use-another-method"):
            if method:
                await again.press(method)
            await again.press(code=app_code(key, house.clock.now()))
            assert again.page.status == 429
