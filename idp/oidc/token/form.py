"""Bodies of protocol requests: read strictly, once, before anything is looked up (SECURITY-CASES TK02, TK03, TK46, T6)."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from idp.oidc.answers import invalid_request

MEDIA_TYPE = re.compile(r"application/x-www-form-urlencoded *(; *charset=\"?utf-8\"? *)?", re.IGNORECASE)
BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
MAX_BODY = 64 * 1024
MAX_FIELDS = 50
MAX_VALUE = 8 * 1024
MAX_JWT = 32 * 1024
JWT_FIELDS = frozenset({"client_assertion", "assertion", "request", "subject_token", "actor_token"})


def read_form(content_type: str | None, body: bytes) -> dict[str, str]:
    """The parameters of a form. One without a value counts as not sent (RFC 6749 §3.1).

    Raises `OAuthError` invalid_request for another content type, a parameter that is sent twice, bytes that are no UTF-8, a
    NUL, and for more or longer fields than any client needs.
    """
    if content_type is None or not MEDIA_TYPE.fullmatch(content_type.strip()):
        raise invalid_request("The body must be of type application/x-www-form-urlencoded.")
    if len(body) > MAX_BODY:
        raise invalid_request("The body is longer than 64 kB.")
    pairs = body.split(b"&") if body else []
    if len(pairs) > MAX_FIELDS:
        raise invalid_request("The body has more than 50 parameters.")
    seen: dict[str, str] = {}
    for pair in pairs:
        encoded_name, _, encoded_value = pair.partition(b"=")
        name, value = decoded(encoded_name), decoded(encoded_value)
        if name in seen:
            raise invalid_request("A parameter is sent twice.")
        if len(value) > (MAX_JWT if name in JWT_FIELDS else MAX_VALUE):
            raise invalid_request("The value of a parameter is too long.")
        seen[name] = value
    return {name: value for name, value in seen.items() if name and value}


def decoded(encoded: bytes) -> str:
    """One name or value of a form. Raises `OAuthError` invalid_request."""
    if b"%" in encoded or b"+" in encoded:  # most have neither
        if BAD_ESCAPE.search(encoded):
            raise invalid_request("A parameter is not percent-encoded correctly.")
        encoded = unquote_to_bytes(encoded.replace(b"+", b" "))
    try:
        text = encoded.decode("utf-8")
    except UnicodeDecodeError as error:
        raise invalid_request("A parameter is not UTF-8.") from error
    if "\x00" in text:
        raise invalid_request("A parameter holds a NUL character.")
    return text
