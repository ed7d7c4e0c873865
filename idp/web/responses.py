"""What routes answer with: a page, or the way to the next one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from idp.web.issuer import Issuer
from idp.web.pages.frame import Page
from idp.web.request_context import context_of


def render(request: Request, page: Page, status: int = 200) -> HTMLResponse:
    """The page as an answer. Headers, the content policy and the browser cookie are added on the way out."""
    return HTMLResponse(context_of(request).site.pages.render(page), status_code=status)


def see_other(request: Request, path: str) -> Response:
    """303 to a path of ours (`/sign-in/...`): the browser asks for it with GET, whatever it posted (RFC 9110 §15.4.4)."""
    return away(context_of(request).site.issuer.path(path))


def away(url: str) -> Response:
    """303 to a URL as it is: the answer to a client, at a *validated* redirect URI. Nothing in it is encoded again."""
    return Response(status_code=303, headers={"location": url})


def elsewhere(issuer: Issuer, scope: Scope) -> Response:
    """307 to the same page under the issuer's own name."""
    raw = issuer.local(scope["raw_path"].decode("latin-1"))
    query = scope["query_string"].decode("latin-1")
    return Response(status_code=307, headers={"location": issuer.absolute(f"{raw}?{query}" if query else raw)})
