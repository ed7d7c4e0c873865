"""Refreshing (RFC 6749 §6) with rotation and reuse detection (RFC 9700 §4.14.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from idp.domain.audit import Actor, Event
from idp.domain.clients import Client
from idp.oidc.answers import ProtocolAnswer, invalid_grant, invalid_request, invalid_scope
from idp.oidc.token.back_channel import BackChannel
from idp.oidc.token.responses import tokens
from idp.storage.statements import LiveGrant

NOT_VALID = "The refresh token is unknown, expired, revoked, used, or of another client."


async def refresh(back: BackChannel, client: Client, form: Mapping[str, str], actor: Actor) -> ProtocolAnswer:
    """One statement puts the next generation in the place of the presented one and re-checks all that the tokens rest on.

    Raises `OAuthError`; `ClientChanged` when the client was read before its last change.
    """
    presented = form.get("refresh_token")
    if presented is None:
        raise invalid_request("refresh_token is missing.")
    made = back.refresh_tokens.read(presented)
    if made is None:
        raise invalid_grant(NOT_VALID)
    grant_id, generation = made
    asked = tuple(dict.fromkeys(form["scope"].split())) if "scope" in form else None
    if asked is not None:
        await _check_subset(back, client, grant_id, asked)
    grant = await back.statements.rotate(grant_id, generation, client, back.now())
    if grant is None:
        grant = await _second_chance(back, client, grant_id, generation, actor)
    return tokens(back, grant, client, asked or grant.scopes, generation=generation + 1)


async def _check_subset(back: BackChannel, client: Client, grant_id: str, asked: Sequence[str]) -> None:
    """Before anything moves: a request for more must not cost the client its token (TK28). A grant's scope never changes."""
    grant = await back.statements.read_grant(grant_id, back.now())
    if grant is None or grant.client_id != client.client_id:
        return  # the rotation refuses it, in the words for that
    if not set(asked) <= set(grant.scopes):
        raise invalid_scope("scope asks for more than was granted.")


async def _second_chance(back: BackChannel, client: Client, grant_id: str, generation: int, actor: Actor) -> LiveGrant:
    """A token that is not the one in force. Raises `OAuthError` invalid_grant, unless a lost answer explains it.

    A confidential client that asks again within the grace gets the identical successor; the time runs from the first use and
    never anew (TK33). Otherwise a token that was rotated away is in two hands, nobody knows which is right, and the family
    dies (TK29). Of another client's or a dead family nothing is changed.
    """
    await back.confirm(client)
    now = back.now()
    state = await back.statements.family_state(grant_id, now)
    if state is None or state.client_id != client.client_id or not state.is_live or state.generation <= generation:
        raise invalid_grant(NOT_VALID)
    grace = 0 if client.is_public else back.rules.refresh_grace_seconds
    if state.generation == generation + 1 and state.rotated_at is not None and now - state.rotated_at < grace:
        grant = await back.statements.read_grant(grant_id, now)
        if grant is not None:
            return grant
        raise invalid_grant(NOT_VALID)
    await back.statements.revoke_grant(grant_id, client.client_id, "refresh_reused", Event.REFRESH_REUSED, actor, now)
    raise invalid_grant(NOT_VALID)
