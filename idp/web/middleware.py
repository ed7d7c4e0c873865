"""The edge: machines are answered before any framework, pages pass the checks that no route should have to repeat.

All of it is plain ASGI. The order, from the outside: `BackChannelFirst`, then for pages `PageHeaders`, `Errors`,
`PageChecks`, `ForgedForms` and the routes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from idp.errors import IdpError
from idp.web.errors import ANSWERS
from idp.web.forms import BODY_BYTES, check_length
from idp.web.headers import machine_headers
from idp.web.issuer import Host
from idp.web.refusals import BodyTooLarge, Malformed, UnknownHost
from idp.web.request_context import Site
from idp.web.responses import elsewhere

URL_BYTES = 48 * 1024
"""Room for a signed request object in the address of `/authorize` (RFC 9101 §5.1)."""

log = structlog.get_logger(__name__)


class BackChannelFirst:
    """Sends a request where its path says. `machines` and `probes` are plain ASGI applications by exact path; the rest is
    for `pages`. Probes are answered under any host name: an orchestrator asks by address."""

    def __init__(
        self, pages: ASGIApp, site: Site, machines: Mapping[str, ASGIApp], probes: Mapping[str, ASGIApp]
    ) -> None:
        self._pages = pages
        self._site = site
        self._machines = dict(machines)
        self._probes = dict(probes)
        self._headers = machine_headers(site.issuer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if self._site.issuer.prefix:
            scope = {**scope, "path": self._site.issuer.local(scope["path"])}
        path = scope["path"]
        if path in self._machines:
            await self._answer_machine(self._machines[path], scope, receive, send)
        elif path in self._probes:
            await self._probes[path](scope, receive, self._dressed(send))
        else:
            await self._pages(scope, receive, send)

    async def _answer_machine(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        started = False
        dressed = self._dressed(send)

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await dressed(message)

        try:
            if examine(scope, self._site) is Host.PLAIN:
                raise UnknownHost(detail="plain http")
            await app(scope, bounded(scope, receive), watched)
        except Exception as error:
            if started:
                raise
            await _machine_error(error)(scope, receive, dressed)

    def _dressed(self, send: Send) -> Send:
        added = self._headers

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *added]
            await send(message)

        return dressed


class PageChecks:
    """Host, address and body size of everything that is not the back channel."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if examine(scope, self._site) is Host.OWN:
            await self._app(scope, bounded(scope, receive), send)
        elif scope["method"] in ("GET", "HEAD"):
            # The cookies belong to one host name; a page under another one would forget who is signed in.
            await elsewhere(self._site.issuer, scope)(scope, receive, send)
        else:
            raise UnknownHost


def examine(scope: Scope, site: Site) -> Host:
    """Under which of its names, and how, a request meets this house, after the checks that hold for all. Raises `UnknownHost`,
    `Malformed` or `BodyTooLarge`."""
    hosts, lengths, forwarded = [], [], False
    for name, value in scope["headers"]:  # once, for this is on the way of every token
        if name == b"host":
            hosts.append(value)
        elif name == b"content-length":
            lengths.append(value)
        elif name == b"x-forwarded-proto":
            forwarded = True
    verdict = site.issuer.judge(hosts[0].decode("latin-1")) if len(hosts) == 1 else Host.FOREIGN
    if verdict is Host.FOREIGN:
        raise UnknownHost(detail=f"{len(hosts)} host headers")
    query = scope["query_string"]
    if len(scope["raw_path"]) + len(query) > URL_BYTES or b"%00" in query or not scope["path"].isprintable():
        raise Malformed(detail="address")
    check_length(lengths)
    if forwarded and site.issuer.is_secure and site.addresses.came_by_plain_http(scope):
        return Host.PLAIN
    return verdict


def bounded(scope: Scope, receive: Receive, limit: int = BODY_BYTES) -> Receive:
    """`receive` that raises `BodyTooLarge` beyond `limit` bytes. A declared length was checked and the server holds the
    sender to it, so only bodies without one are counted."""
    for name, _ in scope["headers"]:
        if name == b"content-length":
            return receive
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > limit:
            raise BodyTooLarge
        return message

    return counted


def _machine_error(error: Exception) -> ASGIApp:
    """The last resort of the back channel: its endpoints answer their own errors, this is for what passes them."""
    status, code, words, headers = 500, "server_error", "Something went wrong. Please try again.", []
    if isinstance(error, IdpError) and error.code in ANSWERS:
        status, words = ANSWERS[error.code].status, error.public
        code = "temporarily_unavailable" if status == 503 else "invalid_request"
        if retry_after := getattr(error, "retry_after", None):
            headers = [(b"retry-after", str(retry_after).encode())]
    if status >= 500:
        log.error("back_channel.failed", exc_info=error)
    body = json.dumps({"error": code, "error_description": words}).encode()
    fixed = [
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        (b"content-length", str(len(body)).encode()),
    ]

    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": [*fixed, *headers]})
        await send({"type": "http.response.body", "body": body})

    return answer
