"""What people do over and over in the flows: going to a portal, signing in, and coming back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyotp

from tests.support.house import House
from tests.support.page import Page
from tests.support.person import Person, Tab
from tests.support.relying_party import Attempt, RelyingParty, SignedIn

PASSWORD = "Correct-Horse-9"
"""Of every seeded person who has chosen one (CONTRACT, Demo world)."""
CHOSEN = "violet gravel teapot 41"
"""A password that a careful person would choose."""
FAILED = "Enter the correct username and password."
"""What every failed sign-in says."""
CHANGE = "Choose a new password"
MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass
class Journey:
    """One person on the way to one portal, in one tab."""

    person: Person
    tab: Tab
    attempt: Attempt

    @property
    def page(self) -> Page:
        return self.tab.page

    async def press(self, button: str = "continue", **filled: str | bool) -> Page | None:
        return await self.tab.press(button, **filled)

    async def give_password(self, username: str, password: str = PASSWORD) -> Page | None:
        return await self.tab.press("continue", username=username, password=password)

    async def arrived(self) -> SignedIn:
        """The tokens that the portal gets. Raises `AuthorizationRefused`."""
        return await self.attempt.finish(self.tab.arrival)


async def go_to(portal: RelyingParty, person: Person, **request: Any) -> Journey:
    """Presses *Sign in* at a portal; `request` goes into the authorization request."""
    attempt = await portal.begin(**request)
    return Journey(person, await person.open(attempt.url), attempt)


async def sign_in(portal: RelyingParty, person: Person, username: str, password: str = PASSWORD) -> SignedIn:
    """A sign-in for which the password is enough."""
    journey = await go_to(portal, person)
    await journey.give_password(username, password)
    return await journey.arrived()


async def try_password(house: House, username: str, password: str = PASSWORD, person: Person | None = None) -> Journey:
    """One attempt at Inbound, in a sign-in of its own; in a new browser unless a person is given."""
    journey = await go_to(house.portal("inbound"), person or house.person())
    await journey.give_password(username, password)
    return journey


async def ask_for_new_details(person: Person, typed: str, tab: Tab | None = None) -> Page:
    """*Forgotten Login Details*, from the link of a sign-in page when there is one."""
    if tab is None:
        tab = await person.open("/forgotten")
    else:
        await tab.press("forgotten-link")
    await tab.press("continue", username=typed)
    return tab.page


async def new_details(house: House, username: str) -> str:
    """The temporary password that *Forgotten Login Details* mails to somebody of the demo world."""
    await ask_for_new_details(house.person(), username)
    return (await house.mail_to(f"{username}@demo.example", "Password: ")).password


async def at_change(house: House, username: str, temporary: str) -> Journey:
    """Signed in at Inbound with a temporary password, in a new browser."""
    journey = await try_password(house, username, temporary)
    assert journey.page.h1 == CHANGE
    return journey


def app_code(key: str, now: int, steps: int = 0) -> str:
    """What an authenticator app with this key shows, `steps` of 30 seconds away from now (RFC 6238)."""
    return pyotp.TOTP(key).at(now + 30 * steps)


def wrong(code: str) -> str:
    """Six digits that are not these."""
    return f"{(int(code) + 1) % 1_000_000:06}"


async def enrol(journey: Journey, now: Callable[[], int]) -> str:
    """Scans the QR code and confirms with the first code; the key that the app keeps."""
    key = journey.page.said("totp-secret")
    await journey.press(code=app_code(key, now()))
    return key


async def past_events(house: House, username: str) -> list[str]:
    """The audit trail of one person as names of events, the newest first."""
    async with house.runtime.store.read() as uow:
        person = await uow.people.by_username(username)
        assert person is not None
        return [event.event.value for _, event in await uow.audit.list(user_id=person.id, limit=1000)]
