"""`/token` (RFC 6749 §3.2): from headers and a body to an answer, by way of one grant."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from idp.domain.audit import Actor
from idp.domain.clients import Client
from idp.oidc.answers import OAuthError, ProtocolAnswer, invalid_request
from idp.oidc.token.authorization_code import redeem
from idp.oidc.token.back_channel import BackChannel, answered
from idp.oidc.token.client_credentials import issue_own
from idp.oidc.token.form import read_form
from idp.oidc.token.refresh_token import refresh

Grant = Callable[[BackChannel, Client, Mapping[str, str], Actor], Awaitable[ProtocolAnswer]]

GRANTS: Mapping[str, Grant] = {
    "authorization_code": redeem,
    "refresh_token": refresh,
    "client_credentials": issue_own,
}
"""Every grant there is; metadata lists these. The password grant is none of them (RFC 9700 §2.4)."""


async def token(back: BackChannel, headers: Mapping[str, str], body: bytes, actor: Actor = Actor()) -> ProtocolAnswer:
    """Answers one token request. Header names are in lower case; `actor` is who asks, for the audit trail."""

    async def work() -> ProtocolAnswer:
        form = read_form(headers.get("content-type"), body)
        grant = _grant(form.get("grant_type"))
        client = await back.authenticated(headers, form)
        if not client.allows_grant(form["grant_type"]):
            raise OAuthError("unauthorized_client", "This client is not registered for this grant type.")
        _check_resource(form, back.issuer.issuer)
        return await grant(back, client, form, actor)

    return await answered(back, work)


def _grant(grant_type: str | None) -> Grant:
    if grant_type is None:
        raise invalid_request("grant_type is missing.")
    grant = GRANTS.get(grant_type)
    if grant is None:
        raise OAuthError("unsupported_grant_type", "This grant type is not offered. The metadata lists those that are.")
    return grant


def _check_resource(form: Mapping[str, str], audience: str) -> None:
    """There is one audience. Asking for another must not be answered with a token that looks like it (RFC 8707 §2)."""
    if form.get("resource", audience) != audience:
        raise OAuthError("invalid_target", "Tokens are issued for the issuer's own audience only.")
