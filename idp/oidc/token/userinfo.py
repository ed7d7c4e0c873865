"""`/userinfo` (OIDC Core §5.3): what the token's scopes say about the person, as it is at this moment."""

from __future__ import annotations

from collections.abc import Mapping

from idp.domain.claims import claims_for
from idp.errors import StorageUnavailable
from idp.oidc.answers import OAuthError, ProtocolAnswer, unavailable
from idp.oidc.issue import requested_claims
from idp.oidc.token.access_tokens import read_access_token
from idp.oidc.token.back_channel import BackChannel
from idp.oidc.token.bearer import challenge, presented_token
from idp.oidc.verification import TokenRefused


async def userinfo(back: BackChannel, method: str, headers: Mapping[str, str], body: bytes) -> ProtocolAnswer:
    """Answers one request; `method` is GET or POST. A token of a grant that has ended is as invalid as a forged one."""
    realm = back.issuer.issuer
    await back.keys.refresh()
    try:
        token = presented_token(method, headers, body)
        return challenge(realm) if token is None else ProtocolAnswer(200, await _claims(back, token))
    except StorageUnavailable as error:
        return unavailable(error.retry_after).to_answer()
    except OAuthError as error:
        return challenge(realm, error, "openid" if error.error == "insufficient_scope" else "")


async def _claims(back: BackChannel, token: str) -> dict[str, object]:
    now = back.now()
    try:
        presented = read_access_token(token, back.keys, back.issuer.issuer, now)
    except TokenRefused as error:
        raise _invalid() from error
    if presented.grant_id is None:
        raise _insufficient()
    grant = await back.statements.read_grant(presented.grant_id, now)
    client = await back.clients.get(presented.client_id)
    if grant is None or client is None or grant.client_id != client.client_id:
        raise _invalid()
    if "openid" not in presented.scopes:
        raise _insufficient()
    asked = requested_claims(grant, "userinfo", client)
    return {"sub": grant.user_id, **claims_for(presented.scopes, grant.person, grant.membership, asked)}


def _invalid() -> OAuthError:
    return OAuthError("invalid_token", "The access token is expired, revoked or malformed.", 401)


def _insufficient() -> OAuthError:
    return OAuthError("insufficient_scope", "The access token was not granted the scope openid.", 403)
