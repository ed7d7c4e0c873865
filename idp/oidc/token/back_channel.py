"""What every endpoint of the back channel works with, and the frame around each of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from idp.domain.clients import Client
from idp.domain.rules import TokenRules
from idp.errors import StorageUnavailable
from idp.oidc.answers import OAuthError, ProtocolAnswer, invalid_client, unavailable
from idp.oidc.clients import ClientRegistry
from idp.oidc.issue import TokenIssuer
from idp.oidc.keys import KeyRing
from idp.oidc.token.assertions import Assertions
from idp.oidc.token.client_auth import authenticate
from idp.oidc.token.refresh_tokens import RefreshTokens
from idp.ports import Clock, Ports
from idp.storage.statements import Statements


@dataclass(frozen=True, slots=True)
class BackChannel:
    """The state of the protocol endpoints: one for the process, made by `BackChannel.of`."""

    clock: Clock
    rules: TokenRules
    clients: ClientRegistry
    keys: KeyRing
    statements: Statements
    issuer: TokenIssuer
    refresh_tokens: RefreshTokens
    assertions: Assertions

    @classmethod
    def of(
        cls, ports: Ports, clients: ClientRegistry, keys: KeyRing, statements: Statements, assertions: Assertions
    ) -> BackChannel:
        rules = ports.rules.tokens
        issuer = TokenIssuer(ports.rules.issuer, keys, rules, ports.clock, ports.entropy)
        return cls(ports.clock, rules, clients, keys, statements, issuer, RefreshTokens(ports.mac), assertions)

    def now(self) -> int:
        return self.clock.now()

    async def authenticated(self, headers: Mapping[str, str], form: Mapping[str, str]) -> Client:
        """The client that sent the request. Raises `OAuthError`."""
        return await authenticate(headers.get("authorization"), form, self.clients, self.assertions, self.clock)

    async def confirm(self, client: Client) -> None:
        """Whether the client that authenticated is still registered as it was. Raises `ClientChanged` when it is not.

        For answers that no statement stands behind which would have compared it, and for finding out why one refused.
        """
        if await self.statements.client_version(client.client_id) != client.version:
            raise ClientChanged(client.client_id)


class ClientChanged(Exception):
    """The client was changed or disabled since it was read: the request is judged again with what is registered now."""

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id
        super().__init__(client_id)


async def answered(back: BackChannel, work: Callable[[], Awaitable[ProtocolAnswer]]) -> ProtocolAnswer:
    """The answer of `work`, errors included. Raises nothing on purpose."""
    await back.keys.refresh()
    try:
        try:
            return await work()
        except ClientChanged as changed:
            back.clients.invalidate(changed.client_id)
        try:
            return await work()
        except ClientChanged as changed:  # changed twice within one request: the sender may try again
            raise invalid_client(tried_basic=False) from changed
    except OAuthError as error:
        return error.to_answer()
    except StorageUnavailable as error:
        return unavailable(error.retry_after).to_answer()
