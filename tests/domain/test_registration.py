"""Client metadata: what is read, what is refused, and under which name."""

from __future__ import annotations

from typing import Any

import pytest

from idp.domain.clients import AuthMethod, Client, ClientPolicy, SecondFactor
from idp.domain.registration import DEFAULT_SCOPE, RegistrationRefused, read_client

URI = "https://portal.example/cb"
PUBLIC_KEY = {"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ"}


def read(**members: Any) -> Client:
    return read_client({"client_id": "portal", "redirect_uris": [URI]} | members)


def test_the_least_that_is_a_client() -> None:
    assert read() == Client("portal", "portal", (URI,), scope=DEFAULT_SCOPE)


def test_everything_that_a_client_may_say() -> None:
    client = read(
        client_name="Portal",
        post_logout_redirect_uris=["https://portal.example/"],
        grant_types=["authorization_code"],
        response_types=["code"],
        scope="openid email email",
        token_endpoint_auth_method="private_key_jwt",
        jwks={"keys": [PUBLIC_KEY]},
        id_token_signed_response_alg="ES256",
        token_endpoint_auth_signing_alg="ES256",
        backchannel_logout_uri="http://127.0.0.1:9001/bye",
        backchannel_logout_session_required=True,
        frontchannel_logout_uri="https://portal.example/frame?x=1",
        frontchannel_logout_session_required=False,
        client_uri="https://portal.example/about",
        policy_uri="https://portal.example/policy",
        tos_uri="https://portal.example/terms",
        logo_uri="https://portal.example/logo.svg",
        application_type="native",
        default_acr_values=["phr"],
        subject_type="public",
        contacts=["ops@portal.example"],
        software_id="portal",
        software_version="2",
        default_max_age=0,
        require_auth_time=True,
        policy={"second_factor": "sms", "first_party": False, "access_seconds": 60, "accent": "#00706b"},
    )
    assert client.scope == "openid email"
    assert client.auth_method is AuthMethod.PRIVATE_KEY_JWT
    assert client.policy == ClientPolicy(SecondFactor.SMS, first_party=False, access_seconds=60, accent="#00706b")
    assert client.metadata == {
        "contacts": ["ops@portal.example"],
        "software_id": "portal",
        "software_version": "2",
        "logo_uri": "https://portal.example/logo.svg",
        "default_max_age": 0,
        "token_endpoint_auth_signing_alg": "ES256",
        "require_auth_time": True,
        "backchannel_logout_session_required": True,
        "frontchannel_logout_session_required": False,
    }
    assert client.frontchannel_logout_uri == "https://portal.example/frame?x=1"


def test_keys_are_registered_or_published_and_not_both() -> None:
    method = {"token_endpoint_auth_method": "private_key_jwt"}
    assert read(**method, jwks_uri="https://portal.example/jwks").jwks_uri == "https://portal.example/jwks"
    with pytest.raises(RegistrationRefused) as refused:
        read(**method, jwks_uri="https://portal.example/jwks", jwks={"keys": [PUBLIC_KEY]})
    assert refused.value.member == "jwks_uri"
    with pytest.raises(RegistrationRefused) as refused:
        read(**method)
    assert refused.value.member == "jwks"


def test_TK26_no_client_is_called_as_a_person_is() -> None:
    with pytest.raises(RegistrationRefused) as refused:
        read_client({"client_id": "usr_" + "a" * 24, "redirect_uris": [URI]})
    assert refused.value.member == "client_id"


@pytest.mark.parametrize(
    ("members", "member"),
    [
        ({"client_id": ""}, "client_id"),
        ({"client_id": "a/b"}, "client_id"),
        ({"client_id": 7}, "client_id"),
        ({"client_id": "ä"}, "client_id"),
        ({"client_name": "a\nb"}, "client_name"),
        ({"client_name": ["a"]}, "client_name"),
        ({"client_name": "x" * 1001}, "client_name"),
        ({"redirect_uris": URI}, "redirect_uris"),
        ({"redirect_uris": [7]}, "redirect_uris"),
        ({"redirect_uris": [f"{URI}{n}" for n in range(51)]}, "redirect_uris"),
        ({"redirect_uris": ["http://portal.example/"]}, "redirect_uris"),
        ({"redirect_uris": []}, "redirect_uris"),
        ({"post_logout_redirect_uris": ["data:,x"]}, "post_logout_redirect_uris"),
        ({"backchannel_logout_uri": "http://10.0.0.1/"}, "backchannel_logout_uri"),
        ({"client_uri": "http://portal.example/"}, "client_uri"),
        ({"logo_uri": "javascript:alert(1)"}, "logo_uri"),
        ({"grant_types": []}, "grant_types"),
        ({"grant_types": ["password"]}, "grant_types"),
        ({"response_types": ["token"]}, "response_types"),
        ({"response_types": []}, "response_types"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": None}, "token_endpoint_auth_method"),
        ({"id_token_signed_response_alg": "none"}, "id_token_signed_response_alg"),
        ({"id_token_signed_response_alg": "HS256"}, "id_token_signed_response_alg"),
        ({"application_type": "desktop"}, "application_type"),
        ({"subject_type": "pairwise"}, "subject_type"),
        ({"backchannel_logout_session_required": "yes"}, "backchannel_logout_session_required"),
        ({"frontchannel_logout_session_required": 1}, "frontchannel_logout_session_required"),
        ({"frontchannel_logout_uri": "https://other.example/frame"}, "frontchannel_logout_uri"),
        ({"frontchannel_logout_uri": "https://portal.example:8443/frame"}, "frontchannel_logout_uri"),
        ({"frontchannel_logout_uri": "javascript:alert(1)"}, "frontchannel_logout_uri"),
        ({"token_endpoint_auth_signing_alg": "HS256"}, "token_endpoint_auth_signing_alg"),
        ({"token_endpoint_auth_signing_alg": "none"}, "token_endpoint_auth_signing_alg"),
        ({"jwks_uri": "http://portal.example/jwks", "token_endpoint_auth_method": "private_key_jwt"}, "jwks_uri"),
        ({"default_max_age": -1}, "default_max_age"),
        ({"default_max_age": True}, "default_max_age"),
        ({"require_auth_time": 1}, "require_auth_time"),
        ({"contacts": "ops@portal.example"}, "contacts"),
        ({"jwks": {"keys": [PUBLIC_KEY]}}, "jwks"),
        ({"jwks_uri": "https://portal.example/jwks"}, "jwks"),
        ({"userinfo_signed_response_alg": "RS256"}, "userinfo_signed_response_alg"),
        ({"admin": True}, "admin"),
        ({"policy": []}, "policy"),
        ({"policy": {"second_factor": "fax"}}, "policy.second_factor"),
        ({"policy": {"first_party": "no"}}, "policy.first_party"),
        ({"policy": {"profile": "fapi"}}, "policy.profile"),
        ({"policy": {"access_seconds": 86400}}, "policy.access_seconds"),
        ({"policy": {"password_max_age_days": -1}}, "policy.password_max_age_days"),
        ({"policy": {"accent": "red;}"}}, "policy.accent"),
        ({"policy": {"logo": "../../etc/passwd"}}, "policy.logo"),
        ({"policy": {"trusted": True}}, "policy.trusted"),
    ],
)
def test_what_is_refused_is_named(members: dict[str, Any], member: str) -> None:
    with pytest.raises(RegistrationRefused) as refused:
        read(**members)
    assert refused.value.member == member
    assert str(refused.value).endswith((".", "?", "(RFC 8252 §7.1)."))


@pytest.mark.parametrize(
    "jwks",
    [
        {},
        [],
        "https://portal.example/jwks",
        {"keys": []},
        {"keys": [PUBLIC_KEY] * 2},
        {"keys": [PUBLIC_KEY | {"kid": str(n)} for n in range(21)]},
        {"keys": [PUBLIC_KEY | {"d": "eA"}]},
        {"keys": [{"kty": "oct", "k": "eA"}]},
        {"keys": [{"kty": "RSA", "n": "eA"}]},
        {"keys": [PUBLIC_KEY | {"use": "enc"}]},
        {"keys": [PUBLIC_KEY | {"kty": ["EC"]}]},
        {"keys": ["key"]},
    ],
)
def test_only_public_signing_keys_are_kept(jwks: Any) -> None:
    with pytest.raises(RegistrationRefused) as refused:
        read(token_endpoint_auth_method="private_key_jwt", jwks=jwks)
    assert refused.value.member == "jwks"
