"""Reading authorization requests: what is refused by redirect and with which code, and what is believed."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.clients import Client
from idp.domain.redirects import matches
from idp.oidc.authorization import AuthorizationRequest, Displayed, Redirected, read_request
from tests.oidc.portal import (
    BASE,
    CALLBACK,
    CHALLENGE,
    ISSUER,
    NATIVE,
    NOW,
    PORTAL,
    PUBLIC,
    THIRD_PARTY,
    UNPROVED,
    Pairs,
    hint_of_dana,
    pairs,
    read,
    refusal,
)

ONCE = ["response_type", "scope", "state", "nonce", "code_challenge", "prompt", "claims", "response_mode", "unknown"]


def test_a_good_request_becomes_a_value() -> None:
    assert read() == AuthorizationRequest(
        client_id="inbound",
        redirect_uri=CALLBACK,
        scope="openid profile",
        issued_at=NOW,
        state="st",
        nonce="n-1",
        code_challenge=CHALLENGE,
    )


def test_the_order_of_parameters_does_not_matter() -> None:
    shuffled = pairs(prompt="login", max_age="5", ui_locales="de en")
    random.Random(1).shuffle(shuffled)
    assert read(shuffled) == read(prompt="login", max_age="5", ui_locales="de en")


@pytest.mark.parametrize("name", ONCE)
@pytest.mark.parametrize("second", ["the same", "another", ""])
def test_AZ10_any_other_parameter_twice_is_refused(name: str, second: str) -> None:
    first = BASE.get(name, "x")
    sent = [*pairs(**{name: first}), (name, first if second == "the same" else second)]
    found = refusal(sent)
    assert found.error == "invalid_request"
    assert found.state == (None if name == "state" else "st"), "which of two states is meant nobody knows"


def test_AZ10_resource_may_repeat() -> None:
    assert read([*pairs(), ("resource", ISSUER), ("resource", ISSUER), ("resource", "")]) == read()


@pytest.mark.parametrize("resources", [["https://a.example"], [ISSUER, "https://a.example"], [ISSUER + "/"], ["x y"]])
def test_a_resource_that_tokens_are_not_for_is_an_invalid_target(resources: list[str]) -> None:
    sent = [*pairs(), *(("resource", resource) for resource in resources)]
    assert refusal(sent).error == "invalid_target"


@pytest.mark.parametrize("missing", [None, ""])
def test_AZ11_no_response_type(missing: str | None) -> None:
    assert refusal(response_type=missing).error == "invalid_request"


@pytest.mark.parametrize(
    "response_type",
    ["token", "id_token", "code token", "token code", "code id_token", "id_token token", "none", "code code", "CODE",
     "code ", "x" * 8000, 'a"b', "a\\b", "cödé", "<script>"],
)  # fmt: skip
def test_AZ12_another_response_type(response_type: str) -> None:
    assert refusal(response_type=response_type).error == "unsupported_response_type"


def test_a_client_that_is_not_registered_for_the_code_flow_is_unauthorized() -> None:
    machine = replace(PORTAL, grant_types=("client_credentials",))
    assert refusal(client=machine).error == "unauthorized_client"
    assert refusal(client=replace(PORTAL, response_types=())).error == "unauthorized_client"


WITHOUT: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}


@pytest.mark.parametrize("client", [PORTAL, PUBLIC, THIRD_PARTY])
def test_AZ14_without_a_code_challenge(client: Client) -> None:
    assert refusal(pairs(**WITHOUT), client).error == "invalid_request"
    assert refusal(client=client, code_challenge="").error == "invalid_request"


def test_AZ14_a_confidential_client_may_be_registered_without_pkce() -> None:
    assert read(pairs(**WITHOUT), UNPROVED).code_challenge is None
    assert read(client=UNPROVED).code_challenge == CHALLENGE, "a challenge that is sent counts all the same"


@pytest.mark.parametrize("client", [PORTAL, PUBLIC, UNPROVED])
@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge_method": ""},
        {"code_challenge_method": "s256"},
        {"code_challenge_method": "S512"},
        {"code_challenge": None},
        {"code_challenge": CHALLENGE[:-1]},
        {"code_challenge": CHALLENGE + "A"},
        {"code_challenge": CHALLENGE + "\n"},
        {"code_challenge": CHALLENGE[:-1] + "~"},
        {"code_challenge": CHALLENGE[:-1] + "="},
        {"code_challenge": "x" * 128},
    ],
)
def test_AZ15_a_challenge_is_by_S256_and_nothing_else(client: Client, changes: dict[str, str | None]) -> None:
    assert refusal(pairs(**changes), client).error == "invalid_request"


@pytest.mark.parametrize(
    ("asked", "accepted"),
    [
        ("openid admin", "openid"),
        ("admin openid profile", "openid profile"),
        ("profile openid", "profile openid"),
        ("openid openid", "openid"),
        ("openid OPENID", "openid"),
        ("profile", "profile"),
    ],
)
def test_AZ17_only_registered_scopes_are_taken_over(asked: str, accepted: str) -> None:
    assert read(scope=asked).scope == accepted


@pytest.mark.parametrize("asked", [None, "", "admin", " ", "opénid", 'openid "', "openid\\", "openid\u2003profile"])
def test_AZ17_nothing_granted_or_malformed_is_invalid_scope(asked: str | None) -> None:
    assert refusal(scope=asked).error == "invalid_scope"


def test_without_openid_it_is_plain_oauth_and_needs_no_nonce() -> None:
    assert not read(scope="profile", nonce=None).is_openid
    assert read(nonce=None).nonce is None


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("request", "request_not_supported"),
        ("request_uri", "request_uri_not_supported"),
        ("registration", "registration_not_supported"),
    ],
)
@pytest.mark.parametrize(
    "value", ["eyJhbGciOiJub25lIn0.e30.", "https://evil.example/object", "{}", "\x00", "x" * 40_000]
)
def test_AZ26_AZ28_request_objects_are_not_supported_and_never_looked_into(name: str, error: str, value: str) -> None:
    found = refusal(pairs(**{name: value}))
    assert (found.error, found.state) == (error, "st")
    assert refusal(pairs(**{name: value, "response_type": None})).error == error, "the rest may be inside it"


@pytest.mark.parametrize(
    "name", ["state", "nonce", "scope", "prompt", "acr_values", "code_challenge", "max_age", "claims"]
)
@pytest.mark.parametrize("value", ["a\x00b", "a\r\nSet-Cookie: x=y", "a\x7f", "a\x85", "a\ud800b", "x" * 9000])
def test_values_that_cannot_be_kept_are_refused_and_not_repaired(name: str, value: str) -> None:
    found = refusal(pairs(**{name: value}))
    assert found.error == "invalid_request"
    assert found.state == (None if name == "state" else "st")


@pytest.mark.parametrize("state", ["x" * 2048, "a b+c%20&=#/?", "ü€😀", '"><script>', "{'a': 1}"])
def test_state_and_nonce_are_kept_as_they_came(state: str) -> None:
    found = read(state=state, nonce=state)
    assert (found.state, found.nonce) == (state, state)
    assert refusal(state=state, response_type=None).state == state


def test_a_state_of_more_than_two_kilobytes_is_refused_and_not_cut() -> None:
    assert refusal(state="x" * 2049).state is None
    assert refusal(nonce="ü" * 1025).error == "invalid_request"


@pytest.mark.parametrize(
    "name", ["display", "ui_locales", "claims_locales", "login_hint", "account_hint", "foo", "scope2"]
)
@pytest.mark.parametrize("value", ["page", "x" * 10_000, "\x00", "\ud800", '"><script>', "\u202e"])
def test_AZ25_hints_and_unknown_parameters_are_never_an_error(name: str, value: str) -> None:
    assert read(pairs(**{name: value})).scope == "openid profile"


def test_AZ25_hints_are_kept_bounded_and_printable() -> None:
    found = read(
        login_hint='"><script>\x00\u202edana\r\n' + "x" * 10_000,
        ui_locales="de-DE en <b> x" + "-a" * 40 + " fr" * 40,
        account_hint="EC-20017\x00",
    )
    assert found.login_hint == '"><script>dana' + "x" * 242
    assert found.ui_locales[:3] == ("de-DE", "en", "fr")
    assert len(found.ui_locales) == 10
    assert found.account_hint == "EC-20017"
    assert read(login_hint="\x00").login_hint is None


def test_a_request_survives_the_login_row() -> None:
    asked = read(
        prompt="login consent",
        max_age="0",
        acr_values="a b",
        claims=json.dumps({"id_token": {"acr": {"values": ["x"]}, "email": None}}),
        ui_locales="de",
        login_hint="ü",
        id_token_hint="dana",
        state="ü€😀",
    )
    stored = asked.to_json()
    assert stored.isascii()
    assert AuthorizationRequest.from_json(stored) == asked
    newer = json.dumps(json.loads(stored) | {"added_later": 1})
    assert AuthorizationRequest.from_json(newer) == asked
    assert AuthorizationRequest.from_json(read().to_json()) == read()


NAMES = st.sampled_from(
    [*BASE, "response_mode", "prompt", "max_age", "acr_values", "claims", "id_token_hint", "login_hint", "ui_locales",
     "account_hint", "request", "request_uri", "resource", "unknown"]
)  # fmt: skip
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=80)
VALUES = st.one_of(
    ANY_TEXT,
    st.sampled_from(
        [*BASE.values(), "none", "login", "none login", "form_post", "fragment", "0", "-1", "٣", "dana", "foreign", "{}",
         "[" * 5000, '{"id_token":{"acr":{"essential":true,"values":["x"]}}}', '{"id_token":[]}', '{"a":1e999}',
         '{"id_token":{"sub":{"value":"\\ud800"}}}', "com.example.app:/cb", "http://127.0.0.1:5/cb", "x" * 9000]
    ),
)  # fmt: skip
CHANGES = st.lists(st.tuples(NAMES, VALUES) | st.tuples(ANY_TEXT, ANY_TEXT), max_size=6)


def outcome(sent: Pairs, client: Client | None) -> AuthorizationRequest | Displayed | Redirected:
    try:
        return read_request(sent, client, ISSUER, hint_of_dana, NOW)
    except (Displayed, Redirected) as refused:
        return refused


@given(CHANGES, st.booleans(), st.sampled_from([PORTAL, UNPROVED, PUBLIC, THIRD_PARTY, NATIVE, None]))
def test_whatever_is_sent_the_answer_is_a_value_a_page_or_a_registered_address(
    changes: Pairs, instead: bool, client: Client | None
) -> None:
    """No input makes any other error, and nothing redirects to an address that is not registered."""
    base = [pair for pair in pairs() if pair[0] not in dict(changes)] if instead else []
    found = outcome([*base, *changes], client)
    if isinstance(found, Displayed):
        assert found.code
        return
    assert client is not None
    assert matches(found.redirect_uri, client.redirect_uris, client.application_type)
    assert found.response_mode in ("query", "form_post")
    if isinstance(found, Redirected):
        assert found.description.isascii()
        assert not set(found.description) & set('"\\')
    else:
        assert set(found.scopes) <= client.scopes
        assert found.code_challenge or client is UNPROVED
        assert AuthorizationRequest.from_json(found.to_json()) == found
