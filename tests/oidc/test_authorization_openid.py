"""What OpenID Connect adds to a request: prompt, max_age, acr, claims, hints, offline access (SECURITY-CASES AZ21-AZ24)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from idp.domain.assurance import Asked, Level
from idp.oidc.authorization import AuthorizationRequest, asked
from tests.oidc.portal import ISSUER, NOW, PORTAL, THIRD_PARTY, read, refusal

PWD, MFA, PHR = f"{ISSUER}/acr/pwd", f"{ISSUER}/acr/mfa", "phr"


def demanded(request: AuthorizationRequest) -> Asked:
    return asked(request, ISSUER)


def with_claims(value: Any) -> AuthorizationRequest:
    return read(claims=json.dumps(value))


# prompt ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prompt", ["create", "none login", "login none", "none none consent", "NONE", "login,consent", "x", "none\u00a0x"]
)
def test_a_prompt_that_is_unknown_or_contradicts_itself_is_refused(prompt: str) -> None:
    assert refusal(prompt=prompt).error == "invalid_request"


@pytest.mark.parametrize(
    ("prompt", "kept"),
    [
        ("none", ("none",)),
        ("none none", ("none",)),
        ("login", ("login",)),
        ("login consent login", ("login", "consent")),
        ("select_account", ("select_account",)),
        (None, ()),
        (" ", ()),
    ],
)
def test_prompt_is_kept(prompt: str | None, kept: tuple[str, ...]) -> None:
    found = read(prompt=prompt)
    assert found.prompt == kept
    assert found.is_silent == (kept == ("none",))


def test_AZ21_prompt_login_wants_fresh_evidence_whatever_the_session() -> None:
    found = demanded(read(prompt="login"))
    assert [found.admits(NOW - age, NOW) for age in (0, 100)] == [False, False]
    assert demanded(read(prompt="consent select_account")).admits(NOW, NOW)


def test_the_other_prompts_reach_the_ladder_in_its_own_words() -> None:
    found = demanded(read(prompt="consent select_account", account_hint="EC-20017"))
    assert found == Asked(
        scopes=("openid", "profile"), consent=True, select_account=True, account_hint="EC-20017", fresh=False
    )
    assert demanded(read()) == Asked(scopes=("openid", "profile"))


# max_age -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["-1", "abc", "1e9", "1.5", " 1", "+1", "0x1", "1_0", "٣", "9" * 11, "1\n"])
def test_AZ22_a_max_age_that_is_no_number_of_seconds_is_refused(text: str) -> None:
    assert refusal(max_age=text).error == "invalid_request"


@pytest.mark.parametrize(
    ("max_age", "session_age", "counts"),
    [
        ("0", 0, False),
        ("0", 100, False),
        ("1", 0, True),
        ("1", 1, False),
        ("1", 2, False),
        ("100", 99, True),
        ("100", 100, False),
        ("10000", 100, True),
        ("9999999999", 10**8, True),
        (None, 10**8, True),
        ("", 10**8, True),
    ],
)
def test_AZ22_a_session_older_than_max_age_does_not_count(max_age: str | None, session_age: int, counts: bool) -> None:
    found = Asked.from_json(demanded(read(max_age=max_age)).to_json())
    assert found.admits(NOW - session_age, NOW) is counts
    assert not found.admits(None, NOW)


def test_the_registered_max_age_holds_where_the_request_is_silent() -> None:
    client = replace(PORTAL, metadata={"default_max_age": 60})
    assert read(client=client).max_age == 60
    assert read(client=client, max_age="0").max_age == 0
    for odd in ("60", -1, True, None, 1.5):
        assert read(client=replace(PORTAL, metadata={"default_max_age": odd})).max_age is None


# acr ---------------------------------------------------------------------------------------------------------------------


def test_acr_values_are_a_wish_in_the_order_of_preference() -> None:
    found = demanded(read(acr_values=f"1 {PHR} https://other.example/acr/mfa {MFA} {PHR} 2"))
    assert (found.levels, found.essential) == ((Level.PHISHING_RESISTANT, Level.MFA), False)
    assert demanded(read(acr_values="1 2")).levels == ()


def test_the_registered_acr_values_hold_where_the_request_is_silent() -> None:
    client = replace(PORTAL, default_acr_values=(MFA,))
    assert demanded(read(client=client)).levels == (Level.MFA,)
    assert demanded(read(client=client, acr_values=PWD)).levels == (Level.PASSWORD,)
    voluntary = read(client=client, claims=json.dumps({"id_token": {"acr": {"value": PWD}}}))
    assert demanded(voluntary).levels == (Level.PASSWORD,)


@pytest.mark.parametrize(
    ("acr", "levels", "essential"),
    [
        ({"essential": True, "value": MFA}, (Level.MFA,), True),
        ({"essential": True, "values": [PHR, MFA]}, (Level.PHISHING_RESISTANT, Level.MFA), True),
        ({"essential": True, "values": ["unknown", MFA]}, (Level.MFA,), True),
        ({"essential": False, "values": [MFA]}, (Level.MFA,), False),
        ({"values": ["unknown"]}, (), False),
        ({"essential": True}, (), False),
        (None, (), False),
        ({}, (), False),
    ],
)
def test_AZ23_an_essential_acr_is_a_demand_and_not_a_wish(
    acr: dict[str, Any] | None, levels: tuple[Level, ...], essential: bool
) -> None:
    found = demanded(with_claims({"id_token": {"acr": acr}}))
    assert (found.levels, found.essential) == (levels, essential)


@pytest.mark.parametrize("acr", [{"value": "gold"}, {"values": ["gold", "silver"]}, {"value": ""}])
def test_AZ23_an_essential_acr_that_nobody_could_reach_is_an_error_and_no_weaker_sign_in(acr: dict[str, Any]) -> None:
    claims = {"id_token": {"acr": {"essential": True} | acr}}
    assert refusal(claims=json.dumps(claims)).error == "unmet_authentication_requirements"
    assert demanded(with_claims({"id_token": {"acr": acr}})).levels == ()


# claims ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "null",
        "[]",
        "7",
        '"x"',
        "NaN",
        '{"id_token":null}',
        '{"id_token":[]}',
        '{"userinfo":"name"}',
        '{"userinfo":{"name":true}}',
        '{"userinfo":{"name":"x"}}',
        '{"userinfo":{"name":[]}}',
        '{"userinfo":{"name":{"essential":"true"}}}',
        '{"userinfo":{"name":{"essential":null}}}',
        '{"userinfo":{"name":null,"name":{}}}',
        '{"id_token":{},"id_token":{}}',
        '{"id_token":{"acr":{"values":[]}}}',
        '{"id_token":{"acr":{"values":"x"}}}',
        '{"id_token":{"acr":{"values":[1]}}}',
        '{"id_token":{"acr":{"value":["x"]}}}',
        '{"id_token":{"acr":{"value":null}}}',
        '{"id_token":{"acr":{"value":"a\\u0000"}}}',
        '{"id_token":{"sub":{"value":7}}}',
        '{"id_token":{"sub":{"value":"\\ud800"}}}',
        '{"id_token":{"a\\u0000b":null}}',
        '{"id_token":{"auth_time":{"value":NaN}}}',
        "[" * 5000,
        '{"id_token":' * 1200,
        '{"x":' + "9" * 5000 + "}",
        json.dumps({"userinfo": {f"c{n}": None for n in range(101)}}),
    ],
)
def test_malformed_claims_are_refused(text: str) -> None:
    assert refusal(claims=text).error == "invalid_request"


def test_claims_are_kept_in_one_shape() -> None:
    value = {
        "id_token": {"auth_time": {"essential": True, "other": 1}, "acr": {"value": "x"}, "https://c.example/x": {}},
        "userinfo": {"name": None, "email": {"value": "a@b.example"}, "address": {"values": [{"country": "GB"}]}},
        "access_token": {"x": 1},
    }
    assert with_claims(value).claims == {
        "id_token": {"auth_time": {"essential": True}, "acr": {"value": "x"}, "https://c.example/x": {}},
        "userinfo": {"name": {}, "email": {}, "address": {}},
    }
    assert with_claims({}).claims == {}
    assert read().claims == {}


def test_a_claim_is_asked_for_in_its_place() -> None:
    found = with_claims({"userinfo": {"name": {"essential": True}}})
    assert found.asked_claim("userinfo", "name") == {"essential": True}
    assert found.asked_claim("id_token", "name") is None


# hints -------------------------------------------------------------------------------------------------------------------


def test_AZ24_a_hint_of_ours_names_the_only_person_who_may_answer() -> None:
    found = read(id_token_hint="dana", prompt="none")
    assert (found.subject, found.hint_session) == ("usr_dana", "ses_1")
    assert demanded(found).subject == "usr_dana"
    assert read().subject is None


@pytest.mark.parametrize("token", ["eyJhbGciOiJub25lIn0.e30.", "x", "foreign", "dana\x00", "x" * 9000, "\ud800"])
def test_AZ24_a_hint_that_is_not_ours_or_of_another_client_is_refused(token: str) -> None:
    found = refusal(id_token_hint=token)
    assert (found.error, found.state) == ("invalid_request", "st")


def test_a_subject_asked_by_value_is_the_only_person_who_may_answer() -> None:
    claims = json.dumps({"id_token": {"sub": {"value": "usr_dana"}}})
    assert demanded(read(claims=claims)).subject == "usr_dana"
    assert demanded(read(claims=claims, id_token_hint="dana")).subject == "usr_dana"
    other = json.dumps({"id_token": {"sub": {"value": "usr_rita"}}})
    assert refusal(claims=other, id_token_hint="dana").error == "invalid_request"


# offline access ----------------------------------------------------------------------------------------------------------

OFFLINE = "openid offline_access"


def test_offline_access_is_the_operators_choice_for_the_houses_own_portals() -> None:
    assert read(scope=OFFLINE).scope == OFFLINE
    assert read(scope=OFFLINE, client=replace(PORTAL, scope="openid")).scope == "openid"


def test_offline_access_of_a_third_party_needs_consent_in_the_request() -> None:
    assert read(scope=OFFLINE, client=THIRD_PARTY).scope == "openid"
    assert read(scope=OFFLINE, client=THIRD_PARTY, prompt="none").scope == "openid"
    assert read(scope=OFFLINE, client=THIRD_PARTY, prompt="login consent").scope == OFFLINE


def test_offline_access_without_refresh_tokens_is_dropped() -> None:
    client = replace(PORTAL, grant_types=("authorization_code",))
    assert read(scope=OFFLINE, client=client).scope == "openid"
    assert refusal(scope="offline_access", client=client).error == "invalid_scope"
