"""Authlib's authorization server, fed with what is loaded already: validation as a pure function (docs/adr/0004).

Nothing here reads a database, a clock or an environment: the client is an argument, and no storage method of the grant is
ever reached. What Authlib leaves too wide is narrowed by explicit overrides, each with its reason.
"""

from __future__ import annotations

import re
from typing import Any

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientMixin,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Payload,
    OAuth2Request,
    UnauthorizedClientError,
    UnsupportedResponseTypeError,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.errors import (
    RegistrationNotSupportedError,
    RequestNotSupportedError,
    RequestURINotSupportedError,
)

from idp.domain.clients import Client
from idp.domain.redirects import matches
from idp.oidc.authorization.parameters import Parameters

S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
SCOPE = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+")
NOT_SUPPORTED = {
    "request": RequestNotSupportedError,
    "request_uri": RequestURINotSupportedError,
    "registration": RegistrationNotSupportedError,
}
"""Parameters that must not be ignored: whoever sends one means what is inside it (OIDC Core §6, §7.2.1)."""


class RegisteredClient(ClientMixin):
    """Our client in the words that Authlib asks with."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get_client_id(self) -> str:
        return self.client.client_id

    def get_default_redirect_uri(self) -> None:
        """None: OpenID Connect wants the redirect URI in every request (OIDC Core §3.1.2.1)."""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return matches(redirect_uri, self.client.redirect_uris, self.client.application_type)

    def check_response_type(self, response_type: str) -> bool:
        return response_type in self.client.response_types

    def check_grant_type(self, grant_type: str) -> bool:
        return self.client.allows_grant(grant_type)

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The accepted part of the scope; None, which Authlib answers with `invalid_scope`, when nothing is left of it."""
        return self.client.accepted_scope(scope or "") or None


class Payload(OAuth2Payload):
    """The parsed parameters. `response_type` stays as it came: Authlib would sort and trim its words."""

    def __init__(self, given: Parameters) -> None:
        self._data = dict(given.values)
        self._datalist = {name: [value] * (1 + (name in given.repeated)) for name, value in self._data.items()}

    @property
    def data(self) -> dict[str, str]:
        return self._data

    @property
    def datalist(self) -> dict[str, list[str]]:
        return self._datalist

    @property
    def response_type(self) -> str | None:
        return self._data.get("response_type")


class S256Only(CodeChallenge):
    """PKCE by SHA-256 only, demanded here and not first at `/token` (Authlib: `plain` is allowed and the default, and
    absence goes through). A confidential client may be registered without it; a challenge that it sends counts all the
    same."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: AuthorizationCodeGrant, redirect_uri: str) -> None:
        super().validate_code_challenge(grant, redirect_uri)
        asked, client = grant.request.payload.data, grant.request.client.client
        challenge = asked.get("code_challenge")
        if challenge is None:
            if client.is_public or client.policy.require_pkce:
                raise InvalidRequestError("Missing 'code_challenge': PKCE is required.")
        elif asked.get("code_challenge_method") != "S256":  # left out, it would mean plain (RFC 7636 §4.3)
            raise InvalidRequestError("'code_challenge_method' must be S256.")
        elif not S256_CHALLENGE.fullmatch(challenge):  # Authlib: any 43 to 128 characters
            raise InvalidRequestError("'code_challenge' is not a base64url SHA-256 value.")


class CodeGrant(AuthorizationCodeGrant):
    """The code flow, the only one there is: no token travels through a browser (OAuth 2.1)."""

    def validate_authorization_request(self) -> str:
        redirect_uri: str = super().validate_authorization_request()
        if not self.request.client.check_grant_type(self.GRANT_TYPE):  # Authlib asks for the response type only
            raise UnauthorizedClientError("The client is not registered for the authorization code grant.")
        return redirect_uri


class FrontChannel(AuthorizationServer):
    """One request's server: it knows the one client that was loaded for it."""

    def __init__(self, client: Client, issuer: str) -> None:
        super().__init__()
        self._client = client
        self._issuer = issuer
        self.register_grant(CodeGrant, [S256Only()])

    def query_client(self, client_id: str) -> RegisteredClient | None:
        return (
            RegisteredClient(self._client) if client_id == self._client.client_id and self._client.is_active else None
        )

    def create_oauth2_request(self, request: Parameters) -> OAuth2Request:
        """The URI is the configured issuer's: behind a proxy that ends TLS, the real one would be refused as insecure, and
        its host comes from the sender."""
        made = OAuth2Request("GET", f"{self._issuer}/authorize")
        made.payload = Payload(request)
        return made

    def get_authorization_grant(self, request: OAuth2Request) -> Any:
        """First what makes all else meaningless, then as Authlib, which cannot tell a missing response type from an
        unsupported one, and fails with a ValueError when it quotes one with characters not legal in a description."""
        for name, error in NOT_SUPPORTED.items():
            if name in request.payload.data:
                raise error(f"The parameter {name} is not supported.")
        response_type = request.payload.response_type
        if response_type is None:
            raise InvalidRequestError("Missing 'response_type' in request.")
        if response_type not in CodeGrant.RESPONSE_TYPES:
            raise UnsupportedResponseTypeError(None, "The only response type is code.")
        return super().get_authorization_grant(request)

    def validate_requested_scope(self, scope: str | None) -> None:
        """Unknown scopes are ignored (OIDC Core §3.1.2.1), malformed ones are not (RFC 6749 §3.3)."""
        if scope and not SCOPE.fullmatch(scope):
            raise InvalidScopeError()


def validate(client: Client, given: Parameters, issuer: str) -> str:
    """Runs Authlib's validation and returns the accepted scope. Raises Authlib's `OAuth2Error`."""
    grant = FrontChannel(client, issuer).get_consent_grant(given)
    accepted: str = grant.request.scope
    return accepted
