"""Redeeming an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.5): once, by its client, with its verifier."""

from __future__ import annotations

import re
from collections.abc import Mapping

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from idp.domain.audit import Actor, Event
from idp.domain.clients import Client
from idp.domain.ids import secret_hash
from idp.oidc.answers import OAuthError, ProtocolAnswer, invalid_grant, invalid_request
from idp.oidc.token.back_channel import BackChannel
from idp.oidc.token.responses import tokens

VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
NOT_VALID = "The code is unknown, expired, used, or of another client."


async def redeem(back: BackChannel, client: Client, form: Mapping[str, str], actor: Actor) -> ProtocolAnswer:
    """One statement uses the code up and reads what the tokens say; whatever does not fit leaves it as it was.

    Raises `OAuthError`; `ClientChanged` when the client was read before its last change.
    """
    code, redirect_uri = form.get("code"), form.get("redirect_uri")
    if code is None or redirect_uri is None:
        raise invalid_request("code and redirect_uri are needed.")
    challenge = _challenge(form.get("code_verifier"))
    if challenge is None and (client.policy.require_pkce or client.is_public):
        raise invalid_grant("code_verifier is missing.")
    first = 1 if client.allows_grant("refresh_token") else 0
    grant = await back.statements.redeem_code(secret_hash(code), client, redirect_uri, challenge, first, back.now())
    if grant is None:
        raise await _refusal(back, client, secret_hash(code), redirect_uri, challenge, actor)
    return tokens(back, grant, client, grant.scopes, generation=first, nonce=grant.nonce)


def _challenge(verifier: str | None) -> str | None:
    if verifier is None:
        return None
    if not VERIFIER.fullmatch(verifier):
        raise invalid_grant("code_verifier has between 43 and 128 unreserved characters.")
    challenge: str = create_s256_code_challenge(verifier)
    return challenge


async def _refusal(
    back: BackChannel, client: Client, code_hash: bytes, redirect_uri: str, challenge: str | None, actor: Actor
) -> OAuthError:
    """Why the code was refused, as far as its own client may know.

    A replay that is right in everything means that two parties hold code, secret and verifier: all tokens of it die, also when
    the code itself has long expired (TK16, TK18). Anything less changes nothing, else a stranger who saw a code could sign
    people out (TK17).
    """
    await back.confirm(client)
    state = await back.statements.code_state(code_hash)
    if state is None or state.client_id != client.client_id:
        return invalid_grant(NOT_VALID)
    if state.redirect_uri != redirect_uri:
        return invalid_grant("redirect_uri differs from the one of the authorization request.")
    if state.code_challenge != challenge:
        return invalid_grant("code_verifier does not fit the code_challenge of the authorization request.")
    if state.is_used:
        await back.statements.revoke_grant(
            state.grant_id, client.client_id, "code_replayed", Event.CODE_REPLAYED, actor, back.now()
        )
    return invalid_grant(NOT_VALID)
