"""Authorization responses: where the browser goes, and with what. `iss` is in every one of them (RFC 9207).

Authlib's own are not used: they rewrite the client's query, encode blanks as `+`, answer 302 and put percent-encoding into
form fields. Here the redirect URI is kept byte for byte. That it is answered with 303 (RFC 9700 §4.12) is the web's job.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote, urlencode

from idp.oidc.authorization.refusals import legal_description


@dataclass(frozen=True, slots=True)
class Redirect:
    """`response_mode=query`: the browser is sent to `url`."""

    url: str


@dataclass(frozen=True, slots=True)
class FormPost:
    """`response_mode=form_post`: a page posts `fields` to `action` (OAuth 2.0 Form Post Response Mode). Not escaped yet."""

    action: str
    fields: tuple[tuple[str, str], ...]


class Answerable(Protocol):
    """What an answer needs to know: an `AuthorizationRequest` and a `Redirected` both do."""

    @property
    def redirect_uri(self) -> str: ...
    @property
    def response_mode(self) -> str: ...
    @property
    def state(self) -> str | None: ...


def code_answer(to: Answerable, code: str, issuer: str) -> Redirect | FormPost:
    """The successful response (RFC 6749 §4.1.2)."""
    return _answer(to, [("code", code)], issuer)


def error_answer(to: Answerable, error: str, description: str, issuer: str) -> Redirect | FormPost:
    """The error response (RFC 6749 §4.1.2.1); an empty description is left out."""
    legal = legal_description(description)
    return _answer(to, [("error", error), *([("error_description", legal)] if legal else [])], issuer)


def _answer(to: Answerable, members: list[tuple[str, str]], issuer: str) -> Redirect | FormPost:
    state = [] if to.state is None else [("state", to.state)]
    fields = (*members, *state, ("iss", issuer))
    return (
        FormPost(to.redirect_uri, fields)
        if to.response_mode == "form_post"
        else Redirect(with_query(to.redirect_uri, fields))
    )


def with_query(uri: str, parameters: tuple[tuple[str, str], ...]) -> str:
    """`uri` with parameters appended to the query it may have. A blank becomes `%20`, which every decoder reads alike."""
    joint = "" if uri.endswith(("?", "&")) else "&" if "?" in uri else "?"
    return f"{uri}{joint}{urlencode(parameters, quote_via=quote, safe='')}"
