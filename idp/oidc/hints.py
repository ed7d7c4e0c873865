"""`id_token_hint`: an ID token that comes back to us. Only our signature makes it a hint; its age does not matter."""

from __future__ import annotations

from dataclasses import dataclass

from idp.oidc.keys import KeyRing
from idp.oidc.verification import TokenRefused, verified_claims

ID_TOKEN_TYPE = "JWT"  # noqa: S105 - access and logout tokens are signed with the same keys under other types


class HintRefused(ValueError):
    """Not an ID token of ours; the text says so in words for an error description."""


@dataclass(frozen=True, slots=True)
class IdTokenHint:
    """Whom an ID token was about, and for which client. `session` is its `sid`."""

    client_id: str
    subject: str
    session: str | None


def read_id_token_hint(token: str, keys: KeyRing, issuer: str) -> IdTokenHint:
    """Whom the hint is about. Raises `HintRefused` unless it is an ID token that we signed for this issuer.

    Expired ones are accepted (OIDC Core §3.1.2.1, RP-Initiated Logout §2), and so are those of a key that was rotated out
    since; those of a revoked key are not.
    """
    try:
        claims = verified_claims(keys, token, ID_TOKEN_TYPE)
    except TokenRefused as error:
        raise HintRefused("id_token_hint is not an ID token that we signed.") from error
    audience, subject, session = claims.get("aud"), claims.get("sub"), claims.get("sid")
    if claims.get("iss") != issuer or not isinstance(audience, str) or not isinstance(subject, str):
        raise HintRefused("id_token_hint is not an ID token of this issuer.")
    return IdTokenHint(audience, subject, session if isinstance(session, str) else None)
