"""A portal and its authorization request, for table tests of the authorization endpoint: change one thing, look at it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp.domain.clients import AuthMethod, Client, ClientPolicy
from idp.oidc.authorization import AuthorizationRequest, Redirected, read_request
from idp.oidc.hints import HintRefused, IdTokenHint

ISSUER = "https://id.example"
NOW = 1_800_000_000
CALLBACK = "https://portal.example/cb?tenant=1"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
"""RFC 7636 Appendix B."""

PORTAL = Client(
    "inbound",
    "Inbound",
    redirect_uris=(CALLBACK, "http://localhost:9001/callback"),
    post_logout_redirect_uris=("https://portal.example/bye", "https://portal.example/bye?x=1"),
    scope="openid profile email phone address account offline_access",
)
UNPROVED = replace(PORTAL, policy=ClientPolicy(require_pkce=False))
"""A confidential client that is registered without PKCE."""
PUBLIC = replace(PORTAL, auth_method=AuthMethod.NONE, policy=ClientPolicy(require_pkce=False))
"""A public one, which needs PKCE whatever its registration says."""
THIRD_PARTY = replace(PORTAL, policy=ClientPolicy(first_party=False))
NATIVE = replace(PORTAL, application_type="native", redirect_uris=("http://127.0.0.1/cb", "com.example.app:/cb"))

BASE = {
    "client_id": "inbound",
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid profile",
    "state": "st",
    "nonce": "n-1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
Pairs = list[tuple[str, str]]


def pairs(**changes: str | None) -> Pairs:
    """A good request with some parameters changed, added, or (None) left out."""
    return [(name, value) for name, value in (BASE | changes).items() if value is not None]


def hint_of_dana(token: str) -> IdTokenHint:
    """A stand-in for the key ring: `dana` is an ID token of hers for the portal, `foreign` one for another client."""
    audience = {"dana": "inbound", "foreign": "sip-trunk-plus"}.get(token)
    if audience is None:
        raise HintRefused("id_token_hint is not an ID token that we signed.")
    return IdTokenHint(audience, "usr_dana", "ses_1")


def read(sent: Pairs | None = None, client: Client | None = PORTAL, **changes: str | None) -> AuthorizationRequest:
    return read_request(pairs(**changes) if sent is None else sent, client, ISSUER, hint_of_dana, NOW)


def refusal(sent: Pairs | None = None, client: Client = PORTAL, **changes: str | None) -> Redirected:
    """How a request that must be refused by redirect is refused."""
    with pytest.raises(Redirected) as caught:
        read(sent, client, **changes)
    return caught.value
