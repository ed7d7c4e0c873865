"""What a sign-in is for: an answer to a client, or the way to a page of our own.

The second kind names its page from a closed list, so no address that somebody made up is ever redirected to (docs/adr/0009).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

from idp.domain.logins import Login
from idp.oidc.authorization import AuthorizationRequest


class OwnPage(StrEnum):
    """Where a sign-in at the identity provider itself may lead. Each answers GET and changes nothing by it."""

    HOME = "/account"
    PASSWORD = "/account/password"  # noqa: S105 - an address
    MFA = "/account/mfa"
    MFA_RESET = "/account/mfa/reset"
    PHONE = "/account/phone"
    SESSIONS = "/account/sessions"


class Wanted(StrEnum):
    """What the person had ticked on My MFA before they were asked to prove who they are."""

    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class OwnErrand:
    """To a page of ours. `back` is the portal's address that the page links back to; it is judged whenever it is shown.

    `login_hint` is the username of whoever is signed in already and only confirms it.
    """

    page: OwnPage = OwnPage.HOME
    back: str = ""
    wanted: Wanted | None = None
    login_hint: str = ""

    @property
    def address(self) -> str:
        """The page's local path, with what it needs to know."""
        query = {"return": self.back, "wanted": self.wanted or ""}
        pairs = urlencode({name: value for name, value in query.items() if value})
        return f"{self.page}?{pairs}" if pairs else self.page.value

    def to_json(self) -> str:
        return json.dumps(
            {"page": self.page, "back": self.back, "wanted": self.wanted, "login_hint": self.login_hint},
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> OwnErrand:
        """Reads what `to_json` wrote. A page that this version does not know, of a newer replica, is the overview."""
        stored = json.loads(text)
        known = {page.value for page in OwnPage}
        page = OwnPage(stored["page"]) if stored["page"] in known else OwnPage.HOME
        wanted = Wanted(stored["wanted"]) if stored["wanted"] else None
        return cls(page, stored["back"], wanted, stored["login_hint"])


Errand = AuthorizationRequest | OwnErrand


def errand_of(login: Login) -> Errand:
    if login.client_id is None:
        return OwnErrand.from_json(login.request)
    return AuthorizationRequest.from_json(login.request)
