"""Back-channel logout as the client hears of it (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.5)."""

from __future__ import annotations

import base64

from idp.domain.clients import Client
from idp.domain.delivery import LogoutNotice
from idp.errors import DeliveryFailed, OutboundFailed
from idp.oidc.clients import ClientRegistry
from idp.oidc.keys import KeyRing
from idp.ports import Clock, Entropy, Outbound

LOGOUT_TOKEN_TYPE = "logout+jwt"  # noqa: S105
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LIFE_SECONDS = 120
"""SECURITY-CASES section 4. It is made when it is sent, so a retry has a new one."""
UNIQUE_BYTES = 15
REST_SECONDS = 5
"""After a client did not answer it is left alone for so long: a thousand ended sessions must not wait for one dead client."""


class LogoutCalls:
    """`ports.LogoutCaller`. One per process."""

    def __init__(
        self,
        clients: ClientRegistry,
        keys: KeyRing,
        outbound: Outbound,
        clock: Clock,
        entropy: Entropy,
        issuer: str,
    ) -> None:
        self._clients = clients
        self._keys = keys
        self._outbound = outbound
        self._clock = clock
        self._entropy = entropy
        self._issuer = issuer
        self._resting: dict[str, int] = {}

    async def send(self, notice: LogoutNotice) -> None:
        """Posts the logout token. A client that is gone, disabled or does not want to hear has nothing to be told."""
        client = await self._clients.get(notice.client_id)
        if client is None or not client.is_active or client.backchannel_logout_uri is None:
            return
        if self._clock.now() < self._resting.get(client.client_id, 0):
            raise DeliveryFailed("logout: the client did not answer a moment ago")
        await self._keys.refresh()
        form = {"logout_token": self.logout_token(client, notice)}
        try:
            status = await self._outbound.post_form(client.backchannel_logout_uri, form)
        except OutboundFailed as error:
            self._resting[client.client_id] = self._clock.now() + REST_SECONDS
            raise DeliveryFailed(f"logout: {error.reason}", permanent=error.refused) from error
        if not 200 <= status < 300:  # a redirect is none of the answers of §2.8 either
            raise DeliveryFailed(f"logout: answered by http {status}")

    def logout_token(self, client: Client, notice: LogoutNotice) -> str:
        """Names the person and the session, and has no `nonce`, so that nobody can take it for an ID token (§2.4)."""
        now = self._clock.now()
        claims = {
            "iss": self._issuer,
            "aud": client.client_id,
            "iat": now,
            "exp": now + LIFE_SECONDS,
            "jti": base64.urlsafe_b64encode(self._entropy.bytes(UNIQUE_BYTES)).decode("ascii"),
            "events": {LOGOUT_EVENT: {}},
            "sub": notice.user_id,
            "sid": notice.session_id,
        }
        return self._keys.sign(client.id_token_alg, LOGOUT_TOKEN_TYPE, claims)
