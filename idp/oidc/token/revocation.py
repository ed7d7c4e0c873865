"""`/revoke` (RFC 7009): a client gives back what it got. Any token of a grant ends the whole grant, access tokens included."""

from __future__ import annotations

from collections.abc import Mapping

from idp.domain.audit import Actor, Event
from idp.oidc.answers import OAuthError, ProtocolAnswer, invalid_request
from idp.oidc.token.access_tokens import read_access_token
from idp.oidc.token.back_channel import BackChannel, answered
from idp.oidc.token.form import read_form
from idp.oidc.verification import TokenRefused


async def revoke(back: BackChannel, headers: Mapping[str, str], body: bytes, actor: Actor = Actor()) -> ProtocolAnswer:
    """Answers one request. A token that is unknown, expired, revoked already or another client's: 200, and nothing happens."""

    async def work() -> ProtocolAnswer:
        form = read_form(headers.get("content-type"), body)
        client = await back.authenticated(headers, form)
        if "token" not in form:
            raise invalid_request("token is missing.")
        grant_id = _grant_of(back, form["token"])
        if grant_id is not None:
            await back.confirm(client)
            await back.statements.revoke_grant(
                grant_id, client.client_id, "client_revoked", Event.GRANT_REVOKED, actor, back.now()
            )
        return ProtocolAnswer(200)

    return await answered(back, work)


def _grant_of(back: BackChannel, token: str) -> str | None:
    """The grant behind a token of ours; None for what is no living token. Raises `OAuthError` unsupported_token_type."""
    made = back.refresh_tokens.read(token)
    if made is not None:
        return made[0]
    try:
        presented = read_access_token(token, back.keys, back.issuer.issuer, back.now())
    except TokenRefused:
        return None
    if presented.grant_id is None:
        # Saying 200 would promise what cannot be kept: no row stands behind it (RFC 7009 §2.2.1).
        raise OAuthError("unsupported_token_type", "A client's own token cannot be revoked. It expires within minutes.")
    return presented.grant_id
