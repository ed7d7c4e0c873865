"""From a finished sign-in to the grant behind its authorization code. Values only: the caller stores it."""

from __future__ import annotations

from idp.domain.assurance import Evidence, acr_value, level_reached
from idp.domain.clients import Client
from idp.domain.grants import NewGrant
from idp.domain.ids import secret_hash
from idp.domain.rules import TokenRules
from idp.oidc.authorization.request import AuthorizationRequest


def new_grant(
    request: AuthorizationRequest,
    *,
    client: Client,
    person_id: str,
    membership_id: str,
    account_id: str,
    session_id: str,
    user_epoch: int,
    account_epoch: int,
    evidence: Evidence,
    issuer: str,
    code: str,
    grant_id: str,
    rules: TokenRules,
    now: int,
) -> NewGrant:
    """The grant to store in the transaction that finishes the login; `code` is kept as its hash.

    `acr` states what really happened, not what was asked (AZ23). The scope is cut to what the client may have at this moment:
    the registration may have shrunk while the person signed in. Raises ValueError when nobody was identified.
    """
    level = level_reached(evidence)
    if level is None:
        raise ValueError("no grant without a proof of identity")
    scope = client.accepted_scope(request.scope)
    offline = "offline_access" in scope.split()
    return NewGrant(
        id=grant_id,
        client_id=request.client_id,
        user_id=person_id,
        membership_id=membership_id,
        account_id=account_id,
        session_id=session_id,
        user_epoch=user_epoch,
        account_epoch=account_epoch,
        scope=scope,
        evidence=evidence,
        acr=acr_value(level, issuer),
        code_hash=secret_hash(code),
        code_challenge=request.code_challenge,
        redirect_uri=request.redirect_uri,
        code_expires_at=now + rules.code_seconds,
        expires_at=now + (rules.offline_absolute_seconds if offline else rules.refresh_absolute_seconds),
        created_at=now,
        nonce=request.nonce,
        offline=offline,
        auth_time_asked=request.max_age is not None or request.asked_claim("id_token", "auth_time") is not None,
        claims=request.claims,
    )
