"""The strict relying party is as strict as it says: each token that is wrong in one thing is refused."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from idp.oidc.issue import half_hash
from tests.support.ports import NEW_YEAR_2026
from tests.support.relying_party import read_answer
from tests.support.tokens import unsigned
from tests.support.verifier import Verifier

ISSUER = "http://localhost:9000"
KEY = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
OTHER = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
RSA = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
ACCESS_TOKEN = "an access token"
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "usr_1",
    "aud": "inbound",
    "azp": "inbound",
    "iat": NEW_YEAR_2026,
    "exp": NEW_YEAR_2026 + 300,
    "auth_time": NEW_YEAR_2026 - 10,
    "acr": f"{ISSUER}/acr/mfa",
    "amr": ["pwd", "sms", "mfa"],
    "sid": "ses_1",
    "at_hash": half_hash(ACCESS_TOKEN, "ES256"),
}


def verifier(**changes: Any) -> Verifier:
    keys = [KEY.as_dict(private=False), RSA.as_dict(private=False)]

    async def fetch() -> dict[str, Any]:
        return {"keys": changes.get("keys", keys)}

    return Verifier(ISSUER, "inbound", "ES256", lambda: NEW_YEAR_2026, fetch)


def signed(claims: dict[str, Any], key: ECKey | RSAKey = KEY, **header: Any) -> str:
    alg = str(key.as_dict(private=False)["alg"])
    return jwt.encode({"alg": alg, "kid": key.kid, "typ": "JWT", **header}, claims, key, algorithms=[alg])


async def test_a_right_one_is_taken() -> None:
    assert await verifier().id_token(signed(CLAIMS), ACCESS_TOKEN) == CLAIMS


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "http://localhost:9001"},
        {"aud": "sip-trunk-plus"},
        {"aud": ["inbound", "sip-trunk-plus"]},
        {"azp": "sip-trunk-plus"},
        {"sub": ""},
        {"sub": "dana@demo.example"},
        {"iat": NEW_YEAR_2026 + 1},
        {"exp": NEW_YEAR_2026},
        {"exp": NEW_YEAR_2026 + 86_400},
        {"auth_time": NEW_YEAR_2026 + 1},
        {"auth_time": "yesterday"},
        {"at_hash": half_hash("another", "ES256")},
        {"sid": ""},
        {"amr": ["pwd"]},
        {"amr": "pwd"},
        {"amr": ["pwd", "mfa"]},
        {"acr": f"{ISSUER}/acr/pwd"},
        {"acr": "gold"},
    ],
)
async def test_one_wrong_claim_is_enough(wrong: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        await verifier().id_token(signed(CLAIMS | wrong), ACCESS_TOKEN)


@pytest.mark.parametrize("missing", sorted(CLAIMS))
async def test_one_missing_claim_is_enough(missing: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        await verifier().id_token(signed({n: v for n, v in CLAIMS.items() if n != missing}), ACCESS_TOKEN)


@pytest.mark.parametrize(
    "token",
    [
        unsigned({"alg": "none", "kid": KEY.kid, "typ": "JWT"}, CLAIMS),
        signed(CLAIMS, RSA),  # a key of the issuer, but not the algorithm that was registered
        signed(CLAIMS, OTHER),
        signed(CLAIMS, OTHER, kid=KEY.kid),
        signed(CLAIMS, typ="at+jwt"),
        signed(CLAIMS, jku="http://localhost:9/keys"),
        signed(CLAIMS)[:-4] + "AAAA",
    ],
    ids=["none", "other algorithm", "unknown key", "another's kid", "access token", "jku", "broken"],
)
async def test_a_wrong_signature_or_header_is_enough(token: str) -> None:
    with pytest.raises((AssertionError, JoseError)):
        await verifier().id_token(token, ACCESS_TOKEN)


async def test_a_published_private_key_is_noticed() -> None:
    with pytest.raises(AssertionError, match="private"):
        await verifier(keys=[KEY.as_dict(private=True)]).id_token(signed(CLAIMS), ACCESS_TOKEN)


CALLBACK = "http://localhost:9001/callback"


@pytest.mark.parametrize(
    "arrival",
    [
        f"{CALLBACK}/?code=1",
        f"{CALLBACK}?code=1&code=2",
        f"{CALLBACK}?code=1#code=2",
        "http://localhost:9002/callback?code=1",
        "https://localhost:9001/callback?code=1",
    ],
)
def test_an_answer_at_another_address_or_in_two_ways_is_none(arrival: str) -> None:
    assert read_answer(f"{CALLBACK}?code=1", CALLBACK) == {"code": "1"}
    with pytest.raises(AssertionError):
        read_answer(arrival, CALLBACK)
