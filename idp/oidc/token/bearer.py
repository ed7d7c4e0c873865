"""Bearer tokens as requests carry them, and how their refusal reads (RFC 6750)."""

from __future__ import annotations

from collections.abc import Mapping

from idp.oidc.answers import NO_STORE, OAuthError, ProtocolAnswer, invalid_request
from idp.oidc.token.form import MEDIA_TYPE, read_form


def presented_token(method: str, headers: Mapping[str, str], body: bytes) -> str | None:
    """The token in the header, or in the form of a POST; None when there is none. Never in the query (OAuth 2.1 §5.1).

    Raises `OAuthError` invalid_request for two tokens (RFC 6750 §2).
    """
    in_header = _from_header(headers.get("authorization"))
    in_form = None
    if method == "POST" and MEDIA_TYPE.fullmatch(headers.get("content-type", "").strip()):
        in_form = read_form(headers["content-type"], body).get("access_token")
    if in_header is not None and in_form is not None:
        raise invalid_request("Send the access token once.")
    return in_header or in_form


def _from_header(value: str | None) -> str | None:
    scheme, _, token = (value or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def challenge(realm: str, refusal: OAuthError | None = None, scope: str = "") -> ProtocolAnswer:
    """A refusal with `WWW-Authenticate` (RFC 6750 §3); without `refusal` nothing was presented, and no error is named."""
    parts = [f'realm="{realm}"']
    if refusal is None:
        return ProtocolAnswer(401, None, (*NO_STORE, ("WWW-Authenticate", f"Bearer {parts[0]}")))
    parts += [f'error="{refusal.error}"', f'error_description="{refusal.description}"']
    parts += [f'scope="{scope}"'] if scope else []
    answer = refusal.to_answer()
    header = ("WWW-Authenticate", f"Bearer {', '.join(parts)}")
    return ProtocolAnswer(answer.status, answer.body, (*answer.headers, header))
