"""Client metadata under its RFC 7591 names, judged: what may be registered becomes a `Client`, the rest is refused by name.

Nothing is guessed and nothing dropped: a member that we do not know or do not honour is refused, because its author relies
on it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from idp.domain.client_keys import ASSERTION_ALGORITHMS, KeysRefused, public_keys
from idp.domain.client_policy import PolicyRefused, read_policy
from idp.domain.clients import AuthMethod, Client, ClientPolicy
from idp.domain.ids import Prefix
from idp.domain.redirects import RedirectRefused, check_registrable, origin

GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials")
RESPONSE_TYPES = ("code",)
ID_TOKEN_ALGORITHMS = ("RS256", "ES256", "PS256")
DEFAULT_SCOPE = "openid profile email address phone account offline_access"
MAX_URIS = 50
MAX_TEXT = 1000

CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,100}", re.ASCII)
SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*", re.ASCII)
"""RFC 6749 §3.3."""

FLAGS = ("require_auth_time", "backchannel_logout_session_required", "frontchannel_logout_session_required")
INFORMATIVE = (
    *("contacts", "logo_uri", "software_id", "software_version", "default_max_age", "token_endpoint_auth_signing_alg"),
    *FLAGS,
)
"""Members that are kept as they came and returned. `sid` is in every ID and logout token, whoever requires it."""
READ = (
    "client_id", "client_name", "redirect_uris", "post_logout_redirect_uris", "grant_types", "response_types", "scope",
    "token_endpoint_auth_method", "jwks", "jwks_uri", "id_token_signed_response_alg", "backchannel_logout_uri",
    "frontchannel_logout_uri", "client_uri", "policy_uri", "tos_uri", "application_type", "default_acr_values",
    "subject_type", "policy",
)  # fmt: skip

T = TypeVar("T")


class RegistrationRefused(ValueError):
    """Metadata that must not be registered. `member` is the RFC 7591 name, the text a sentence with the mend."""

    def __init__(self, member: str, text: str) -> None:
        self.member = member
        super().__init__(text)


def read_client(metadata: Mapping[str, Any]) -> Client:
    """The client that this metadata describes, without secrets. Raises `RegistrationRefused`."""
    _refuse_unknown(metadata)
    grants = _chosen_of(metadata, "grant_types", GRANT_TYPES, ("authorization_code", "refresh_token"))
    has_code = "authorization_code" in grants
    application_type = _one_of(metadata, "application_type", ("web", "native"), "web")
    client = Client(
        client_id=_client_id(metadata),
        client_name=_text(metadata, "client_name") or _client_id(metadata),
        redirect_uris=_redirects(metadata, "redirect_uris", application_type),
        post_logout_redirect_uris=_redirects(metadata, "post_logout_redirect_uris", application_type),
        grant_types=grants,
        response_types=_chosen_of(metadata, "response_types", RESPONSE_TYPES, ("code",) if has_code else ()),
        scope=_scope(metadata, DEFAULT_SCOPE if has_code else ""),
        auth_method=AuthMethod(
            _one_of(metadata, "token_endpoint_auth_method", tuple(m.value for m in AuthMethod), AuthMethod.BASIC.value)
        ),
        jwks=_keys(metadata),
        jwks_uri=_address(metadata, "jwks_uri"),
        id_token_alg=_one_of(metadata, "id_token_signed_response_alg", ID_TOKEN_ALGORITHMS, "RS256"),
        backchannel_logout_uri=_address(metadata, "backchannel_logout_uri"),
        frontchannel_logout_uri=_address(metadata, "frontchannel_logout_uri"),
        client_uri=_address(metadata, "client_uri"),
        policy_uri=_address(metadata, "policy_uri"),
        tos_uri=_address(metadata, "tos_uri"),
        application_type=application_type,
        default_acr_values=_texts(metadata, "default_acr_values"),
        metadata=_informative(metadata),
        policy=_policy(metadata),
    )
    _check_together(client)
    return client


def _check_together(client: Client) -> None:
    """What each member allows alone but not beside the others."""
    has_code = client.allows_grant("authorization_code")
    if not client.grant_types:
        raise RegistrationRefused(
            "grant_types", "A client needs a grant. Name authorization_code, or leave the member out."
        )
    if has_code and not client.redirect_uris:
        raise RegistrationRefused(
            "redirect_uris", "A client that signs people in needs a redirect URI. Add at least one."
        )
    if not has_code and (client.redirect_uris or client.response_types):
        raise RegistrationRefused(
            "redirect_uris",
            "Redirect URIs and response types are for authorization_code. Add that grant or remove them.",
        )
    if has_code and client.response_types != RESPONSE_TYPES:
        raise RegistrationRefused(
            "response_types", "authorization_code goes with the response type code. Set it to that."
        )
    if client.allows_grant("refresh_token") and not has_code:
        raise RegistrationRefused("grant_types", "refresh_token needs authorization_code beside it. Add or remove one.")
    if client.is_public and client.allows_grant("client_credentials"):
        raise RegistrationRefused(
            "grant_types", "A public client has no credentials, so client_credentials is not for it. Remove that grant."
        )
    if client.is_public and not client.policy.require_pkce:
        raise RegistrationRefused(
            "policy.require_pkce", "A public client is nothing without PKCE. Remove require_pkce."
        )
    if client.jwks is not None and client.jwks_uri is not None:
        raise RegistrationRefused("jwks_uri", "jwks and jwks_uri exclude each other (RFC 7591 §2). Give one of them.")
    has_keys = client.jwks is not None or client.jwks_uri is not None
    if (client.auth_method is AuthMethod.PRIVATE_KEY_JWT) != has_keys:
        raise RegistrationRefused(
            "jwks", "Keys and private_key_jwt belong together. Give jwks or jwks_uri with it, and neither without it."
        )
    frame = client.frontchannel_logout_uri
    if frame and origin(frame) not in map(origin, client.redirect_uris):
        # Front-Channel Logout §2. It also keeps a page of ours from framing a site that the client does not own.
        raise RegistrationRefused(
            "frontchannel_logout_uri", "It must have the scheme, host and port of a redirect URI. Move it there."
        )


def _refuse_unknown(metadata: Mapping[str, Any]) -> None:
    for name in metadata:
        if name in READ or name in INFORMATIVE:
            continue
        near = get_close_matches(name, READ + INFORMATIVE, 1, 0.6)
        mend = f"Did you mean {near[0]}?" if near else "Remove it."
        raise RegistrationRefused(name, f"{name} is not a member that is honoured here. {mend}")
    _one_of(metadata, "subject_type", ("public",), "public")


def _client_id(metadata: Mapping[str, Any]) -> str:
    client_id = metadata.get("client_id", "")
    if not isinstance(client_id, str) or not CLIENT_ID.fullmatch(client_id):
        raise RegistrationRefused(
            "client_id",
            "A client id has 1 to 100 letters, digits, dots, hyphens, underscores or tildes. Choose such a one.",
        )
    if client_id.startswith(f"{Prefix.USER}_"):
        # A client's own tokens carry its id as `sub`: it must not read like a person (RFC 9700 §4.15, TK26).
        raise RegistrationRefused("client_id", f"Ids of people begin with {Prefix.USER}_. Choose another client id.")
    return client_id


def _text(metadata: Mapping[str, Any], member: str) -> str:
    text = metadata.get(member, "")
    if not isinstance(text, str) or len(text) > MAX_TEXT or not text.isprintable() or text != text.strip():
        raise RegistrationRefused(member, f"{member} must be plain text on one line. Remove what cannot be printed.")
    return text


def _texts(metadata: Mapping[str, Any], member: str) -> tuple[str, ...]:
    values = metadata.get(member, ())
    if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
        raise RegistrationRefused(member, f"{member} must be a list of texts. Put it in square brackets.")
    if len(values) > MAX_URIS or any(len(value) > 2 * MAX_TEXT for value in values):
        raise RegistrationRefused(member, f"{member} is too long. Give at most {MAX_URIS} entries.")
    return tuple(dict.fromkeys(values))


def _one_of(metadata: Mapping[str, Any], member: str, allowed: tuple[str, ...], default: str) -> str:
    value = metadata.get(member, default)
    if value not in allowed:
        raise RegistrationRefused(member, f"{member} must be {_alternatives(allowed)}. Set it to that.")
    return str(value)


def _chosen_of(
    metadata: Mapping[str, Any], member: str, allowed: tuple[str, ...], default: tuple[str, ...]
) -> tuple[str, ...]:
    if member not in metadata:
        return default
    values = _texts(metadata, member)
    for value in values:
        if value not in allowed:
            raise RegistrationRefused(member, f"{value!r} is not offered. {member} may hold {_alternatives(allowed)}.")
    return values


def _alternatives(allowed: tuple[str, ...]) -> str:
    return " or ".join(filter(None, (", ".join(allowed[:-1]), allowed[-1])))


def _scope(metadata: Mapping[str, Any], default: str) -> str:
    scope = _text(metadata, "scope") or default
    if scope and not SCOPE.fullmatch(scope):
        raise RegistrationRefused("scope", "Scopes are words of ASCII characters with one blank between them.")
    return " ".join(dict.fromkeys(scope.split(" "))) if scope else ""


def _redirects(metadata: Mapping[str, Any], member: str, application_type: str) -> tuple[str, ...]:
    uris = _texts(metadata, member)
    for uri in uris:
        _checked(member, uri, application_type)
    return uris


def _address(metadata: Mapping[str, Any], member: str) -> str | None:
    """An address that people or the house itself call: https, or http on this machine, like a redirect URI."""
    uri = _text(metadata, member)
    return _checked(member, uri) if uri else None


def _checked(member: str, uri: str, application_type: str = "web") -> str:
    try:
        check_registrable(uri, application_type)
    except RedirectRefused as error:
        raise RegistrationRefused(member, str(error)) from error
    return uri


def _keys(metadata: Mapping[str, Any]) -> dict[str, Any] | None:
    if metadata.get("jwks") is None:
        return None
    try:
        return public_keys(metadata["jwks"])
    except KeysRefused as error:
        raise RegistrationRefused("jwks", str(error)) from error


def _policy(metadata: Mapping[str, Any]) -> ClientPolicy:
    try:
        return read_policy(metadata.get("policy", {}))
    except PolicyRefused as error:
        raise RegistrationRefused(f"policy.{error.name}" if error.name else "policy", str(error)) from error


def _informative(metadata: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    if "contacts" in metadata:
        kept["contacts"] = list(_texts(metadata, "contacts"))
    for member in ("software_id", "software_version"):
        if member in metadata:
            kept[member] = _text(metadata, member)
    if (logo := _address(metadata, "logo_uri")) is not None:
        kept["logo_uri"] = logo
    if "default_max_age" in metadata:
        seconds = metadata["default_max_age"]
        if type(seconds) is not int or seconds < 0:
            raise RegistrationRefused("default_max_age", "default_max_age must be a number of seconds.")
        kept["default_max_age"] = seconds
    if "token_endpoint_auth_signing_alg" in metadata:
        member = "token_endpoint_auth_signing_alg"
        kept[member] = _one_of(metadata, member, ASSERTION_ALGORITHMS, "")
    for member in FLAGS:
        if member in metadata:
            if not isinstance(metadata[member], bool):
                raise RegistrationRefused(member, f"{member} must be true or false.")
            kept[member] = metadata[member]
    return kept
