"""Bodies and query strings that no page of ours sends (SECURITY-CASES IO01, IO05-IO08)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.errors import InvalidInput
from idp.web.forms import BODY_BYTES, FIELD_BYTES, FIELDS, Form, form_of, pairs_of

FORM = "application/x-www-form-urlencoded"
OURS = {"sec-fetch-site": "same-origin"}


async def post(
    client: httpx2.AsyncClient, body: bytes, content_type: str | None = FORM, **more: str
) -> httpx2.Response:
    headers = OURS | ({"content-type": content_type} if content_type else {}) | more
    return await client.post("/page", content=body, headers=headers)


async def test_a_form_is_read_as_browsers_write_it(client: httpx2.AsyncClient) -> None:
    answer = await post(client, b"username=dana+o%27neil&password=%C3%A9%26%3D%2B&empty=&bare&&loose=100%&%65=5")
    assert answer.json() == {
        "username": "dana o'neil", "password": "é&=+", "empty": "", "bare": "", "loose": "100%", "e": "5",
    }  # fmt: skip


async def test_IO01_ten_megabytes_of_fields_are_too_much(client: httpx2.AsyncClient) -> None:
    body = b"&".join(b"f%d=" % number + b"x" * 100_000 for number in range(100))
    answer = await post(client, body)
    assert answer.status_code == 413
    assert 'id="error-page"' in answer.text


async def test_IO01_the_limit_holds_for_bodies_of_no_declared_length(client: httpx2.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1000
            yield b"x" * 1000

    answer = await client.post("/page", content=endless(), headers=OURS | {"content-type": FORM})
    assert answer.status_code == 413
    assert sent < BODY_BYTES + 3000


async def test_IO01_what_just_fits_is_read(client: httpx2.AsyncClient) -> None:
    fields = b"&".join(b"f%d=" % number + b"x" * FIELD_BYTES for number in range(7))
    assert (await post(client, fields + b"&rest=" + b"y" * (BODY_BYTES - len(fields) - 6))).status_code == 200
    assert (await post(client, fields + b"&rest=" + b"y" * (BODY_BYTES - len(fields) - 5))).status_code == 413


@pytest.mark.parametrize("length", ["-1", "+5", "0x10", "1e3", "5, 5", ""])
async def test_IO04_a_length_that_is_no_number_is_refused(client: httpx2.AsyncClient, length: str) -> None:
    assert (await post(client, b"a=b", **{"content-length": length})).status_code == 400


async def test_IO04_two_lengths_are_refused(client: httpx2.AsyncClient) -> None:
    headers = [*OURS.items(), ("content-type", FORM), ("content-length", "3"), ("content-length", "3")]
    assert (await client.post("/page", content=b"a=b", headers=headers)).status_code == 400


async def test_IO04_an_absurd_length_is_too_much(client: httpx2.AsyncClient) -> None:
    assert (await post(client, b"a=b", **{"content-length": "9" * 4000})).status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        b"username=da%00na",
        b"user%00name=dana",
        b"username=da\x00na",
        b"username=%FF%FE",  # a UTF-16 mark
        b"username=%C0%AE",  # overlong
        b"username=%ED%A0%80",  # a lone surrogate
        b"username=%E9",  # Latin-1
        b"username=\xe9",
        b"username=dana&username=root",
        b"username=dana&user%6eame=root",
        b"username=" + b"x" * (FIELD_BYTES + 1),
        b"x" * (FIELD_BYTES + 1) + b"=1",
        b"&".join(b"f%d=" % number for number in range(FIELDS + 1)),
    ],
)
async def test_IO05_IO06_what_programs_read_differently_is_refused(client: httpx2.AsyncClient, body: bytes) -> None:
    answer = await post(client, body)
    assert answer.status_code == 400
    assert 'id="error-page"' in answer.text


async def test_IO07_brackets_and_json_are_no_structure(client: httpx2.AsyncClient) -> None:
    assert (await post(client, b"username[]=a&username[x]=b")).json() == {"username[]": "a", "username[x]": "b"}


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json", "text/plain", "multipart/form-data; boundary=x", "", "application/x-www-form-urlencodedx",
        f"{FORM}; charset=utf-7", f"{FORM}; charset=iso-8859-1", f"{FORM}; charset=utf-8; charset=utf-7", None,
    ],
)  # fmt: skip
async def test_IO07_other_kinds_of_body_are_refused(client: httpx2.AsyncClient, content_type: str | None) -> None:
    answer = await post(client, b"username=dana", content_type)
    assert answer.status_code == 415
    assert 'id="error-page"' in answer.text


@pytest.mark.parametrize("content_type", [FORM, f"{FORM};charset=UTF-8", f'{FORM}; charset="utf-8"', FORM.upper()])
async def test_the_usual_spellings_of_a_form_are_accepted(client: httpx2.AsyncClient, content_type: str) -> None:
    assert (await post(client, b"username=dana", content_type)).json() == {"username": "dana"}


async def test_a_button_alone_may_send_nothing_at_all(client: httpx2.AsyncClient) -> None:
    assert (await post(client, b"", None)).json() == {}


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, identity"])
async def test_IO08_compressed_bodies_are_refused(client: httpx2.AsyncClient, encoding: str) -> None:
    assert (await post(client, b"\x1f\x8b\x08", **{"content-encoding": encoding})).status_code == 415


@pytest.mark.parametrize("query", ["a=%00", "a=%FF", "a=1&a=2", "a=" + "x" * 9000, "a=" + "x" * 50_000])
async def test_IO05_IO06_the_address_is_read_as_strictly(client: httpx2.AsyncClient, query: str) -> None:
    assert (await client.get(f"/query?{query}")).status_code == 400


async def test_the_address_is_read(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/query?login=abc&b=%C3%A9+x")).json() == {"login": "abc", "b": "é x"}


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(body: bytes) -> None:
    with suppress(InvalidInput):
        form = form_of(pairs_of(body))
        assert all("\x00" not in text for item in form.items() for text in item)


def test_a_form_answers_what_routes_ask() -> None:
    form = Form({"username": "  dana ", "enable_mfa": "on"})
    assert form.text("username") == "dana"
    assert form.text("code") == ""
    assert form.require("username") == "  dana "
    assert form.get("password", "") == ""
    assert form.ticked("enable_mfa")
    assert not form.ticked("consent")
    with pytest.raises(InvalidInput) as refused:
        form.require("password")
    assert refused.value.field == "password"
