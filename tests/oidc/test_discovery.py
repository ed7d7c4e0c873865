"""Metadata says what is there, all of it, and nothing else (SECURITY-CASES DJ05, checklist 1-4)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from authlib.oidc import discovery, rpinitiated

from idp.adapters.key_files import KeyDirectory
from idp.oidc.discovery import metadata
from idp.oidc.keys import KeyRing
from tests.oidc.house import ISSUER, sealer
from tests.support.ports import ManualClock


@pytest.fixture
def document(keys_folder: Path) -> dict[str, Any]:
    ring = asyncio.run(KeyRing.open(KeyDirectory(keys_folder), sealer(), ManualClock(), rsa_bits=2048))
    return metadata(ISSUER, ring)


def test_it_is_valid_metadata(document: dict[str, Any]) -> None:
    discovery.OpenIDProviderMetadata(document).validate(metadata_classes=[rpinitiated.OpenIDProviderMetadata])


def test_DJ01_every_address_is_below_the_configured_issuer(document: dict[str, Any]) -> None:
    assert document["issuer"] == ISSUER
    addresses = [value for value in document.values() if isinstance(value, str)]
    assert all(address.startswith(ISSUER) for address in addresses)


def test_members_are_of_the_right_type_and_never_empty(document: dict[str, Any]) -> None:
    for value in document.values():
        assert value is not None
        assert value not in ("", [], {})
        assert isinstance(value, str | bool | list)
        assert not isinstance(value, list) or len(set(value)) == len(value)


def test_DJ05_nothing_unsafe_or_unbuilt_is_promised(document: dict[str, Any]) -> None:
    assert document["response_types_supported"] == ["code"]
    assert document["grant_types_supported"] == ["authorization_code", "refresh_token", "client_credentials"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    confidential = ["client_secret_basic", "client_secret_post", "private_key_jwt"]
    assert document["token_endpoint_auth_methods_supported"] == [*confidential, "none"]
    assert document["introspection_endpoint_auth_methods_supported"] == confidential
    for endpoint in ("token", "introspection", "revocation"):
        algorithms = document[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
        assert algorithms == ["RS256", "PS256", "ES256"]
    assert document["id_token_signing_alg_values_supported"] == ["RS256", "ES256"]
    assert document["request_parameter_supported"] is document["request_uri_parameter_supported"] is False
    unbuilt = (
        "registration",
        "pushed",
        "device",
        "dpop",
        "backchannel_authentication",
        "check_session",
        "request_object",
        "encryption",
    )
    assert not [name for name in document if any(word in name for word in unbuilt)]


def test_single_logout_is_offered_by_both_channels(document: dict[str, Any]) -> None:
    for name in ("backchannel", "frontchannel"):
        assert document[f"{name}_logout_supported"] is document[f"{name}_logout_session_supported"] is True


def test_what_the_suite_wants_to_see_is_there(document: dict[str, Any]) -> None:
    assert "openid" in document["scopes_supported"]
    assert {"sub", "name", "email", "address", "phone_number", "acr"} <= set(document["claims_supported"])
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["claims_parameter_supported"] is True
    assert document["acr_values_supported"] == [f"{ISSUER}/acr/pwd", f"{ISSUER}/acr/mfa"]
