"""Redirect URIs: what may be registered, and what a request may name (SECURITY-CASES AZ05-AZ08)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.redirects import RedirectRefused, check_registrable, matches, origin

REGISTERED = "https://rp.example/cb?tenant=1&mode=a"
NATIVE = ("http://127.0.0.1/cb", "http://[::1]:8400/cb?x=1", "com.example.app:/cb", "http://localhost/cb")


@pytest.mark.parametrize(
    "uri",
    [
        "https://rp.example",
        "https://rp.example/",
        "https://rp.example/cb",
        "https://rp.example:8443/cb",
        "https://rp.example:443/cb",
        "https://rp.example?x=1",
        "https://rp.example/cb?tenant=1&list[]=a%20b",
        "https://rp.example/~user/a.b_c/(x)!$'",
        "https://rp.example/a%C3%A9",
        "https://intranet/cb",
        "https://10.0.0.5/cb",
        "https://[2001:db8::1]/cb",
        "http://localhost:9001/callback",
        "http://127.0.0.1/cb",
        "http://[::1]:8400/cb",
    ],
)
def test_a_plain_uri_may_be_registered_and_asked_for(uri: str) -> None:
    check_registrable(uri)
    assert matches(uri, (uri,))


@pytest.mark.parametrize(
    "uri",
    [
        REGISTERED + "/",
        "https://rp.example/cb",
        "https://rp.example/cb?",
        "https://rp.example/cb/?tenant=1&mode=a",
        "https://rp.example/cb/more?tenant=1&mode=a",
        REGISTERED + "&added=1",
        "https://rp.example/cb?tenant=1",
        "https://rp.example/cb?mode=a&tenant=1",
        "https://rp.example/cb?tenant=1&mode=A",
        "https://rp.example/CB?tenant=1&mode=a",
        "https://RP.example/cb?tenant=1&mode=a",
        "HTTPS://rp.example/cb?tenant=1&mode=a",
        "http://rp.example/cb?tenant=1&mode=a",
        "https://rp.example/%63b?tenant=1&mode=a",
        "https://rp.example/%2e/cb?tenant=1&mode=a",
        "https://rp.example/x/../cb?tenant=1&mode=a",
        "https://rp.example/..;/cb?tenant=1&mode=a",
        "https://rp.example//cb?tenant=1&mode=a",
        "https://rp.example/./cb?tenant=1&mode=a",
        "https://rp.example:443/cb?tenant=1&mode=a",
        "https://rp.example:/cb?tenant=1&mode=a",
        REGISTERED + "#",
        REGISTERED + "#fragment",
        "https://rp.example./cb?tenant=1&mode=a",
        " " + REGISTERED,
        REGISTERED + "\n",
        REGISTERED + "%00",
        "",
    ],
)
def test_AZ05_anything_but_the_registered_string_is_refused(uri: str) -> None:
    assert matches(REGISTERED, (REGISTERED,))
    assert not matches(uri, (REGISTERED,))


AUTHORITY_TRICKS = [
    "https://rp.example@evil.example/cb",
    "https://rp.example@a@evil.example/cb",
    "https://rp.example:443@evil.example/cb",
    "https://@rp.example/cb",
    "https://rp.example\\@evil.example/cb",
    "https://rp.example\\.evil.example/cb",
    "https:\\\\rp.example/cb",
    "https://rp.example%00.evil.example/cb",
    "https://rp.example%2eevil.example/cb",
    "https://rp.exa\tmple/cb",
    "https://rp.example/cb\r\nSet-Cookie: a=b",
    "https://rp.example/cb%0d%0aSet-Cookie:%20a=b",
    "https://rp.example/cb%00",
    "https://rp.example/cb?x=%7F",
    "https://rp.example/cb%zz",
    "https://rp.example/cb%2",
    "https://rp.example/%252e%252e/cb",
    "https://xn--rp-xyz.example/cb",
    "https://rр.example/cb",  # a Cyrillic er
    "https://rp.examp\u2113e/cb",
    "https://RP.EXAMPLE/cb",
    "https://[::ffff:127.0.0.1]/cb",
    "https://[::ffff:7f00:1]/cb",
    "https://[0:0:0:0:0:0:0:1]/cb",
    "https://[fe80::1%25eth0]/cb",
    "https://[v1.a]/cb",
    "https://[::1/cb",
    "https://127.1/cb",
    "https://2130706433/cb",
    "https://0x7f.0.0.1/cb",
    "https://0177.0.0.1/cb",
    "https://127.0.0.01/cb",
    "https://rp.example:0/cb",
    "https://rp.example:0443/cb",
    "https://rp.example:99999/cb",
    "https://rp.example:/cb",
    "https://rp..example/cb",
    "https://-rp.example/cb",
    "https://rp_x.example/cb",
    "https:///cb",
    "https:/cb",
    "https:rp.example/cb",
    "//rp.example/cb",
    "/cb",
    "rp.example/cb",
    "https://*.rp.example/cb",
    "https://rp.example/*",
    "https://rp.example/a/../cb",
    "https://rp.example/a/..",
    "https://rp.example/./cb",
    "https://rp.example/a/.",
    "https://rp.example/..;/cb",
    "https://rp.example//evil.example",
    "https://rp.example/cb[1]",
    "https://rp.example/" + "a" * 2048,
]


@pytest.mark.parametrize("application_type", ["web", "native"])
@pytest.mark.parametrize("uri", AUTHORITY_TRICKS)
def test_AZ06_what_two_parsers_could_read_in_two_ways_is_refused_everywhere(uri: str, application_type: str) -> None:
    with pytest.raises(RedirectRefused):
        check_registrable(uri, application_type)
    assert not matches(uri, (uri,), application_type), "not even a registered one is answered"
    assert not matches(uri, ("https://rp.example/cb", *NATIVE), application_type)


SCHEMES = [
    "http://rp.example/cb",
    "http://192.168.0.1/cb",
    "http://127.0.0.2/cb",
    "http://localhost.evil.example/cb",
    "http://127.0.0.1.evil.example/cb",
    "http://localhost@evil.example/cb",
    "http://localhost:80@evil.example/cb",
    "http://0.0.0.0/cb",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "javascript://rp.example/%0aalert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://rp.example/x",
    "about:blank",
    "mailto:a@rp.example",
    "ftp://rp.example/cb",
    "ws://rp.example/cb",
    "view-source:https://rp.example/cb",
    "myapp:/cb",
    "myapp://cb",
]


@pytest.mark.parametrize("application_type", ["web", "native"])
@pytest.mark.parametrize("uri", SCHEMES)
def test_AZ07_a_scheme_that_is_no_https_is_refused(uri: str, application_type: str) -> None:
    with pytest.raises(RedirectRefused):
        check_registrable(uri, application_type)
    assert not matches(uri, (uri,), application_type)


def test_AZ07_a_scheme_of_its_own_is_for_native_apps() -> None:
    check_registrable("com.example.app:/cb", "native")
    assert matches("com.example.app:/cb", NATIVE, "native")
    with pytest.raises(RedirectRefused):
        check_registrable("com.example.app:/cb")
    assert not matches("com.example.app:/cb", NATIVE)


@pytest.mark.parametrize(
    "uri",
    ["com.example.app://cb", "com.example.app:///cb", "com.example.app:cb", "com.example.app", "foo.bar", "a.b/c"],
)
def test_AZ07_an_apps_own_scheme_has_one_slash_and_no_host(uri: str) -> None:
    with pytest.raises(RedirectRefused):
        check_registrable(uri, "native")


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("http://127.0.0.1:51004/cb", True),
        ("http://127.0.0.1/cb", True),
        ("http://[::1]:7/cb?x=1", True),
        ("http://[::1]/cb?x=1", True),
        ("http://127.0.0.1:51004/cb?", False),
        ("http://127.0.0.1:51004/cb/", False),
        ("http://127.0.0.1:51004/CB", False),
        ("http://127.0.0.1:51004/cb?x=1", False),
        ("http://[::1]:7/cb", False),
        ("http://127.0.0.1:51004", False),
        ("https://127.0.0.1:51004/cb", False),
        ("http://127.0.0.2:51004/cb", False),
        ("http://127.0.0.1.evil:51004/cb", False),
        ("http://127.0.0.1:51004@evil.example/cb", False),
        ("http://localhost:51004/cb", False),
        ("http://localhost.evil/cb", False),
        ("http://localhost/cb", True),
    ],
)
def test_AZ08_a_native_app_chooses_the_port_of_a_loopback_address_and_nothing_else(uri: str, found: bool) -> None:
    assert matches(uri, NATIVE, "native") is found
    if uri not in NATIVE:
        assert not matches(uri, NATIVE, "web"), "the exception is for native apps"


@pytest.mark.parametrize("name", ["code", "state", "iss", "error", "c%6Fde", "response"])
def test_a_query_that_names_a_parameter_of_the_answer_is_refused(name: str) -> None:
    for query in (f"?{name}=x", f"?a=1&{name}", f"?a=1;{name}=x"):
        with pytest.raises(RedirectRefused, match="parameter of the authorization response"):
            check_registrable("https://rp.example/cb" + query)


@given(st.text() | st.text(alphabet="htps:/.@[]%01;?#ab\\ \n").map(lambda tail: "https://rp.example" + tail))
def test_any_text_is_either_accepted_or_refused(uri: str) -> None:
    try:
        check_registrable(uri, "native")
    except RedirectRefused:
        assert not matches(uri, (uri,), "native")
    else:
        assert matches(uri, (uri,), "native")
    matches("http://127.0.0.1:1/", (uri,), "native")


@pytest.mark.parametrize(
    ("uri", "named"),
    [
        ("https://rp.example:8443/cb?x=1", "https://rp.example:8443"),
        ("http://[::1]:9001/cb", "http://[::1]:9001"),
        ("com.example.app:/cb", "com.example.app:"),
    ],
)
def test_origin_is_what_form_action_names(uri: str, named: str) -> None:
    assert origin(uri) == named
