"""`/introspect` (RFC 7662): whether a token counts at this moment, for whoever it concerns.

A client may ask about its own tokens. A resource server, which here is a first-party confidential client registered for
`client_credentials`, may ask about every access token, since all are for the one audience that it belongs to. For everybody
else, and for a refresh token of somebody else, a token is inactive and nothing more is said (SECURITY-CASES IN02, IN03).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp.domain.claims import account_claims
from idp.domain.clients import Client
from idp.oidc.answers import ProtocolAnswer, invalid_client, invalid_request
from idp.oidc.token.access_tokens import PresentedToken, read_access_token
from idp.oidc.token.back_channel import BackChannel, answered
from idp.oidc.token.form import read_form
from idp.oidc.verification import TokenRefused

INACTIVE: Mapping[str, Any] = {"active": False}


async def introspect(back: BackChannel, headers: Mapping[str, str], body: bytes) -> ProtocolAnswer:
    """Answers one request. `token_type_hint` changes nothing: the two kinds cannot be taken for each other."""

    async def work() -> ProtocolAnswer:
        form = read_form(headers.get("content-type"), body)
        caller = await back.authenticated(headers, form)
        if caller.is_public:
            raise invalid_client(tried_basic=False)  # no credentials, no answer (RFC 7662 §2.1)
        if "token" not in form:
            raise invalid_request("token is missing.")
        found = await _inspect(back, caller, form["token"])
        if found is not None:
            return ProtocolAnswer(200, {"active": True, **found})
        await back.confirm(caller)
        return ProtocolAnswer(200, INACTIVE)

    return await answered(back, work)


async def _inspect(back: BackChannel, caller: Client, token: str) -> dict[str, Any] | None:
    made = back.refresh_tokens.read(token)
    if made is not None:
        return await _refresh_token(back, caller, *made)
    try:
        presented = read_access_token(token, back.keys, back.issuer.issuer, back.now())
    except TokenRefused:
        return None
    if presented.client_id != caller.client_id and not is_resource_server(caller):
        return None
    if presented.grant_id is None:
        return await _own_token(back, caller, presented)
    return await _access_token(back, caller, presented, presented.grant_id)


def is_resource_server(client: Client) -> bool:
    return client.policy.first_party and not client.is_public and client.allows_grant("client_credentials")


async def _access_token(
    back: BackChannel, caller: Client, presented: PresentedToken, grant_id: str
) -> dict[str, Any] | None:
    """The token's own claims, with the person's name and place in the tree as they are now."""
    grant = await back.statements.read_grant(grant_id, back.now(), asked_by=caller)
    if grant is None or grant.client_id != presented.client_id:
        return None
    found = {**presented.claims, "token_type": "Bearer", "username": grant.person.username}
    return found | (account_claims(grant.membership) if "account" in presented.scopes else {})


async def _own_token(back: BackChannel, caller: Client, presented: PresentedToken) -> dict[str, Any] | None:
    """No row stands behind it, so the registration decides: still active, still allowed the grant and the scopes."""
    await back.confirm(caller)
    client = await back.clients.load(presented.client_id)
    if client is None or not client.is_active or not client.allows_grant("client_credentials"):
        return None
    if not set(presented.scopes) <= client.scopes:
        return None
    return {**presented.claims, "token_type": "Bearer"}


async def _refresh_token(back: BackChannel, caller: Client, grant_id: str, generation: int) -> dict[str, Any] | None:
    now = back.now()
    grant = await back.statements.read_grant(grant_id, now, asked_by=caller)
    if grant is None or grant.client_id != caller.client_id or grant.generation != generation:
        return None
    if grant.idle_expires_at is None or grant.idle_expires_at <= now:
        return None
    return {
        "iss": back.issuer.issuer,
        "client_id": grant.client_id,
        "sub": grant.user_id,
        "username": grant.person.username,
        "scope": grant.scope,
        "exp": min(grant.idle_expires_at, grant.expires_at),
    }
