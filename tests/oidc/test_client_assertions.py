"""`private_key_jwt` (RFC 7523): a JWT of the client about itself, for us, of this moment, once (SECURITY-CASES TK38-TK43)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import RSAKey

from idp.domain.clients import ClientStatus
from idp.domain.ids import secret_hash
from idp.oidc.token.assertions import ASSERTION_TYPE
from idp.oidc.token.introspection import introspect
from idp.oidc.token.revocation import revoke
from tests.oidc.house import FORM, ISSUER, House, basic, error_of, secret_of
from tests.oidc.signer import EC, JWKS, OTHER, OWN, RSA, SIGNER, TOKEN_ENDPOINT, Signer
from tests.support.tokens import b64url, unsigned


@pytest.mark.parametrize(
    ("alg", "key"), [("ES256", EC), ("RS256", RSA), ("PS256", RSA)], ids=["ES256", "RS256", "PS256"]
)
async def test_an_assertion_proves_the_client(signer: Signer, alg: str, key: Any) -> None:
    await signer.is_accepted(signer.assertion(alg, key))
    await signer.is_accepted(signer.assertion(alg, key), client_id="signer")
    await signer.is_accepted(signer.assertion(alg, key, {"kid": None, "typ": "client-authentication+jwt"}))
    await signer.is_accepted(signer.assertion(alg, key, {"typ": "JWT", "x5t": "abc"}, nbf=signer.house.clock.now()))


async def test_it_proves_the_client_at_every_endpoint(signer: Signer) -> None:
    for endpoint in (introspect, revoke):
        form = {"token": "x", "client_assertion": signer.assertion(), "client_assertion_type": ASSERTION_TYPE}
        answer = await endpoint(signer.house.back, {"content-type": FORM}, urlencode(form).encode())
        assert answer.status == 200


# TK38: for whom


@pytest.mark.parametrize(
    "audience", [ISSUER, TOKEN_ENDPOINT, [ISSUER], [TOKEN_ENDPOINT], [ISSUER, TOKEN_ENDPOINT]], ids=str
)
async def test_TK38_issuer_and_token_endpoint_are_the_audience(signer: Signer, audience: Any) -> None:
    await signer.is_accepted(signer.assertion(aud=audience))


@pytest.mark.parametrize(
    "audience",
    [
        "https://other.example",
        ISSUER + "/",
        ISSUER.upper(),
        f"{ISSUER}/par",
        f"{ISSUER}/introspect",
        f"{ISSUER}.evil.example",
        ISSUER[:-1],
        [ISSUER, "https://other.example"],
        [],
        [7],
        {ISSUER: True},
        7,
        None,
    ],
    ids=str,
)
async def test_TK38_any_other_audience_is_refused(signer: Signer, audience: Any) -> None:
    await signer.is_refused(signer.assertion(aud=audience))


@pytest.mark.parametrize("audience", [TOKEN_ENDPOINT, f"{ISSUER}/par", [ISSUER], [ISSUER, TOKEN_ENDPOINT]], ids=str)
async def test_TK38_under_fapi2_the_issuer_as_a_string_is_all(signer: Signer, audience: Any) -> None:
    strict = Signer(signer.house, "strict")
    await strict.is_refused(strict.assertion(aud=audience))
    await strict.is_refused(strict.assertion("RS256", RSA))
    await strict.is_accepted(strict.assertion())
    await strict.is_accepted(strict.assertion("PS256", RSA))


# TK39: once


async def test_TK39_an_assertion_is_used_once(signer: Signer) -> None:
    assertion = signer.assertion()
    await signer.is_accepted(assertion)
    for _ in range(3):
        await signer.is_refused(assertion)
    claims = signer.claims(jti="again")
    for number in range(2):  # the same jti, signed anew
        again = jws.serialize_compact({"alg": "ES256"}, json.dumps(claims).encode(), EC, algorithms=["ES256"])
        await (signer.is_refused if number else signer.is_accepted)(again)


async def test_TK39_in_parallel_and_at_another_process_once(signer: Signer, replica: House) -> None:
    assertion, other = signer.assertion(), Signer(replica)
    answers = await asyncio.gather(*((signer, other)[number % 2].sends(assertion) for number in range(10)))
    assert sorted(answer.status for answer in answers) == [200] + [401] * 9


async def test_TK39_a_jti_is_the_clients_own(signer: Signer) -> None:
    strict = Signer(signer.house, "strict")
    await signer.is_accepted(signer.assertion(jti="shared"))
    await strict.is_accepted(strict.assertion(jti="shared"))


async def test_TK39_it_is_remembered_as_long_as_it_could_be_valid_and_in_this_form(signer: Signer) -> None:
    """The form is part of the contract between versions that run side by side (F34)."""
    house = signer.house
    assertion = signer.assertion(jti="kept", exp=house.clock.now() + 300)
    await signer.is_accepted(assertion)
    async with house.store.write() as uow:
        assert not await uow.used_assertions.use(secret_hash("signer\x00kept"), house.clock.now() + 1)
    for pause in (299, 30, 60):
        house.clock.advance(pause)
        async with house.store.write() as uow:
            await uow.housekeeping.purge(house.clock.now())
        await signer.is_refused(assertion)


async def test_TK39_what_failed_is_not_used_up(signer: Signer) -> None:
    claims = signer.claims()
    wrong = jws.serialize_compact(
        {"alg": "ES256", "kid": "ec"}, json.dumps(claims).encode(), OTHER, algorithms=["ES256"]
    )
    right = jws.serialize_compact({"alg": "ES256", "kid": "ec"}, json.dumps(claims).encode(), EC, algorithms=["ES256"])
    await signer.is_refused(wrong)
    await signer.is_accepted(right)


# TK40: of this moment


def moved(signer: Signer, times: dict[str, int | None]) -> dict[str, Any]:
    """Claims so many seconds away from now; None leaves one out."""
    now = signer.house.clock.now()
    return {name: None if delta is None else now + delta for name, delta in times.items()}


@pytest.mark.parametrize(
    "times", [{"iat": 10}, {"nbf": 10}, {"exp": -5}, {"exp": 300}, {"exp": 310}, {"iat": -3600}, {"iat": None}], ids=str
)
async def test_TK40_clocks_may_be_some_seconds_apart(signer: Signer, times: dict[str, int | None]) -> None:
    await signer.is_accepted(signer.assertion(**moved(signer, times)))


@pytest.mark.parametrize(
    "times",
    [{"exp": None}, {"exp": -300}, {"exp": -61}, {"exp": 86_400}, {"exp": 361}, {"iat": 61}, {"nbf": 61}],
    ids=str,
)
async def test_TK40_old_eternal_and_future_assertions_are_refused(signer: Signer, times: dict[str, int | None]) -> None:
    await signer.is_refused(signer.assertion(**moved(signer, times)))


@pytest.mark.parametrize("claims", [{"exp": "soon"}, {"exp": True}, {"iat": []}, {"nbf": {}}], ids=str)
async def test_JO08_an_instant_that_is_no_number_is_refused(signer: Signer, claims: dict[str, Any]) -> None:
    await signer.is_refused(signer.assertion(**claims))


# TK41: by its own key, and by nothing that came along


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "strict"},
        {"iss": "strict"},
        {"iss": "strict", "sub": "strict", "aud": TOKEN_ENDPOINT},
        {"iss": "demo-api", "sub": "demo-api"},
        {"iss": "nobody", "sub": "nobody"},
        {"iss": None},
        {"sub": None},
        {"jti": None},
        {"jti": ""},
        {"jti": "x" * 257},
        {"jti": 7},
    ],
    ids=str,
)
async def test_TK41_whose_it_is_has_to_be_said_once_and_clearly(signer: Signer, claims: dict[str, Any]) -> None:
    await signer.is_refused(signer.assertion(**claims))


async def test_TK41_a_client_id_beside_it_has_to_agree(signer: Signer) -> None:
    await signer.is_refused(signer.assertion(), client_id="strict")
    await signer.is_refused(signer.assertion(), client_id="demo-api")


FORGED: dict[str, Callable[[Signer], str]] = {
    "no signature": lambda s: unsigned({"alg": "none"}, s.claims()),
    "an empty signature": lambda s: unsigned({"alg": "ES256", "kid": "ec"}, s.claims()),
    "nOnE": lambda s: unsigned({"alg": "nOnE", "kid": "ec"}, s.claims()),
    "an unknown kid": lambda s: s.assertion(header={"kid": "other"}),
    "a kid that is a path": lambda s: s.assertion(header={"kid": "../../etc/passwd"}),
    "a kid that is no text": lambda s: unsigned({"alg": "ES256", "kid": ["ec"]}, s.claims(), b"x" * 64),
    "the kid of another key": lambda s: s.assertion(header={"kid": "rsa"}),
    "another key": lambda s: s.assertion(key=OTHER, header={"kid": "ec"}),
    "its own key": lambda s: s.assertion(key=OTHER, header={"kid": None, "jwk": OTHER.as_dict(private=False)}),
    "a key elsewhere": lambda s: s.assertion(header={"jku": "https://evil.example/jwks"}),
    "a certificate elsewhere": lambda s: s.assertion(header={"x5u": "https://evil.example/cert"}),
    "a certificate": lambda s: s.assertion(header={"x5c": ["abc"]}),
    "a critical header": lambda s: unsigned({"alg": "ES256", "kid": "ec", "crit": ["exp"], "exp": 1}, s.claims(), b"x"),
    "an access token's type": lambda s: s.assertion(header={"typ": "at+jwt"}),
    "a type that is no text": lambda s: unsigned({"alg": "ES256", "kid": "ec", "typ": 7}, s.claims(), b"x" * 64),
}


@pytest.mark.parametrize("forged", FORGED)
async def test_TK41_only_a_registered_key_signs_for_a_client(signer: Signer, forged: str) -> None:
    await signer.is_refused(FORGED[forged](signer))
    assert signer.house.shelf.fetched == []


def hmac_signed(claims: dict[str, Any], key: bytes) -> str:
    head = unsigned({"alg": "HS256", "kid": "rsa"}, claims).rstrip(".")
    return f"{head}.{b64url(hmac.digest(key, head.encode(), hashlib.sha256))}"


async def test_TK41_JO02_JO03_no_public_key_and_no_secret_is_a_key_for_hmac(signer: Signer) -> None:
    for key in (RSA.as_pem(private=False), RSA.as_der(private=False), json.dumps(JWKS["keys"][1]).encode(), b"secret"):
        await signer.is_refused(hmac_signed(signer.claims(), key))
    for client_id in ("demo-api", "inbound"):
        claims = Signer(signer.house, client_id).claims()
        await signer.is_refused(hmac_signed(claims, secret_of(client_id).encode()))


async def test_a_registered_algorithm_is_the_only_one(signer: Signer) -> None:
    one = replace(SIGNER, metadata={"token_endpoint_auth_signing_alg": "ES256"})
    async with signer.house.store.write() as uow:
        await uow.clients.put(one, "test", signer.house.clock.now())
    await signer.is_accepted(signer.assertion())
    await signer.is_refused(signer.assertion("RS256", RSA))


async def test_a_weak_key_signs_for_nobody(signer: Signer) -> None:
    with warnings.catch_warnings(action="ignore", category=SecurityWarning):
        weak = RSAKey.generate_key(1024, {"kid": "weak"})
        assertion = signer.assertion("RS256", weak)
    async with signer.house.store.write() as uow:
        client = replace(SIGNER, jwks={"keys": [weak.as_dict(private=False)]})
        await uow.clients.put(client, "test", signer.house.clock.now())
    await signer.is_refused(assertion)


# TK42: whatever its shape


@pytest.mark.parametrize(
    "text",
    [
        "x", "a.b", "a.b.c", "a.b.c.d", "....", "é.é.é", "e30.e30.e30", f"{b64url(b'[1]')}.e30.e30",
        f"{b64url(b'null')}.e30.e30", f"{b64url(b'[' * 400)}.e30.e30", "a" * 30_000,
    ],
    ids=lambda text: text[:20],
)  # fmt: skip
async def test_TK42_what_is_no_jwt_is_a_failed_authentication(signer: Signer, text: str) -> None:
    await signer.is_refused(text)


@pytest.mark.parametrize(
    "payload",
    [
        b"[]", b"7", b"null", b"", b"\xff", b"{", b'{"exp":NaN}', b'{"exp":1e999}', b"[" * 2000,
        b'{"iss":"signer","iss":"signer","sub":"signer"}', b'{"sub":7,"iss":7}', b'{"sub":["signer"],"iss":["signer"]}',
    ],
    ids=lambda payload: repr(payload[:30]),
)  # fmt: skip
async def test_TK42_JO09_nor_is_a_payload_that_two_readers_could_take_differently(
    signer: Signer, payload: bytes
) -> None:
    await signer.is_refused(jws.serialize_compact({"alg": "ES256", "kid": "ec"}, payload, EC, algorithms=["ES256"]))


async def test_TK42_a_megabyte_is_not_read(signer: Signer) -> None:
    assert error_of(await signer.sends("x" * 1_000_000)) == "invalid_request"


# TK43: what was verified decides


async def test_TK43_a_secret_does_not_stand_in_for_a_signature(signer: Signer) -> None:
    """Not even a right one: this client is stored with a secret, as after a change of its method."""
    house = signer.house
    async with house.store.write() as uow:
        await uow.clients.set_secrets("signer", ((secret_hash(secret_of("signer")), None),), house.clock.now())
    fake = unsigned({"alg": "none"}, signer.claims())
    for headers, form in (
        (basic("signer", secret_of("signer")), {}),
        ({}, {"client_id": "signer", "client_secret": secret_of("signer")}),
        ({}, {"client_id": "signer"}),
        ({}, {"client_id": "signer", "client_assertion_type": ASSERTION_TYPE}),
        ({}, {"client_id": "signer", "client_assertion": fake}),
        ({}, {"client_id": "signer", "client_assertion": fake, "client_assertion_type": ASSERTION_TYPE}),
        ({}, {"client_assertion": signer.assertion(), "client_assertion_type": "urn:other"}),
    ):
        assert error_of(await house.send(headers, OWN | form), 401) == "invalid_client"
    with_both = {"client_assertion": fake, "client_assertion_type": ASSERTION_TYPE}
    answer = await house.send(basic("signer", secret_of("signer")), OWN | with_both)
    assert error_of(answer) == "invalid_request"  # two methods at once (TK05)


async def test_a_disabled_client_proves_nothing(signer: Signer) -> None:
    await signer.is_accepted(signer.assertion())
    async with signer.house.store.write() as uow:
        await uow.clients.set_status("signer", ClientStatus.DISABLED)
    await signer.is_refused(signer.assertion())


async def test_a_key_that_was_registered_a_moment_ago_counts_at_once(signer: Signer) -> None:
    await signer.is_accepted(signer.assertion())
    async with signer.house.store.write() as uow:
        await uow.clients.put(
            replace(SIGNER, jwks={"keys": [OTHER.as_dict(private=False)]}), "test", signer.house.clock.now()
        )
    await signer.is_accepted(signer.assertion(key=OTHER))
    await signer.is_refused(signer.assertion())
