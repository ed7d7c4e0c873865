"""RP-initiated logout without HTTP: hints by our own signature, exact addresses, and who has to confirm (LO01-LO06)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import RSAKey

from idp.adapters.key_files import KeyDirectory
from idp.adapters.sealing import SealingRing, new_key
from idp.domain.assurance import Evidence
from idp.domain.clients import Client, ClientStatus
from idp.domain.sessions import Session
from idp.oidc.authorization import Displayed
from idp.oidc.hints import HintRefused, IdTokenHint, read_id_token_hint
from idp.oidc.keys import KeyRing
from idp.oidc.logout import SignOut, read_end_session, sign_out
from tests.domain.test_redirects import AUTHORITY_TRICKS
from tests.oidc.portal import ISSUER, NATIVE, NOW, PORTAL, hint_of_dana
from tests.support.ports import ManualClock, SeededEntropy
from tests.support.tokens import b64url, unsigned

BYE = "https://portal.example/bye"
CLAIMS = {"iss": ISSUER, "sub": "usr_dana", "aud": "inbound", "sid": "ses_1", "exp": NOW - 10**6, "iat": NOW - 10**6}
SESSION = Session("ses_1", b"t", "usr_dana", 0, b"b", Evidence(), NOW, NOW, NOW + 1000)

# the hint ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    entropy = SeededEntropy(7)
    sealer = SealingRing([new_key("a", entropy)], entropy)
    files = KeyDirectory(tmp_path_factory.mktemp("keys"))
    return asyncio.run(KeyRing.open(files, sealer, ManualClock(), rsa_bits=2048))


@pytest.fixture(scope="module")
def sign(ring: KeyRing) -> Callable[..., str]:
    def signed(alg: str = "RS256", typ: str = "JWT", **claims: Any) -> str:
        key = ring.signing_key(alg)
        header = {"alg": alg, "kid": key.kid, "typ": typ}
        return jwt.encode(header, CLAIMS | claims, key.jwk, algorithms=[alg], default_type=None)

    return signed


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_AZ24_an_expired_id_token_of_ours_is_a_hint(ring: KeyRing, sign: Callable[..., str], alg: str) -> None:
    assert read_id_token_hint(sign(alg), ring, ISSUER) == IdTokenHint("inbound", "usr_dana", "ses_1")
    assert read_id_token_hint(sign(alg, sid=None), ring, ISSUER).session is None


async def test_AZ24_a_hint_outlives_the_rotation_of_its_key(ring: KeyRing, sign: Callable[..., str]) -> None:
    token = sign()
    await ring.rotate()
    assert read_id_token_hint(token, ring, ISSUER).subject == "usr_dana"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"iss": ISSUER + "/"},
        {"aud": ["inbound"]},
        {"aud": None},
        {"sub": None},
        {"sub": 7},
    ],
)
def test_AZ24_a_token_of_another_issuer_or_shape_is_no_hint(
    ring: KeyRing, sign: Callable[..., str], claims: dict[str, Any]
) -> None:
    with pytest.raises(HintRefused):
        read_id_token_hint(sign(**claims), ring, ISSUER)


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "dpop+jwt"])
def test_our_other_tokens_are_no_hints(ring: KeyRing, sign: Callable[..., str], typ: str) -> None:
    with pytest.raises(HintRefused):
        read_id_token_hint(sign(typ=typ), ring, ISSUER)


def test_LO01_AZ24_unsigned_foreign_and_altered_tokens_are_no_hints(ring: KeyRing, sign: Callable[..., str]) -> None:
    head, body, signature = sign().split(".")
    kid = ring.signing_key("RS256").kid
    public = ring.signing_key("RS256").jwk.as_pem(private=False)
    hashed = unsigned({"alg": "HS256", "kid": kid, "typ": "JWT"}, CLAIMS).rstrip(".")
    stranger = RSAKey.generate_key(2048)
    forged = [
        unsigned({"alg": "none", "typ": "JWT"}, CLAIMS),
        unsigned({"alg": "none", "kid": kid, "typ": "JWT"}, CLAIMS),
        unsigned({"alg": "RS256", "kid": kid, "typ": "JWT"}, CLAIMS),
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{b64url(b'{}')}.{signature}",
        f"{hashed}.{b64url(hmac.digest(public, hashed.encode(), hashlib.sha256))}",
        jwt.encode({"alg": "RS256", "kid": kid, "typ": "JWT"}, CLAIMS, stranger, algorithms=["RS256"]),
        jwt.encode({"alg": "RS256", "kid": "other", "typ": "JWT"}, CLAIMS, stranger, algorithms=["RS256"]),
        jwt.encode({"alg": "RS256", "typ": "JWT"}, CLAIMS, stranger, algorithms=["RS256"]),
    ]
    for token in forged:
        with pytest.raises(HintRefused):
            read_id_token_hint(token, ring, ISSUER)


@pytest.mark.parametrize(
    "header", [b'["alg"]', b'"alg"', b"null", b"{}", b'{"alg":["RS256"]}', b'{"alg":{}}', b"\xff", b"[" * 300]
)
def test_a_header_that_is_no_header_is_refused_without_an_accident(ring: KeyRing, header: bytes) -> None:
    with pytest.raises(HintRefused):
        read_id_token_hint(f"{b64url(header)}.e30.e30", ring, ISSUER)


@given(st.text(st.characters(exclude_categories=())) | st.text("eyJhbGciOiJSUzI1NiJ9.-_=").map(lambda s: f"e30.{s}"))
def test_any_text_is_a_hint_or_refused(ring: KeyRing, token: str) -> None:
    with pytest.raises(HintRefused):
        read_id_token_hint(token, ring, ISSUER)


# the request -------------------------------------------------------------------------------------------------------------


def asked(client: Client | None = PORTAL, **sent: str) -> SignOut:
    return sign_out(read_end_session(list(sent.items()), hint_of_dana), client)


def refused(client: Client | None = PORTAL, **sent: str) -> None:
    with pytest.raises(Displayed) as caught:
        asked(client, **sent)
    assert caught.value.hint


def test_a_hint_and_a_registered_address_sign_out_and_return() -> None:
    found = asked(id_token_hint="dana", post_logout_redirect_uri=BYE, state="a b+c&=ü")
    assert found == SignOut("inbound", f"{BYE}?state=a%20b%2Bc%26%3D%C3%BC", False, "usr_dana", "ses_1")
    assert not found.must_ask(SESSION)
    with_query = asked(id_token_hint="dana", post_logout_redirect_uri=BYE + "?x=1", state="s")
    assert with_query.redirect == BYE + "?x=1&state=s"


def test_state_returns_only_if_sent_and_nothing_else_does() -> None:
    assert asked(id_token_hint="dana", client_id="inbound", post_logout_redirect_uri=BYE).redirect == BYE
    assert asked(id_token_hint="dana", state="s").redirect is None
    assert asked(id_token_hint="dana", post_logout_redirect_uri=BYE, state="").redirect == BYE


@pytest.mark.parametrize("token", ["eyJhbGciOiJub25lIn0.e30.", "x", "foreign.x", "dana\x00", "x" * 9000])
def test_LO01_a_hint_that_is_not_ours_is_a_page(token: str) -> None:
    refused(id_token_hint=token)
    refused(id_token_hint=token, post_logout_redirect_uri=BYE)


@pytest.mark.parametrize(
    "uri",
    [
        BYE + "/",
        BYE + "?",
        BYE + "?x=2",
        BYE + "?x=1&y=2",
        BYE + "#x",
        BYE.upper(),
        "https://evil.example/bye",
        "https://portal.example/cb?tenant=1",
        "bye",
        "javascript:alert(1)",
        "\x00",
        *AUTHORITY_TRICKS,
    ],
)
def test_an_address_that_is_not_registered_is_a_page(uri: str) -> None:
    refused(id_token_hint="dana", post_logout_redirect_uri=uri)
    refused(replace(PORTAL, redirect_uris=(uri,)), id_token_hint="dana", post_logout_redirect_uri=uri)
    refused(client_id="inbound", post_logout_redirect_uri=uri)


def test_a_native_app_has_no_choice_of_port_here() -> None:
    native = replace(NATIVE, post_logout_redirect_uris=("http://127.0.0.1/bye", "com.example.app:/bye"))
    refused(native, id_token_hint="dana", post_logout_redirect_uri="http://127.0.0.1:5000/bye")
    found = asked(native, id_token_hint="dana", post_logout_redirect_uri="com.example.app:/bye")
    assert found.redirect == "com.example.app:/bye"


@pytest.mark.parametrize("name", ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"])
def test_a_parameter_twice_is_a_page(name: str) -> None:
    with pytest.raises(Displayed):
        read_end_session([(name, "dana"), (name, "dana")], hint_of_dana)


def test_client_id_and_hint_must_agree() -> None:
    refused(id_token_hint="dana", client_id="sip-trunk-plus")
    refused(id_token_hint="foreign", client_id="inbound")
    assert read_end_session([("id_token_hint", "dana")], hint_of_dana).client_id == "inbound"
    assert read_end_session([("client_id", "inbound")], hint_of_dana).client_id == "inbound"
    assert read_end_session([], hint_of_dana).client_id is None


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"state": "s"},
        {"client_id": "inbound"},
        {"client_id": "inbound", "post_logout_redirect_uri": BYE, "state": "s"},
        {"post_logout_redirect_uri": BYE},
        {"logout_hint": "dana", "ui_locales": "de"},
    ],
)
def test_LO03_without_a_hint_the_person_confirms_and_nothing_redirects(sent: dict[str, str]) -> None:
    found = sign_out(read_end_session(list(sent.items()), hint_of_dana), PORTAL if "client_id" in sent else None)
    assert found.redirect is None
    assert found.needs_confirmation
    assert found.must_ask(SESSION)


@pytest.mark.parametrize(
    ("session", "asks"),
    [
        (SESSION, False),
        (replace(SESSION, user_id="usr_rita"), True),
        (replace(SESSION, id="ses_2"), True),
        (replace(SESSION, id="ses_2", user_id="usr_rita"), True),
        (None, False),
    ],
)
def test_LO05_a_hint_about_somebody_else_is_confirmed(session: Session | None, asks: bool) -> None:
    assert asked(id_token_hint="dana").must_ask(session) is asks


def test_LO06_nobody_signed_in_is_asked_nothing() -> None:
    assert not asked().must_ask(None)


@pytest.mark.parametrize(
    "client", [None, replace(PORTAL, status=ClientStatus.DISABLED), replace(PORTAL, client_id="x")]
)
def test_a_client_that_is_gone_gets_no_redirect_but_its_people_sign_out(client: Client | None) -> None:
    found = asked(client, id_token_hint="dana", post_logout_redirect_uri=BYE)
    assert found == SignOut(None, None, False, "usr_dana", "ses_1")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["id_token_hint", "client_id", "post_logout_redirect_uri", "state", "x"]),
            st.text(st.characters(exclude_categories=())) | st.sampled_from(["dana", "foreign", "inbound", BYE]),
        ),
        max_size=5,
    )
)
def test_whatever_is_sent_only_a_registered_address_is_returned_to(sent: list[tuple[str, str]]) -> None:
    try:
        found = sign_out(read_end_session(sent, hint_of_dana), PORTAL)
    except Displayed:
        return
    if found.redirect is not None:
        assert ("id_token_hint", "dana") in sent
        assert found.redirect.startswith(PORTAL.post_logout_redirect_uris)
