"""The strict reader of protocol bodies (SECURITY-CASES TK02, TK03, TK46)."""

from __future__ import annotations

import pytest

from idp.oidc.answers import OAuthError
from idp.oidc.token.form import MAX_BODY, MAX_VALUE, read_form
from tests.oidc.house import FORM


@pytest.mark.parametrize(
    ("body", "values"),
    [
        (b"", {}),
        (b"a=1&b=2", {"a": "1", "b": "2"}),
        (b"a=x+y%20z&b=%C3%A9", {"a": "x y z", "b": "é"}),
        (b"a=&b&=c&d=1", {"d": "1"}),
        (b"a=b=c%26", {"a": "b=c&"}),
        (b"a=1;b=2", {"a": "1;b=2"}),
        ("a=é".encode(), {"a": "é"}),
        (b"a=" + b"x" * MAX_VALUE, {"a": "x" * MAX_VALUE}),
        (b"client_assertion=" + b"x" * 30_000, {"client_assertion": "x" * 30_000}),
        (b"&".join(b"f%d=1" % n for n in range(50)), {f"f{n}": "1" for n in range(50)}),
    ],
)
def test_a_form_is_read(body: bytes, values: dict[str, str]) -> None:
    assert read_form(FORM, body) == values


@pytest.mark.parametrize(
    "content_type", [FORM, FORM.upper(), f"{FORM};charset=UTF-8", f'{FORM}; charset="utf-8"', f" {FORM} "]
)
def test_the_content_type_may_name_the_charset(content_type: str) -> None:
    assert read_form(content_type, b"a=1") == {"a": "1"}


@pytest.mark.parametrize(
    "content_type",
    [None, "", "application/json", "text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded2",
     f"{FORM}; charset=latin-1", f"{FORM}, text/plain", "\x00", "application", f"x{FORM}"],
)  # fmt: skip
def test_TK02_another_content_type_is_refused(content_type: str | None) -> None:
    with pytest.raises(OAuthError) as refusal:
        read_form(content_type, b"grant_type=client_credentials")
    assert (refusal.value.error, refusal.value.status) == ("invalid_request", 400)


@pytest.mark.parametrize(
    "body",
    [
        b"a=1&a=1",
        b"a=1&%61=2",
        b"a=1&a=",
        b"a&a",
        b"&",
        b"a=%",
        b"a=%zz",
        b"a=%ff",
        b"a=\xff",
        b"%ff=a",
        b"a=%00",
        b"a=\x00",
        b"a%00=1",
        b"a=" + b"x" * (MAX_VALUE + 1),
        b"&".join(b"f%d=1" % n for n in range(51)),
        b"client_assertion=" + b"x" * 33_000,
        b"a=" + b"%41" * MAX_BODY,
        b"x" * (MAX_BODY + 1),
    ],
)
def test_TK03_TK46_what_no_client_sends_is_refused(body: bytes) -> None:
    with pytest.raises(OAuthError) as refusal:
        read_form(FORM, body)
    assert refusal.value.error == "invalid_request"
