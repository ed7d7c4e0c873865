"""`prompt=none`, for every step that may be pending: the error that names it, at once, and never a code (AZ18, AZ19)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from idp.services.people_security import DisableUser, SetPhone, disable_user, set_phone
from tests.flows.journeys import DAY, HOUR, MINUTE, enrol, go_to, sign_in
from tests.flows.test_refusal_rows import deny
from tests.support.dump import dump, untouched
from tests.support.house import House
from tests.support.person import Person
from tests.support.relying_party import AuthorizationRefused, RelyingParty


async def logins(house: House) -> Mapping[Any, Mapping[str, Any]]:
    return (await dump(house.runtime.store))["logins"]


async def refused(house: House, portal: RelyingParty, person: Person, **request: Any) -> str:
    """The error of a silent request, after checking that nothing came of it but its own finished login."""
    attempt, before = await portal.begin(prompt="none", **request), await logins(house)
    async with untouched(house, "+logins"):
        tab = await person.open(attempt.url)
    assert tab.last is not None
    assert (tab.last.status_code, tab.last.content) == (303, b"")
    with pytest.raises(AuthorizationRefused) as refusal:
        attempt.code(tab.arrival)
    after = await logins(house)
    assert [after[key]["state"] for key in after.keys() - before.keys()] == ["cancelled"]
    return refusal.value.error


async def test_AZ18_without_a_session(house: House) -> None:
    inbound = house.portal("inbound")
    assert await refused(house, inbound, house.person()) == "login_required"
    person = house.person()
    await sign_in(inbound, person, "dana")
    assert (await (await go_to(inbound, person, prompt="none")).arrived()).amr == ["pwd"]
    house.clock.advance(HOUR)
    assert await refused(house, inbound, person) == "login_required"


async def test_AZ18_with_a_session_that_is_too_old_or_whose_person_is_disabled(house: House) -> None:
    inbound, person = house.portal("inbound"), house.person()
    await sign_in(inbound, person, "dana")
    house.clock.advance(10)
    assert await refused(house, inbound, person, max_age=10) == "login_required"
    assert await refused(house, inbound, person, max_age=0) == "login_required"
    await (await go_to(inbound, person, prompt="none", max_age=11)).arrived()
    await house.run(disable_user, DisableUser("dana"))
    assert await refused(house, inbound, person) == "login_required"


async def test_AZ19_with_a_temporary_password_that_is_not_changed_yet(house: House) -> None:
    mail = await house.mail_to("iris@demo.example")
    journey = await go_to(house.portal("inbound"), house.person())
    await journey.give_password("iris", mail.password)
    assert journey.page.h1 == "Choose a new password"
    assert await refused(house, house.portal("inbound"), journey.person) == "login_required"


async def test_AZ19_with_a_password_that_has_become_too_old(house: House) -> None:
    strict, person = await house.client(policy={"password_max_age_days": 1}), house.person()
    house.clock.advance(DAY - MINUTE)
    await sign_in(strict, person, "dana")
    await (await go_to(strict, person, prompt="none")).arrived()
    house.clock.advance(MINUTE)
    assert await refused(house, strict, person) == "interaction_required"
    assert (await (await go_to(house.portal("inbound"), person, prompt="none")).arrived()).amr == ["pwd"]


async def test_AZ19_with_an_app_to_enrol(house: House) -> None:
    inbound, person = house.portal("inbound"), house.person()
    signed_in = await sign_in(inbound, person, "dana")
    assert await refused(house, inbound, person, acr_values=f"{house.issuer}/acr/mfa") == "interaction_required"
    async with house.runtime.store.write() as uow:
        await uow.people.set_mfa_enabled(signed_in.sub, True, house.clock.now())
    assert await refused(house, inbound, person) == "interaction_required"


async def test_AZ19_with_an_enrolled_app_to_show(house: House) -> None:
    inbound, person = house.portal("inbound"), house.person()
    mfa = f"{house.issuer}/acr/mfa"
    journey = await go_to(inbound, house.person(), acr_values=mfa)
    await journey.give_password("dana")
    await enrol(journey, house.clock.now)
    await journey.arrived()
    await sign_in(inbound, person, "dana")
    assert await refused(house, inbound, person, acr_values=mfa) == "interaction_required"
    silent = await go_to(inbound, journey.person, prompt="none", acr_values=mfa)
    assert (await silent.arrived()).amr == ["pwd", "otp", "mfa"]


async def test_AZ19_with_a_text_message_to_answer_none_is_sent(house: House) -> None:
    person = house.person()
    await sign_in(house.portal("inbound"), person, "sam")
    assert await refused(house, house.portal("sip-trunk-plus"), person) == "interaction_required"
    await house.deliver()
    assert not [message for message in await house.outbox() if message.channel == "sms"]


async def test_AZ19_without_the_number_that_is_needed(house: House) -> None:
    person = house.person()
    await sign_in(house.portal("inbound"), person, "nora")
    assert await refused(house, house.portal("sip-trunk-plus"), person) == "interaction_required"


async def test_AZ19_with_an_account_to_choose(house: House) -> None:
    inbound, trunk, person = house.portal("inbound"), house.portal("sip-trunk-plus"), house.person()
    journey = await go_to(inbound, person)
    await journey.give_password("max")
    await journey.press(account="Harbour Dental")
    await journey.arrived()
    assert await refused(house, trunk, person) == "account_selection_required"
    hinted = await go_to(trunk, person, prompt="none", account_hint="EC-20017")
    assert (await hinted.arrived()).claims["account"]["number"] == "EC-20017"
    assert await refused(house, trunk, person, account_hint="EC-20018") == "interaction_required"  # Use 2FA there


async def test_AZ19_with_consent_to_give(house: House) -> None:
    tally, person = await house.client("tally", policy={"first_party": False}), house.person()
    await sign_in(house.portal("inbound"), person, "dana")
    assert await refused(house, tally, person) == "consent_required"


async def test_AZ19_with_a_refusal_to_show(house: House) -> None:
    inbound, person = house.portal("inbound"), house.person()
    await sign_in(inbound, person, "dana")
    await deny(house, "EC-20017", "inbound")
    assert await refused(house, inbound, person) == "access_denied"


async def test_AZ23_with_a_level_that_nobody_here_can_reach(house: House) -> None:
    inbound, person = house.portal("inbound"), house.person()
    await sign_in(inbound, person, "dana")
    claims = json.dumps({"id_token": {"acr": {"essential": True, "value": "phr"}}})
    assert await refused(house, inbound, person, claims=claims) == "unmet_authentication_requirements"
    journey = await go_to(inbound, house.person(), claims=claims)
    await journey.give_password("dana")
    with pytest.raises(AuthorizationRefused, match="unmet_authentication_requirements"):
        await journey.arrived()


async def test_AZ19_after_the_phone_was_changed_the_session_is_over(house: House) -> None:
    trunk, person = house.portal("sip-trunk-plus"), house.person()
    journey = await go_to(trunk, person)
    await journey.give_password("sam")
    await journey.press(code=(await house.text_to("+447700900118")).code)
    await journey.arrived()
    await house.run(set_phone, SetPhone("sam", "+447700900555"))
    assert await refused(house, trunk, person) == "login_required"
