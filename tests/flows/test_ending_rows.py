"""What ends tokens: each state of the person, the account and the session on each way to use a token (TK16 to TK20, TK34, TK37).

Every ending is done as it is done in life, by the use case behind the command line or by the person on the pages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from idp.domain.clients import ClientStatus
from idp.services.accounts import (
    ChangePermissions,
    MoveAccount,
    SuspendAccount,
    change_permissions,
    move_account,
    suspend_account,
)
from idp.services.people_security import DisableUser, ResetMfa, SetPhone, disable_user, reset_mfa, set_phone
from idp.services.session_control import RevokeSession, RevokeSessions, revoke_session, revoke_sessions
from tests.flows.journeys import CHOSEN, Journey, app_code, ask_for_new_details, enrol, go_to
from tests.flows.test_sip_trunk_plus_article import USE_2FA
from tests.support.dump import untouched
from tests.support.house import House
from tests.support.relying_party import SignedIn, TokenRefused

Ending = Callable[[House, Journey, SignedIn], Awaitable[object]]


async def disable_the_person(house: House, journey: Journey, signed_in: SignedIn) -> None:
    await house.run(disable_user, DisableUser("theo"))


async def suspend_the_account(house: House, journey: Journey, signed_in: SignedIn) -> None:
    await house.run(suspend_account, SuspendAccount("EC-20017"))


async def suspend_its_reseller(house: House, journey: Journey, signed_in: SignedIn) -> None:
    await house.run(suspend_account, SuspendAccount("RS-10023"))


async def move_the_account(house: House, journey: Journey, signed_in: SignedIn) -> None:
    await house.run(move_account, MoveAccount("EC-20017", "RS-10024"))


async def demand_a_factor(house: House, journey: Journey, signed_in: SignedIn) -> None:
    await house.run(change_permissions, ChangePermissions("EC-20017", allocate=USE_2FA))


async def reset_the_factor(house: House, journey: Journey, signed_in: SignedIn) -> None:
    await house.run(reset_mfa, ResetMfa("theo"))


async def change_the_number(house: House, journey: Journey, signed_in: SignedIn) -> None:
    await house.run(set_phone, SetPhone("theo", "+447700900555"))


async def revoke_the_session(house: House, journey: Journey, signed_in: SignedIn) -> None:
    await house.run(revoke_session, RevokeSession(signed_in.claims["sid"]))


async def revoke_everything(house: House, journey: Journey, signed_in: SignedIn) -> None:
    await house.run(revoke_sessions, RevokeSessions("theo"))


async def sign_out_at_the_portal(house: House, journey: Journey, signed_in: SignedIn) -> None:
    await journey.tab.open(await journey.attempt.party.logout_url(signed_in))
    assert journey.tab.has_arrived


async def forget_and_change_the_password(house: House, journey: Journey, signed_in: SignedIn) -> None:
    house.clock.advance(30)
    await house.mail_to("theo@demo.example")  # about the app
    await ask_for_new_details(house.person(), "theo")
    mail = await house.mail_to("theo@demo.example")
    other = await go_to(house.portal("inbound"), house.person())
    await other.give_password("theo", mail.password)
    await other.press(code=await _code(house))
    await other.press(new_password=CHOSEN)
    await other.arrived()


async def disable_the_client(house: House, journey: Journey, signed_in: SignedIn) -> None:
    async with house.runtime.store.write() as uow:
        await uow.clients.set_status("inbound", ClientStatus.DISABLED)


ENDINGS: tuple[Ending, ...] = (
    disable_the_person, suspend_the_account, suspend_its_reseller, move_the_account, demand_a_factor, reset_the_factor,
    change_the_number, revoke_the_session, revoke_everything, sign_out_at_the_portal, forget_and_change_the_password,
    disable_the_client,
)  # fmt: skip
_keys: dict[str, str] = {}


async def _code(house: House) -> str:
    return app_code(_keys[house.issuer], house.clock.now())


async def theo_signs_in(house: House) -> tuple[Journey, SignedIn]:
    """With a second factor, so that there is something of everything to end."""
    journey = await go_to(house.portal("inbound"), house.person())
    await journey.give_password("theo")
    _keys[house.issuer] = await enrol(journey, house.clock.now)
    return journey, await journey.arrived()


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.__name__)
async def test_TK20_TK34_TK37_what_ends_a_sign_in_ends_every_use_of_its_tokens(house: House, ending: Ending) -> None:
    inbound = house.portal("inbound")
    journey, signed_in = await theo_signs_in(house)
    waiting = await go_to(inbound, journey.person)  # a code that is not redeemed yet
    assert (await inbound.introspect(signed_in.access_token))["active"] is True
    await ending(house, journey, signed_in)

    error = "invalid_client" if ending is disable_the_client else "invalid_grant"
    with pytest.raises(TokenRefused, match=error):
        await inbound.refresh(signed_in)
    with pytest.raises(TokenRefused, match=error):
        await waiting.arrived()
    with pytest.raises(TokenRefused):
        await inbound.userinfo(signed_in)
    if ending is not disable_the_client:
        assert await inbound.introspect(signed_in.access_token) == {"active": False}
        assert await inbound.introspect(str(signed_in.refresh_token)) == {"active": False}


async def test_TK37_who_has_to_wait_after_wrong_passwords_keeps_what_is_open_on_every_grant(house: House) -> None:
    """A throttle slows sign-ins and nothing else: else anybody could end anybody's sessions by typing a name."""
    inbound = house.portal("inbound")
    journey = await go_to(inbound, house.person())
    await journey.give_password("dana")
    signed_in = await journey.arrived()
    waiting = await go_to(inbound, journey.person)
    stranger = await go_to(inbound, house.person())
    for _ in range(8):
        await stranger.give_password("dana", "a wrong password 12")
    assert (await inbound.refresh(signed_in)).sub == signed_in.sub
    assert (await waiting.arrived()).sub == signed_in.sub
    assert await inbound.userinfo(signed_in)
    assert (await inbound.introspect(signed_in.access_token))["active"] is True


async def redeemed(house: House) -> tuple[Journey, dict[str, str], SignedIn]:
    journey = await go_to(house.portal("inbound"), house.person())
    await journey.give_password("dana")
    form = {
        "grant_type": "authorization_code",
        "code": journey.attempt.code(journey.tab.arrival),
        "redirect_uri": journey.attempt.party.redirect_uri,
        "code_verifier": journey.attempt.verifier,
    }
    return journey, form, await journey.attempt.party.read_tokens(await journey.attempt.party.token(form))


async def test_TK16_TK18_a_replayed_code_ends_what_came_of_it_whenever_it_comes(house: House) -> None:
    for seconds in (0, 1, 30, 61, 300):  # the code's own minute is over after 60
        journey, form, signed_in = await redeemed(house)
        portal = journey.attempt.party
        house.clock.advance(seconds)
        assert await portal.userinfo(signed_in)
        with pytest.raises(TokenRefused, match="invalid_grant"):
            await portal.token(form)
        with pytest.raises(TokenRefused) as refused:
            await portal.userinfo(signed_in)
        assert refused.value.status == 401
        assert await portal.introspect(signed_in.access_token) == {"active": False}
        with pytest.raises(TokenRefused, match="invalid_grant"):
            await portal.refresh(signed_in)
        assert (
            await (await go_to(portal, journey.person)).arrived()
        ).sub == signed_in.sub  # the session is not to blame


async def test_TK17_a_replay_that_is_wrong_in_anything_ends_nothing(house: House) -> None:
    journey, form, signed_in = await redeemed(house)
    portal, other = journey.attempt.party, house.portal("sip-trunk-plus")
    wrong_secret = house.portal("inbound")
    wrong_secret.secret = "not the secret"
    async with untouched(house, ignoring=frozenset()):
        for party, changed in (
            (portal, {"code_verifier": "x" * 43}),
            (portal, {"redirect_uri": "http://localhost:9/other"}),
            (portal, {"code": "x" * 43}),
            (other, {}),
            (wrong_secret, {}),
        ):
            with pytest.raises(TokenRefused):
                await party.token(form | changed)
    assert await portal.userinfo(signed_in)
    assert (await portal.refresh(signed_in)).sub == signed_in.sub
