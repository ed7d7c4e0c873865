"""What the demo portals believe of a logout token: a pattern for integrators, so each check fails by itself."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import ECKey, KeySet

from idp.demo.logout_token import EVENT, REFUSALS, Logout, read_logout_token
from tests.support.tokens import unsigned

NOW = 1_800_000_000
ISSUER = "https://id.example"
KEY = ECKey.generate_key("P-256", {"kid": "k1", "use": "sig", "alg": "ES256"})
KEYS = KeySet([KEY])
HEADER = {"alg": "ES256", "kid": "k1", "typ": "logout+jwt"}
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "inbound",
    "iat": NOW,
    "exp": NOW + 120,
    "jti": "j-1",
    "events": {EVENT: {}},
    "sub": "usr_dana",
    "sid": "ses_1",
}


def token(header: dict[str, Any] | None = None, key: ECKey = KEY, **claims: Any) -> str:
    members = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    return jwt.encode({**HEADER, **(header or {})}, members, key, default_type=None)


def read(text: str) -> Logout:
    return read_logout_token(text, KEYS, issuer=ISSUER, client_id="inbound", alg="ES256", now=NOW)


def test_a_good_token_names_the_session_or_else_the_person() -> None:
    logout = read(token())
    assert logout == Logout("j-1", NOW + 120, "ses_1", "usr_dana")
    assert logout.concerns({"sid": "ses_1", "sub": "usr_dana"})
    assert not logout.concerns({"sid": "ses_2", "sub": "usr_dana"})
    everywhere = read(token(sid=None))
    assert everywhere.concerns({"sid": "ses_2", "sub": "usr_dana"})
    assert not everywhere.concerns({"sid": "ses_2", "sub": "usr_rita"})
    assert read(token(aud=["inbound"])).sid == "ses_1"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example"},
        {"aud": "sip-trunk-plus"},
        {"aud": ["inbound", "sip-trunk-plus"]},
        {"nonce": "n"},
        {"events": {}},
        {"events": {EVENT: True}},
        {"events": [EVENT]},
        {"events": None},
        {"exp": NOW - 61},
        {"exp": NOW + 3600},
        {"exp": "soon"},
        {"exp": None},
        {"iat": NOW + 61, "exp": NOW + 100},
        {"iat": None},
        {"jti": None},
        {"jti": ""},
        {"sid": None, "sub": None},
        {"sid": 7},
        {"sub": ["usr_dana"]},
    ],
)
def test_a_claim_that_is_wrong_is_a_refusal(claims: dict[str, Any]) -> None:
    with pytest.raises(REFUSALS):
        read(token(**claims))


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "", None])
def test_another_kind_of_token_is_a_refusal(typ: str | None) -> None:
    with pytest.raises(REFUSALS):
        read(token({"typ": typ}))


def test_JO01_JO07_only_a_signature_of_the_issuer_counts() -> None:
    stranger = ECKey.generate_key("P-256", {"kid": "k1"})
    for text in (
        token(key=stranger),
        unsigned({"alg": "none", "typ": "logout+jwt"}, CLAIMS),
        unsigned({**HEADER, "alg": "none"}, CLAIMS),
        unsigned(HEADER, CLAIMS),
        unsigned({**HEADER, "alg": "HS256"}, CLAIMS, b"x" * 32),
        "a.b.c",
        "WyJhbGciXQ.e30.e30",
        "",
    ):
        with pytest.raises(REFUSALS):
            read(text)
    with pytest.raises(InvalidKeyIdError):
        read(token({"kid": "k2"}))
