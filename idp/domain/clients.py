"""Relying parties: what is registered about a client (RFC 7591 names) and the operator's policy for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class SecondFactor(StrEnum):
    """The portal's channel for a second factor: a channel, not a mandate (CONTRACT, Configuration)."""

    NONE = "none"
    TOTP = "totp"
    SMS = "sms"


class AuthMethod(StrEnum):
    """Client authentication (OIDC Core §9). `client_secret_jwt` is not offered: it needs a recoverable secret."""

    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    PRIVATE_KEY_JWT = "private_key_jwt"
    NONE = "none"


class ClientStatus(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class ClientPolicy:
    """What the operator decides about a client, as opposed to what the client registers about itself.

    Lifetimes are seconds; None takes the house's default.
    """

    second_factor: SecondFactor = SecondFactor.NONE
    first_party: bool = True
    require_pkce: bool = True
    profile: str = "oidc"
    password_max_age_days: int = 0
    access_seconds: int | None = None
    accent: str = ""
    logo: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client. `secret_hashes` are (SHA-256, expires_at or None) pairs: two are valid while one is rotated out."""

    client_id: str
    client_name: str
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    response_types: tuple[str, ...] = ("code",)
    scope: str = "openid"
    auth_method: AuthMethod = AuthMethod.BASIC
    secret_hashes: tuple[tuple[bytes, int | None], ...] = ()
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    """Where the client publishes its keys, if it does not register them: it may then rotate them by itself."""
    id_token_alg: str = "RS256"  # noqa: S105 - an algorithm
    backchannel_logout_uri: str | None = None
    frontchannel_logout_uri: str | None = None
    client_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    application_type: str = "web"
    default_acr_values: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    """Every other registered member, returned as it came."""
    policy: ClientPolicy = field(default_factory=ClientPolicy)
    status: ClientStatus = ClientStatus.ACTIVE
    version: int = 1

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.scope.split())

    @property
    def is_public(self) -> bool:
        return self.auth_method is AuthMethod.NONE

    @property
    def is_active(self) -> bool:
        return self.status is ClientStatus.ACTIVE

    def allows_grant(self, grant_type: str) -> bool:
        return grant_type in self.grant_types

    def accepted_scope(self, asked: str) -> str:
        """The asked scopes that this client may have, in the order asked; unknown ones are ignored (OIDC Core §3.1.2.1)."""
        return " ".join(dict.fromkeys(s for s in asked.split() if s in self.scopes))


OWN_PAGES = ""
"""The id of our own pages; no client can be registered under it."""


def own_pages(provider: str) -> Client:
    """The pages of this house, as the ladder sees what somebody signs in to. It is not registered and has no redirect URI, no
    grant and no secret: the protocol cannot meet it (docs/adr/0009)."""
    policy = ClientPolicy(second_factor=SecondFactor.TOTP)
    return Client(OWN_PAGES, provider, grant_types=(), response_types=(), scope="", policy=policy)
