"""Authorization responses, byte for byte (SECURITY-CASES AZ39), and the grant behind a code."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from idp.domain.assurance import Evidence, Method
from idp.domain.grants import NewGrant
from idp.domain.ids import secret_hash
from idp.domain.rules import TokenRules
from idp.oidc.authorization import (
    AuthorizationRequest,
    FormPost,
    Redirect,
    asked,
    code_answer,
    error_answer,
    new_grant,
)
from tests.oidc.portal import CALLBACK, CHALLENGE, ISSUER, NATIVE, NOW, PORTAL, read, refusal

RULES = TokenRules()


def answered(answer: Redirect | FormPost) -> dict[str, str]:
    """The members of an answer; a repeated one fails."""
    assert isinstance(answer, Redirect)
    members = parse_qsl(urlsplit(answer.url).query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(members)) == len(members)
    return dict(members)


def test_AZ39_a_code_comes_with_state_and_issuer_and_the_registered_query_stays() -> None:
    assert code_answer(read(), "c0de", ISSUER) == Redirect(
        f"{CALLBACK}&code=c0de&state=st&iss=https%3A%2F%2Fid.example"
    )


def test_AZ39_an_error_comes_with_state_and_issuer_too() -> None:
    refused = refusal(response_type="token")
    found = answered(error_answer(refused, refused.error, refused.description, ISSUER))
    assert found == {
        "tenant": "1",
        "error": "unsupported_response_type",
        "error_description": refused.description,
        "state": "st",
        "iss": ISSUER,
    }


def test_an_answer_has_no_member_that_nobody_sent() -> None:
    assert "state" not in answered(code_answer(read(state=None), "c", ISSUER))
    assert set(answered(error_answer(read(), "access_denied", "", ISSUER))) == {"tenant", "error", "state", "iss"}


@pytest.mark.parametrize("state", ["a b+c%20&=#/?", "ü€😀", '"><script>', "x" * 2048, "=", "&code=evil"])
def test_state_returns_as_it_came(state: str) -> None:
    request = read(state=state)
    found = code_answer(request, "c", ISSUER)
    assert answered(found)["state"] == state
    assert isinstance(found, Redirect)
    assert found.url.isascii()
    assert "+" not in found.url, "a client that does not decode + as a blank must find its state as well"
    posted = code_answer(replace(request, response_mode="form_post"), "c", ISSUER)
    assert isinstance(posted, FormPost)
    assert dict(posted.fields)["state"] == state


def test_form_post_carries_the_same_members_for_codes_and_errors() -> None:
    request = read(response_mode="form_post")
    assert code_answer(request, "c", ISSUER) == FormPost(CALLBACK, (("code", "c"), ("state", "st"), ("iss", ISSUER)))
    refused = refusal(response_mode="form_post", prompt="none login")
    assert error_answer(refused, "x", "y", ISSUER) == FormPost(
        CALLBACK, (("error", "x"), ("error_description", "y"), ("state", "st"), ("iss", ISSUER))
    )


@pytest.mark.parametrize(
    ("uri", "start"),
    [
        ("https://rp.example", "https://rp.example?code=c&"),
        ("https://rp.example/cb", "https://rp.example/cb?code=c&"),
        ("https://rp.example/cb?", "https://rp.example/cb?code=c&"),
        ("https://rp.example/cb?x", "https://rp.example/cb?x&code=c&"),
        ("https://rp.example/cb?x=1&", "https://rp.example/cb?x=1&code=c&"),
        ("https://rp.example/cb?x=a%20b&y=a+b&z=%C3%A9", "https://rp.example/cb?x=a%20b&y=a+b&z=%C3%A9&code=c&"),
        ("com.example.app:/cb", "com.example.app:/cb?code=c&"),
    ],
)
def test_the_redirect_uri_is_kept_byte_for_byte(uri: str, start: str) -> None:
    found = code_answer(replace(read(), redirect_uri=uri), "c", ISSUER)
    assert isinstance(found, Redirect)
    assert found.url.startswith(start)


@pytest.mark.parametrize(
    "text", ['say "no"', "back\\slash", "über", "line\r\nbreak", "tab\t", "\x00", "😀", "x" * 5000]
)
def test_a_description_keeps_to_the_characters_of_the_rfc(text: str) -> None:
    found = answered(error_answer(read(), "invalid_request", text, ISSUER))["error_description"]
    assert found
    assert all(" " <= character <= "~" and character not in '"\\' for character in found)
    assert len(found) <= 300


def test_a_native_app_hears_at_its_own_scheme() -> None:
    request = read(client=NATIVE, redirect_uri="com.example.app:/cb")
    assert code_answer(request, "c", ISSUER) == Redirect(
        f"com.example.app:/cb?code=c&state=st&iss={'https%3A%2F%2Fid.example'}"
    )


# the grant ---------------------------------------------------------------------------------------------------------------


def granted(request: AuthorizationRequest, evidence: Evidence, scope: str = PORTAL.scope) -> NewGrant:
    return new_grant(
        request,
        client=replace(PORTAL, scope=scope),
        person_id="usr_dana",
        membership_id="mem_1",
        account_id="acc_ec",
        session_id="ses_1",
        user_epoch=3,
        account_epoch=4,
        evidence=evidence,
        issuer=ISSUER,
        code="c0de",
        grant_id="grt_1",
        rules=RULES,
        now=NOW,
    )


PASSWORD = Evidence({Method.PASSWORD: NOW - 5})


def test_the_grant_holds_what_the_sign_in_came_to() -> None:
    assert granted(read(), PASSWORD) == NewGrant(
        id="grt_1",
        client_id="inbound",
        user_id="usr_dana",
        membership_id="mem_1",
        account_id="acc_ec",
        session_id="ses_1",
        user_epoch=3,
        account_epoch=4,
        scope="openid profile",
        evidence=PASSWORD,
        acr=f"{ISSUER}/acr/pwd",
        code_hash=secret_hash("c0de"),
        code_challenge=CHALLENGE,
        redirect_uri=CALLBACK,
        code_expires_at=NOW + RULES.code_seconds,
        expires_at=NOW + RULES.refresh_absolute_seconds,
        created_at=NOW,
        nonce="n-1",
    )


@pytest.mark.parametrize(
    ("evidence", "acr"),
    [
        (PASSWORD, f"{ISSUER}/acr/pwd"),
        (PASSWORD.having(Method.SMS, NOW), f"{ISSUER}/acr/mfa"),
        (Evidence({Method.PASSKEY: NOW}), "phr"),
    ],
)
def test_AZ23_acr_says_what_happened_and_not_what_was_asked(evidence: Evidence, acr: str) -> None:
    request = read(acr_values="phr")
    assert asked(request, ISSUER).levels
    assert granted(request, evidence).acr == acr


def test_nobody_identified_is_no_grant() -> None:
    with pytest.raises(ValueError, match="identity"):
        granted(read(), Evidence({Method.TOTP: NOW}))


def test_offline_access_lives_longer() -> None:
    found = granted(read(scope="openid offline_access"), PASSWORD)
    assert (found.offline, found.expires_at) == (True, NOW + RULES.offline_absolute_seconds)


def test_a_registration_that_shrank_meanwhile_grants_less() -> None:
    found = granted(read(scope="openid email offline_access"), PASSWORD, scope="openid")
    assert (found.scope, found.offline) == ("openid", False)


def test_auth_time_is_owed_when_it_was_asked_for() -> None:
    assert not granted(read(), PASSWORD).auth_time_asked
    assert granted(read(max_age="10000"), PASSWORD).auth_time_asked
    claims = json.dumps({"id_token": {"auth_time": {"essential": True}}, "userinfo": {"name": None}})
    found = granted(read(claims=claims), PASSWORD)
    assert found.auth_time_asked
    assert found.claims == {"id_token": {"auth_time": {"essential": True}}, "userinfo": {"name": {}}}
