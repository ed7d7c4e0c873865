"""The demo's outbox: every mail and text message it would have sent (CONTRACT, Endpoints).

It shows passwords and codes. So there is no route at all outside the demo profile, and within it only this machine may look.
"""

from __future__ import annotations

import asyncio
import re
from datetime import datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from idp.errors import NotFound
from idp.web.addresses import peer_of
from idp.web.forms import read_query
from idp.web.issuer import is_loopback
from idp.web.pages.demo import OutboxItem, OutboxPage
from idp.web.request_context import context_of
from idp.web.responses import render
from idp.web.runtime import Messages, Runtime

REFRESH_SECONDS = 5

_MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
"""For the HTML part of a mail: the style it brings along, and neither script nor form nor our origin."""

_CODE = re.compile(r"\b[0-9]{6}\b")


def routes(runtime: Runtime) -> list[BaseRoute]:
    """None when the runtime keeps no messages."""
    if runtime.dev_outbox is None:
        return []
    outbox = _Outbox(runtime.dev_outbox)
    return [
        Route("/dev/outbox", outbox.page),
        Route("/dev/outbox.json", outbox.json),
        Route("/dev/outbox/{id}", outbox.html),
    ]


class _Outbox:
    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    async def page(self, request: Request) -> Response:
        address = context_of(request).site.issuer.path("/dev/outbox")
        items = tuple(_item(message, address) for message in await self._read(request))
        still = read_query(request).text("refresh") == "off"
        frame = context_of(request).site.plain_frame()
        return render(request, OutboxPage(frame=frame, items=items, refresh_seconds=0 if still else REFRESH_SECONDS))

    async def json(self, request: Request) -> Response:
        return JSONResponse(await self._read(request))

    async def html(self, request: Request) -> Response:
        """The HTML part of one mail, as a mail program would show it."""
        wanted = request.path_params["id"]
        part = next((message["html"] for message in await self._read(request) if message["id"] == wanted), "")
        if not part:
            raise NotFound
        return HTMLResponse(part, headers={"content-security-policy": _MAIL_POLICY})

    async def _read(self, request: Request) -> list[dict[str, str]]:
        peer = peer_of(request.scope)
        if peer is None or not is_loopback(str(peer)) or not is_loopback(context_of(request).address):
            raise NotFound
        return await asyncio.to_thread(self._messages.messages)


def _item(message: dict[str, str], address: str) -> OutboxItem:
    moment = datetime.fromisoformat(message["at"])
    code = _CODE.search(message["text"]) if message["channel"] == "sms" else None
    return OutboxItem(
        message["channel"],
        message["to"],
        message["subject"],
        message["text"],
        message["html"],
        f"{moment.day} {moment:%B %Y, %H:%M:%S} UTC",
        code[0] if code else "",
        f"{address}/{message['id']}" if message["html"] else "",
    )
