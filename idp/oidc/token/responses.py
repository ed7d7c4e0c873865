"""The successful token response (RFC 6749 §5.1, OIDC Core §3.1.3.3)."""

from __future__ import annotations

from collections.abc import Sequence

from idp.domain.clients import Client
from idp.oidc.answers import ProtocolAnswer
from idp.oidc.token.back_channel import BackChannel
from idp.storage.statements import LiveGrant


def tokens(
    back: BackChannel,
    grant: LiveGrant,
    client: Client,
    scopes: Sequence[str],
    *,
    generation: int,
    nonce: str | None = None,
) -> ProtocolAnswer:
    """Access token, the refresh token of `generation` (0: none), and an ID token for an OpenID request.

    `scopes` may be fewer than the grant's: the tokens are narrowed, the grant is not.
    """
    access = back.issuer.access_token(grant, client, scopes)
    body: dict[str, str | int] = {
        "access_token": access.text,
        "token_type": "Bearer",
        "expires_in": access.expires_in,
        "scope": " ".join(scopes),
    }
    if generation:
        body["refresh_token"] = back.refresh_tokens.make(grant.id, generation)
    if "openid" in scopes:
        body["id_token"] = back.issuer.id_token(grant, client, scopes, access.text, nonce=nonce)
    return ProtocolAnswer(200, body)
