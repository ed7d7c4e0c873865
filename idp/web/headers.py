"""The headers that protect an answer, on every answer: pages, errors, redirects and files (SECURITY-CASES HD01-HD04)."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from idp.web.cookies import Cookie
from idp.web.issuer import Issuer
from idp.web.request_context import RequestContext, Site

log = structlog.get_logger(__name__)

HSTS = "max-age=31536000; includeSubDomains"

_ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=(), "
        "publickey-credentials-get=(self), publickey-credentials-create=(self), otp-credentials=(self)"
    ),
}


def common_headers(issuer: Issuer) -> dict[str, str]:
    """What every answer carries, whoever asked. HSTS under https only: browsers ignore it elsewhere (RFC 6797 §7.2)."""
    return _ALWAYS | ({"strict-transport-security": HSTS} if issuer.is_secure else {})


def machine_headers(issuer: Issuer) -> list[tuple[bytes, bytes]]:
    """The headers of the back channel, made once: its answers are data and may load nothing."""
    policy = {"content-security-policy": "default-src 'none'; frame-ancestors 'none'"}
    return [(name.encode(), value.encode()) for name, value in (common_headers(issuer) | policy).items()]


def content_security_policy(form_actions: Iterable[str] = (), nonce: str = "", frames: Iterable[str] = ()) -> str:
    """The policy of a page. `form_actions` are origins besides our own, `nonce` admits one inline script (UX 1.1), `frames` are
    the origins that the page may frame: none but for clients that are signed out in frames."""
    script = f"'self' 'nonce-{nonce}'" if nonce else "'self'"
    forms = " ".join(dict.fromkeys(("'self'", *form_actions)))
    framed = " ".join(dict.fromkeys(frames))
    return (
        f"default-src 'none'; script-src {script}; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action {forms}"
        + (f"; frame-src {framed}" if framed else "")
    )


class PageHeaders:
    """Begins the context of a request and gives its answer the headers, and the browser cookie when one was made.

    What a route sets itself stays: a static file keeps its own `Cache-Control`.
    """

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site
        self._common = common_headers(site.issuer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = RequestContext.begin(self._site, scope)

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._dress(MutableHeaders(scope=message), context)
                # The route's pattern, never the address: addresses carry login ids, codes and states.
                route = getattr(scope.get("route"), "path", "")
                log.info("request.answered", method=scope["method"], route=route, status=message["status"])
            await send(message)

        with bound_contextvars(request_id=context.request_id, address=context.address):
            await self._app(scope, receive, dressed)

    def _dress(self, headers: MutableHeaders, context: RequestContext) -> None:
        for name, value in self._common.items():
            headers.setdefault(name, value)
        policy = content_security_policy(context.form_actions, context.nonce, context.frame_sources)
        headers.setdefault("content-security-policy", policy)
        headers.setdefault("cache-control", "no-store")
        if context.minted_browser:
            age = self._site.ports.rules.sessions.browser_seconds
            headers.append("set-cookie", self._site.cookies.line(Cookie.BROWSER, context.minted_browser, age))
