"""Forged forms: a POST counts only when it comes from a page of ours (SECURITY-CASES LG14, SE07).

`Sec-Fetch-Site` decides when the browser sends it: no page can forge it, and it is right also where `no-referrer` makes
Chromium say `Origin: null`. Older browsers name an `Origin`. Where there is neither, the form carries a token that is
bound to the browser's cookie. Login forms are protected like all others: being signed in as somebody else is an attack too.
"""

from __future__ import annotations

import hmac

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from idp.errors import InvalidInput
from idp.web.forms import read_form
from idp.web.refusals import BodyUnsupported, CrossSite
from idp.web.request_context import RequestContext, context_of, form_tokens

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CROSS_SITE_BY_DESIGN = frozenset({"/authorize", "/end_session"})
"""Portals post here (OIDC Core §3.1.2.1, RP-Initiated Logout §2). Neither changes anything: they lead to pages of ours."""


class ForgedForms:
    """Raises `CrossSite` for a request that could change something and does not come from a page of ours."""

    def __init__(self, app: ASGIApp, cross_site_by_design: frozenset[str] = CROSS_SITE_BY_DESIGN) -> None:
        self._app = app
        self._by_design = cross_site_by_design

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in SAFE_METHODS and scope["path"] not in self._by_design:
            await _check(Request(scope, receive))
        await self._app(scope, receive, send)


async def _check(request: Request) -> None:
    sites = request.headers.getlist("sec-fetch-site")
    origins = request.headers.getlist("origin")
    if sites:
        # `same-site` is not enough: a neighbouring sub-domain may be anybody's.
        if any(site not in ("same-origin", "none") for site in sites):
            raise CrossSite(detail=f"sec-fetch-site: {sites}")
    elif origins and origins != ["null"]:
        if origins != [context_of(request).site.issuer.origin]:
            raise CrossSite(detail=f"origin: {origins}")
    elif not await _carries_token(request, context_of(request)):
        raise CrossSite(detail="no form token, or one of another browser")


async def _carries_token(request: Request, context: RequestContext) -> bool:
    browser = context.known_browser
    if browser is None:
        return False
    try:
        form = await read_form(request)
    except (InvalidInput, BodyUnsupported) as error:
        raise CrossSite(detail=f"no form to find a token in: {error.code}") from error
    sent = form.text("form_token").encode()
    tokens = form_tokens(context.site.ports, browser, context.session_token)
    return any(hmac.compare_digest(token.encode(), sent) for token in tokens)
