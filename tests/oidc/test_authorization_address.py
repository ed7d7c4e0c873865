"""Where an answer may go at all: pages for everything before that is settled (SECURITY-CASES AZ01-AZ09, AZ31, AZ42)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp.domain.clients import Client, ClientStatus
from idp.oidc.authorization import Displayed, client_id_of
from tests.domain.test_redirects import AUTHORITY_TRICKS, SCHEMES
from tests.oidc.portal import CALLBACK, NATIVE, PORTAL, THIRD_PARTY, Pairs, pairs, read, refusal


def displayed(sent: Pairs | None = None, client: Client | None = PORTAL, **changes: str | None) -> Displayed:
    with pytest.raises(Displayed) as caught:
        read(sent, client, **changes)
    assert caught.value.public
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("client_id", "client"),
    [
        ("nobody", None),
        ("", None),
        (None, None),
        ("inbound\x00", None),
        ("i\ud800", None),
        ("x" * 9000, None),
        ("' OR 1=1 --", None),
        ("<script>", None),
        ("inbound", replace(PORTAL, status=ClientStatus.DISABLED)),
        ("inbound", replace(PORTAL, client_id="another")),
        ("another", PORTAL),
        ("INBOUND", PORTAL),
        ("inbound ", PORTAL),
    ],
)
def test_AZ01_an_unknown_or_disabled_client_gets_a_page(client_id: str | None, client: Client | None) -> None:
    displayed(client_id=client_id, client=client)


def test_AZ01_the_client_to_load_is_named_or_refused_before_anything_is_loaded() -> None:
    assert client_id_of(pairs()) == "inbound"
    for sent in ([], pairs(client_id=""), [*pairs(), ("client_id", "inbound")], pairs(client_id="\x00")):
        with pytest.raises(Displayed):
            client_id_of(sent)


@pytest.mark.parametrize(
    "uri", ["https://evil.example/cb", "https://portal.example", "https://portal.example/cb", "cb", "\x00", "\ud800"]
)
def test_AZ03_an_unregistered_redirect_uri_gets_a_page(uri: str) -> None:
    assert displayed(redirect_uri=uri).code in ("redirect_uri_mismatch", "invalid_request")


@pytest.mark.parametrize("missing", [None, ""])
def test_AZ04_no_redirect_uri_gets_a_page_though_one_is_registered(missing: str | None) -> None:
    only = replace(PORTAL, redirect_uris=(CALLBACK,))
    assert "redirect_uri is missing" in (displayed(client=only, redirect_uri=missing).hint or "")


@pytest.mark.parametrize(
    "uri",
    [
        CALLBACK + "/",
        CALLBACK + "&added=1",
        CALLBACK + "#",
        CALLBACK + "#x",
        CALLBACK.upper(),
        CALLBACK.replace("/cb", "/CB"),
        CALLBACK.replace("/cb", "/cb/more"),
        CALLBACK.replace("/cb", "//cb"),
        CALLBACK.replace("/cb", "/x/../cb"),
        CALLBACK.replace("/cb", "/..;/cb"),
        CALLBACK.replace("/cb", "/%2e/cb"),
        CALLBACK.replace(".example", ".example:443"),
        CALLBACK.replace("?tenant=1", ""),
        CALLBACK.replace("https", "http"),
    ],
)
def test_AZ05_a_redirect_uri_that_is_nearly_registered_gets_a_page(uri: str) -> None:
    assert displayed(redirect_uri=uri).code == "redirect_uri_mismatch"


@pytest.mark.parametrize("uri", AUTHORITY_TRICKS)
def test_AZ06_authority_tricks_get_a_page_even_when_registered_by_mistake(uri: str) -> None:
    displayed(redirect_uri=uri)
    displayed(redirect_uri=uri, client=replace(PORTAL, redirect_uris=(uri,)))


@pytest.mark.parametrize("uri", SCHEMES)
def test_AZ07_other_schemes_get_a_page_even_when_registered_by_mistake(uri: str) -> None:
    displayed(redirect_uri=uri)
    displayed(redirect_uri=uri, client=replace(PORTAL, redirect_uris=(uri,)))


def test_AZ08_a_native_app_is_answered_at_the_loopback_port_it_opened() -> None:
    assert read(client=NATIVE, redirect_uri="http://127.0.0.1:51004/cb").redirect_uri == "http://127.0.0.1:51004/cb"
    for uri in ("http://localhost.evil/cb", "http://127.0.0.1.evil/cb", "http://localhost:51004/cb"):
        displayed(client=NATIVE, redirect_uri=uri)
    web = replace(NATIVE, application_type="web")
    displayed(client=web, redirect_uri="http://127.0.0.1:51004/cb")


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
@pytest.mark.parametrize("second", ["the same", "another", ""])
def test_AZ09_client_or_redirect_uri_twice_gets_a_page(name: str, second: str) -> None:
    value = dict(pairs())[name] if second == "the same" else second
    assert "more than once" in (displayed([*pairs(), (name, value)]).hint or "")
    assert "more than once" in (displayed([(name, value), *pairs()]).hint or "")


def test_the_hint_quotes_the_request_in_plain_characters_only() -> None:
    shown = displayed(redirect_uri="https://evil.example/\u202e" + "x" * 5000).hint or ""
    assert shown.isascii()
    assert len(shown) < 500


@pytest.mark.parametrize("mode", ["fragment", "form_post.jwt", "query.jwt", "jwt", "web_message", "QUERY", "query "])
def test_AZ31_another_response_mode_is_refused_by_query(mode: str) -> None:
    found = refusal(response_mode=mode)
    assert (found.error, found.response_mode, found.state) == ("invalid_request", "query", "st")


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_the_asked_response_mode_is_used_for_answers_and_errors(mode: str) -> None:
    assert read(response_mode=mode).response_mode == mode
    assert refusal(response_mode=mode, response_type=None).response_mode == mode
    assert read(response_mode="").response_mode == "query"


def test_a_form_is_never_posted_to_a_scheme_of_an_apps_own() -> None:
    found = refusal(client=NATIVE, redirect_uri="com.example.app:/cb", response_mode="form_post")
    assert (found.error, found.response_mode) == ("invalid_request", "query")
    assert read(client=NATIVE, redirect_uri="com.example.app:/cb").response_mode == "query"


def test_AZ42_a_refusal_says_whether_the_client_is_one_of_the_house() -> None:
    assert refusal(response_type=None).trusted
    assert not refusal(client=THIRD_PARTY, response_type=None).trusted
