"""A person who is signed in at a portal that wants to hear when that is over."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.support.house import House
from tests.support.logouts import LogoutListener
from tests.support.person import Person
from tests.support.relying_party import RelyingParty, SignedIn, TokenRefused


@dataclass
class Visit:
    """Dana, signed in at a portal that wants to hear when that is over."""

    house: House
    portal: RelyingParty
    person: Person
    signed_in: SignedIn
    listener: LogoutListener

    @property
    def sid(self) -> str:
        return str(self.signed_in.claims["sid"])

    async def is_told(self) -> None:
        """The portal hears that exactly this session is over, and its tokens are worth nothing."""
        claims = await self.listener.hear(self.house, self.portal)
        assert (claims["sub"], claims["sid"]) == (self.signed_in.sub, self.sid)
        with pytest.raises(TokenRefused):
            await self.portal.refresh(self.signed_in)

    async def signs_out(self) -> None:
        await self.person.open(await self.portal.logout_url(self.signed_in))
