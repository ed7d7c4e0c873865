"""What people do over and over on their account pages."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from idp.domain.accounts import MfaState
from idp.domain.people import Person as StoredPerson
from tests.flows.journeys import PASSWORD, app_code, go_to
from tests.support.house import House
from tests.support.page import Page, Submission
from tests.support.person import Person, Tab
from tests.support.relying_party import RelyingParty, SignedIn

SECONDS_OF_A_FRESH_PROOF = 600
SECONDS_OF_A_STEP = 30
VERIFY_APP = "Enter the code from your authenticator app"
VERIFY_TEXT = "Check your text messages"
ENROL = "Set up your authenticator app"
SAM_NUMBER = "+447700900118"
OFFLINE = "openid account offline_access"


def home_of(portal: RelyingParty) -> str:
    return portal.redirect_uri.removesuffix("callback")


async def from_portal(person: Person, portal: RelyingParty, path: str) -> Tab:
    """Follows the portal's link to one of the pages, as its *My MFA* does."""
    return await person.open(f"{path}?{urlencode({'return': home_of(portal)})}")


async def signed_in_at_home(
    house: House, username: str, path: str = "/account", *, password: str = PASSWORD, person: Person | None = None
) -> Tab:
    """A browser, a new one unless it is given, that signs in at the identity provider itself, with the password only."""
    tab = await (person or house.person()).open(path)
    await tab.press("continue", username=username, password=password)
    return tab


def post(page: Page, path: str, *pairs: tuple[str, str]) -> Submission:
    """A form that nobody was shown, from the page that is open."""
    return Submission("POST", f"{page.url.partition('/account')[0]}{path}", pairs)


async def with_app(house: House, username: str = "theo") -> tuple[Person, SignedIn, str]:
    """Somebody who signs in at Inbound and sets up an authenticator app on the way; and the app's key."""
    journey = await go_to(house.portal("inbound"), house.person())
    await journey.give_password(username)
    key = journey.page.said("totp-secret")
    await journey.press(code=app_code(key, house.clock.now()))
    signed_in = await journey.arrived()
    house.clock.advance(SECONDS_OF_A_STEP)
    return journey.person, signed_in, key


async def stored(house: House, username: str) -> StoredPerson:
    async with house.runtime.store.read() as uow:
        person = await uow.people.by_username(username)
    assert person is not None
    return person


async def has_app(house: House, username: str) -> bool:
    person = await stored(house, username)
    async with house.runtime.store.read() as uow:
        return await uow.credentials.totp(person.id) is not None


async def demand_mfa(house: House, number: str, state: MfaState = MfaState.EVERYONE) -> None:
    """What the account's administrators will do in the console."""
    async with house.runtime.store.write() as uow:
        account = await uow.accounts.by_number(number)
        assert account is not None
        await uow.accounts.set_mfa(account.id, state)


def session_buttons(page: Page) -> list[str]:
    """The ids of the buttons that end one session each, this browser's first."""
    return [name for name in page.ids if re.fullmatch(r"end-ses_\w+", name)]


def is_sign_in(page: Page) -> bool:
    return "/sign-in/" in page.url and "password" in page.ids


def box(page: Page) -> dict[str, Any]:
    """How *Enable Multi-Factor Authentication (MFA)* stands."""
    element = page.ids["enable_mfa"]
    return {"ticked": element.has("checked"), "disabled": element.has("disabled")}
