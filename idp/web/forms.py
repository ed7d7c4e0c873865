"""Reads what a form or a query string says, strictly.

Starlette's own reader takes the last of several fields, an empty form for a wrong content type, and passes NUL and broken
UTF-8 on (SECURITY-CASES T6). Here whatever two programs could read in two ways is refused with 400.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import unquote_to_bytes

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope

from idp.errors import InvalidInput
from idp.web.refusals import BodyTooLarge, BodyUnsupported, Malformed, TooSlow

BODY_BYTES = 64 * 1024
FIELDS = 50
FIELD_BYTES = 8 * 1024
JWT_FIELD_BYTES = 32 * 1024
"""For fields that carry a signed request or assertion."""
BODY_SECONDS = 15

_BODY = "idp.body"
"""Where a body that was read is kept: the check for forged forms may need it before the route does."""


class Form(Mapping[str, str]):
    """The fields of a form: each name once, each value a text without NUL."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = dict(fields)

    def __getitem__(self, name: str) -> str:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def require(self, name: str) -> str:
        """The field's value, which may be empty. Raises `InvalidInput` when the form has no such field: then it is no form
        of ours, and an error page is the right answer."""
        if name not in self._fields:
            raise InvalidInput(name, "Part of the form is missing.", hint=f"The field {name!r} is not in the body.")
        return self._fields[name]

    def text(self, name: str) -> str:
        """The field's value without blanks around it; empty when it is not there."""
        return self._fields.get(name, "").strip()

    def ticked(self, name: str) -> bool:
        """Whether a checkbox is ticked: browsers leave out the others."""
        return name in self._fields


async def read_form(request: Request) -> Form:
    """The fields of a posted form. Raises `InvalidInput` (400), `Malformed` (400), `BodyTooLarge` (413),
    `BodyUnsupported` (415) or `TooSlow` (408). It may be called any number of times."""
    return form_of(await read_pairs(request))


async def read_pairs(request: Request, field_bytes: int = FIELD_BYTES) -> list[tuple[str, str]]:
    """The names and values of a posted form in their order, duplicates included: the protocol has words of its own for them."""
    if _BODY not in request.scope:
        request.scope[_BODY] = await read_body(request.scope, request.receive)
    body: bytes = request.scope[_BODY]
    _check_type(request, body)
    return pairs_of(body, field_bytes)


def read_query(request: Request) -> Form:
    """The parameters of the address. Raises `InvalidInput`."""
    return form_of(query_pairs(request))


def query_pairs(request: Request, field_bytes: int = FIELD_BYTES) -> list[tuple[str, str]]:
    """As `read_pairs`, for the address."""
    return pairs_of(request.scope["query_string"], field_bytes)


def form_of(pairs: Sequence[tuple[str, str]]) -> Form:
    """Raises `InvalidInput` when a name comes twice: two programs could disagree on which one counts."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in fields if names.count(name) > 1)
        raise InvalidInput(
            twice, "A field of the form was sent twice.", hint=f"The field {twice!r} comes more than once."
        )
    return Form(fields)


def pairs_of(encoded: bytes, field_bytes: int = FIELD_BYTES) -> list[tuple[str, str]]:
    """Decodes `application/x-www-form-urlencoded` (WHATWG URL §5.1), but only valid UTF-8 without NUL within the limits.

    Raises `InvalidInput`.
    """
    parts = [part for part in encoded.split(b"&") if part]
    if len(parts) > FIELDS:
        raise InvalidInput("", "The form has too many fields.", hint=f"At most {FIELDS} fields are read.")
    pairs = []
    for part in parts:
        name, _, value = part.partition(b"=")
        pairs.append((_decoded(name, field_bytes), _decoded(value, field_bytes)))
    return pairs


async def read_body(scope: Scope, receive: Receive, limit: int = BODY_BYTES) -> bytes:
    """The body of a request. Raises `BodyTooLarge` as soon as it is known to be, `TooSlow` after `BODY_SECONDS`, and
    Starlette's `ClientDisconnect`."""
    check_length([value for name, value in scope["headers"] if name == b"content-length"], limit)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                body += message.get("body", b"")
                if len(body) > limit:
                    raise BodyTooLarge
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise TooSlow from None


def check_length(lengths: Sequence[bytes], limit: int = BODY_BYTES) -> None:
    """Refuses a body by its `Content-Length` headers, before a byte of it is read. Raises `BodyTooLarge` or `Malformed`."""
    if not lengths:
        return
    if len(lengths) > 1 or not lengths[0].isdigit():
        raise Malformed(detail="content-length")
    # Many digits are refused before they are turned into a number, which would take quadratic time.
    if len(lengths[0]) > 12 or int(lengths[0]) > limit:
        raise BodyTooLarge


def _check_type(request: Request, body: bytes) -> None:
    headers = request.headers
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise BodyUnsupported(hint="Compressed request bodies are not read.")
    kinds = headers.getlist("content-type")
    if not kinds and not body:
        return
    media, _, parameters = (kinds[0] if len(kinds) == 1 else "").lower().partition(";")
    charset = parameters.replace(" ", "").replace('"', "")
    if media.strip() != "application/x-www-form-urlencoded" or charset not in ("", "charset=utf-8"):
        raise BodyUnsupported(hint="Send application/x-www-form-urlencoded in UTF-8.")


def _decoded(encoded: bytes, limit: int) -> str:
    raw = unquote_to_bytes(encoded.replace(b"+", b" "))
    if len(raw) > limit:
        raise InvalidInput("", "A field of the form is too long.", hint=f"At most {limit} bytes are read of a field.")
    if 0 in raw:
        # PostgreSQL cannot store it and SQLite can: one would answer 500, the other keep it (IO05).
        raise InvalidInput("", "The form holds a character that cannot be used.", hint="NUL is refused.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidInput("", "The form could not be read.", hint="The body is not valid UTF-8.") from None
