"""Back-channel logout over real HTTP: who hears of a session's end, and for which reasons."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import pytest

from idp.domain.clients import ClientStatus
from idp.services.accounts import MoveAccount, SuspendAccount, move_account, suspend_account
from idp.services.people_security import DisableUser, ResetMfa, SetPhone, disable_user, reset_mfa, set_phone
from idp.services.session_control import RevokeSession, RevokeSessions, revoke_session, revoke_sessions
from tests.flows.journeys import CHOSEN, ask_for_new_details, enrol, go_to, sign_in
from tests.oidc.visits import Visit
from tests.support.house import House
from tests.support.http_server import Answer
from tests.support.logouts import LogoutListener

# The token and its delivery


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
async def test_LO10_a_logout_token_is_one_by_all_marks(served: House, listener: LogoutListener, alg: str) -> None:
    portal = await served.client("listening", backchannel_logout_uri=listener.uri, id_token_signed_response_alg=alg)
    person = served.person()
    signed_in = await sign_in(portal, person, "dana")
    await person.open(await portal.logout_url(signed_in))
    claims = await listener.hear(served, portal)
    assert (claims["sub"], claims["sid"]) == (signed_in.sub, signed_in.claims["sid"])


async def test_a_token_is_made_when_it_is_sent_and_each_is_another(visit: Visit) -> None:
    visit.listener.answer = lambda: Answer(500)
    await visit.signs_out()
    first = await visit.listener.hear(visit.house, visit.portal)
    visit.house.clock.advance(3600)
    again = await visit.listener.hear(visit.house, visit.portal)  # which is judged by the hour that it is now
    assert again["jti"] != first["jti"]
    assert (again["sub"], again["sid"]) == (first["sub"], first["sid"])


async def test_the_person_is_sent_back_before_the_portal_has_answered(visit: Visit) -> None:
    """SECURITY-CASES LO09; checklist 43: sent without waiting for the redirect, nor the redirect for it."""
    visit.listener.busy.set()
    tab = await visit.person.open(await visit.portal.logout_url(visit.signed_in, state="s-1"))
    assert tab.arrival == f"{visit.portal.post_logout_redirect_uri}?state=s-1"
    visit.listener.release()
    await visit.is_told()


async def test_a_running_server_sends_by_itself(visit: Visit) -> None:
    await visit.person.open(await visit.portal.logout_url(visit.signed_in))
    deadline = time.monotonic() + 10
    while not visit.listener.calls and time.monotonic() < deadline:
        await visit.person.open("/account")
    assert len(visit.listener.calls) == 1


# Why sessions end


async def dana_signs_out(visit: Visit) -> None:
    await visit.signs_out()


async def dana_signs_out_without_a_hint(visit: Visit) -> None:
    tab = await visit.person.open("/end_session")
    await tab.press("logout-confirm")


async def somebody_else_signs_in_at_the_same_browser(visit: Visit) -> None:
    journey = await go_to(visit.portal, visit.person, prompt="login")
    await journey.give_password("rita")
    await journey.arrived()


async def an_operator_ends_the_session(visit: Visit) -> None:
    await visit.house.run(revoke_session, RevokeSession(visit.sid))


async def an_operator_ends_all_sessions(visit: Visit) -> None:
    assert await visit.house.run(revoke_sessions, RevokeSessions("dana")) == 1


async def dana_forgot_her_password_elsewhere(visit: Visit) -> None:
    elsewhere = await go_to(visit.house.portal("inbound"), visit.house.person())
    await ask_for_new_details(elsewhere.person, "dana", elsewhere.tab)
    mail = await visit.house.mail_to("dana@demo.example")
    assert await visit.listener.heard_nothing(visit.house)  # asking disturbs nobody
    await elsewhere.press()
    await elsewhere.give_password("dana", mail.password)
    await elsewhere.press(new_password=CHOSEN)


async def her_phone_number_is_changed(visit: Visit) -> None:
    await visit.house.run(set_phone, SetPhone("dana", "+447700900125"))


async def she_is_disabled(visit: Visit) -> None:
    await visit.house.run(disable_user, DisableUser("dana"))


async def her_account_is_suspended(visit: Visit) -> None:
    await visit.house.run(suspend_account, SuspendAccount("EC-20017"))


async def her_reseller_is_suspended(visit: Visit) -> None:
    await visit.house.run(suspend_account, SuspendAccount("RS-10023"))


async def her_account_is_moved(visit: Visit) -> None:
    await visit.house.run(move_account, MoveAccount("EC-20017", "RS-10024"))


ENDINGS: tuple[Callable[[Visit], Awaitable[None]], ...] = (
    dana_signs_out,
    dana_signs_out_without_a_hint,
    somebody_else_signs_in_at_the_same_browser,
    an_operator_ends_the_session,
    an_operator_ends_all_sessions,
    dana_forgot_her_password_elsewhere,
    her_phone_number_is_changed,
    she_is_disabled,
    her_account_is_suspended,
    her_reseller_is_suspended,
    her_account_is_moved,
)


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.__name__)
async def test_whatever_ends_a_session_its_portal_hears_of_it_once(
    visit: Visit, ending: Callable[[Visit], Awaitable[None]]
) -> None:
    await ending(visit)
    await visit.is_told()
    assert await visit.listener.heard_nothing(visit.house)


async def test_a_reset_of_mfa_ends_the_sessions_that_it_guarded(served: House, listener: LogoutListener) -> None:
    policy = {"second_factor": "totp"}
    portal = await served.client("listening", backchannel_logout_uri=listener.uri, policy=policy)
    journey = await go_to(portal, served.person())
    await journey.give_password("theo")
    await enrol(journey, served.clock.now)
    signed_in = await journey.arrived()
    await served.run(reset_mfa, ResetMfa("theo"))
    assert (await listener.hear(served, portal))["sid"] == signed_in.claims["sid"]


# Who is told


async def test_every_portal_of_the_session_is_told_and_no_other(served: House) -> None:
    with LogoutListener() as first, LogoutListener() as second, LogoutListener() as stranger:
        portals = [
            await served.client(f"portal-{n}", backchannel_logout_uri=listening.uri)
            for n, listening in enumerate((first, second, stranger))
        ]
        person = served.person()
        signed_in = await sign_in(portals[0], person, "dana")
        both = await (await go_to(portals[1], person)).arrived()
        assert both.claims["sid"] == signed_in.claims["sid"]
        await sign_in(portals[2], served.person(), "dana")  # another browser, another session
        await go_to(portals[2], person)  # a code that the portal never redeemed: it knows of no session
        await person.open(await portals[0].logout_url(signed_in))
        for listening, portal in ((first, portals[0]), (second, portals[1])):
            assert (await listening.hear(served, portal))["sid"] == signed_in.claims["sid"]
            assert await listening.heard_nothing(served)
        assert await stranger.heard_nothing(served)


async def test_the_session_at_another_browser_goes_on(visit: Visit) -> None:
    elsewhere = await sign_in(visit.portal, visit.house.person(), "dana")
    await visit.signs_out()
    await visit.is_told()
    assert await visit.listener.heard_nothing(visit.house)
    await visit.portal.refresh(elsewhere)


async def test_whoever_has_another_account_stays_signed_in_and_only_the_portal_of_the_suspended_one_is_told(
    served: House,
) -> None:
    with LogoutListener() as first, LogoutListener() as second:
        one = await served.client("one", backchannel_logout_uri=first.uri)
        other = await served.client("other", backchannel_logout_uri=second.uri)
        person = served.person()
        journey = await go_to(one, person, account_hint="EC-20017")
        await journey.give_password("max")
        signed_in = await journey.arrived()
        also = await (await go_to(other, person, account_hint="EC-20018")).arrived()
        await served.run(suspend_account, SuspendAccount("EC-20017"))
        assert (await first.hear(served, one))["sid"] == signed_in.claims["sid"]
        assert await second.heard_nothing(served)
        await other.refresh(also)


async def test_offline_access_outlives_the_session_of_which_the_portal_is_told(
    served: House, listener: LogoutListener
) -> None:
    portal = await served.client(
        "listening", backchannel_logout_uri=listener.uri, scope="openid offline_access account"
    )
    person = served.person()
    signed_in = await sign_in(portal, person, "dana")
    await person.open(await portal.logout_url(signed_in))
    await listener.hear(served, portal)
    await portal.refresh(signed_in)


async def test_a_portal_that_was_disabled_or_does_not_listen_is_told_nothing(visit: Visit) -> None:
    async with visit.house.runtime.store.write() as uow:
        await uow.clients.set_status("listening", ClientStatus.DISABLED)
    await visit.house.run(revoke_sessions, RevokeSessions("dana"))
    assert await visit.listener.heard_nothing(visit.house)
