"""Metadata (OIDC Discovery §3, RFC 8414): computed from the registries that do the work, so it cannot promise anything else.

What is not built has no member here: no endpoint, no algorithm and no `false` that a client would have to understand, except
for the three whose absence means "yes" (SECURITY-CASES DJ05, checklist 4).
"""

from __future__ import annotations

from typing import Any

from idp.domain.assurance import Level, acr_value
from idp.domain.claims import ACCOUNT_CLAIMS, SCOPE_CLAIMS, STANDARD_CLAIMS
from idp.domain.client_keys import ASSERTION_ALGORITHMS
from idp.domain.clients import AuthMethod
from idp.oidc.authorization.address import RESPONSE_MODES
from idp.oidc.authorization.reading import PROMPTS
from idp.oidc.keys import KeyRing
from idp.oidc.token.client_auth import METHODS
from idp.oidc.token.endpoint import GRANTS

OPENID_CONFIGURATION = "/.well-known/openid-configuration"
OAUTH_SERVER = "/.well-known/oauth-authorization-server"
PATHS = {
    "authorization_endpoint": "/authorize",
    "token_endpoint": "/token",
    "userinfo_endpoint": "/userinfo",
    "jwks_uri": "/jwks",
    "introspection_endpoint": "/introspect",
    "revocation_endpoint": "/revoke",
    "end_session_endpoint": "/end_session",
}
LEVELS = (Level.PASSWORD, Level.MFA)
"""What a sign-in can reach; phishing-resistant needs passkeys."""
TOKEN_CLAIMS = ("sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "azp", "nonce", "at_hash", "sid")


def metadata(issuer: str, keys: KeyRing) -> dict[str, Any]:
    """The document, the same under both well-known addresses. Every URL starts with the configured issuer (DJ01)."""
    confidential = [method.value for method in METHODS if method is not AuthMethod.NONE]
    methods = [method.value for method in METHODS]
    signing = list(ASSERTION_ALGORITHMS)
    return {
        "issuer": issuer,
        **{name: issuer + path for name, path in PATHS.items()},
        "scopes_supported": ["openid", *SCOPE_CLAIMS, "account", "offline_access"],
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(GRANTS),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(keys.algorithms),
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": confidential,
        "token_endpoint_auth_signing_alg_values_supported": signing,
        "revocation_endpoint_auth_signing_alg_values_supported": signing,
        "introspection_endpoint_auth_signing_alg_values_supported": signing,
        "code_challenge_methods_supported": ["S256"],
        "acr_values_supported": [acr_value(level, issuer) for level in LEVELS],
        "prompt_values_supported": sorted(PROMPTS),
        "claim_types_supported": ["normal"],
        "claims_supported": [*TOKEN_CLAIMS, *STANDARD_CLAIMS, *ACCOUNT_CLAIMS],
        "claims_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
        "ui_locales_supported": ["en-GB"],
    }
