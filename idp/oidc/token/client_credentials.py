"""A client that acts for itself (RFC 6749 §4.4). No row, no refresh token: a short life is how such a token ends."""

from __future__ import annotations

from collections.abc import Mapping

from idp.domain.audit import Actor
from idp.domain.clients import Client
from idp.oidc.answers import OAuthError, ProtocolAnswer, invalid_scope
from idp.oidc.token.back_channel import BackChannel

OF_PEOPLE = frozenset({"openid", "offline_access", "profile", "email", "address", "phone", "account"})
"""Scopes that say something about a person: there is none here."""


async def issue_own(back: BackChannel, client: Client, form: Mapping[str, str], _actor: Actor) -> ProtocolAnswer:
    """Raises `OAuthError`; `ClientChanged` when the client was read before its last change."""
    if client.is_public:
        raise OAuthError("unauthorized_client", "A client without credentials cannot act for itself.")
    registered = tuple(scope for scope in client.scope.split() if scope not in OF_PEOPLE)
    asked = tuple(dict.fromkeys(form["scope"].split())) if "scope" in form else registered
    if not set(asked) <= set(registered):
        raise invalid_scope("scope asks for more than this client may have for itself.")
    await back.confirm(client)
    access = back.issuer.own_token(client, asked)
    body = {"access_token": access.text, "token_type": "Bearer", "expires_in": access.expires_in}
    return ProtocolAnswer(200, body | ({"scope": " ".join(asked)} if asked else {}))
