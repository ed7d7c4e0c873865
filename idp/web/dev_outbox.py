"""The demo's outbox: every mail and text message it would have sent (CONTRACT, Endpoints).

It shows passwords and codes. So there is no route at all outside the demo profile, and within it only this machine may look.
"""

from __future__ import annotations

import asyncio
import re
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from idp.errors import NotFound
from idp.web.addresses import peer_of
from idp.web.issuer import is_loopback
from idp.web.pages.demo import OutboxItem, OutboxPage
from idp.web.request_context import context_of
from idp.web.responses import render
from idp.web.runtime import Messages, Runtime

_CODE = re.compile(r"\b[0-9]{6}\b")


def routes(runtime: Runtime) -> list[BaseRoute]:
    """None when the runtime keeps no messages."""
    if runtime.dev_outbox is None:
        return []
    outbox = _Outbox(runtime.dev_outbox)
    return [Route("/dev/outbox", outbox.page), Route("/dev/outbox.json", outbox.json)]


class _Outbox:
    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    async def page(self, request: Request) -> Response:
        items = tuple(_item(message) for message in await self._read(request))
        return render(request, OutboxPage(frame=context_of(request).site.plain_frame(), items=items))

    async def json(self, request: Request) -> Response:
        return JSONResponse(await self._read(request))

    async def _read(self, request: Request) -> list[dict[str, str]]:
        peer = peer_of(request.scope)
        if peer is None or not is_loopback(str(peer)) or not is_loopback(context_of(request).address):
            raise NotFound
        return await asyncio.to_thread(self._messages.messages)


def _item(message: dict[str, str]) -> OutboxItem:
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
    )
