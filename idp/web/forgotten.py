"""Forgotten Login Details: one page that asks, one that answers, and the answer is the same for everybody (PW01)."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from idp.domain.audit import Actor
from idp.domain.ids import secret_hash
from idp.domain.rules import MINUTE
from idp.errors import IdpError
from idp.services.forgotten import admit_request, send_new_details
from idp.web.forms import Form, read_form, read_query
from idp.web.pages import problems
from idp.web.pages.frame import Frame
from idp.web.pages.general import ForgottenPage, ForgottenSentPage
from idp.web.request_context import context_of
from idp.web.responses import render, see_other
from idp.web.runtime import Runtime
from idp.web.sign_in.doorway import client_frame

LOGIN_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
AT_ONCE = 8
"""How many requests are worked on at a time; the others wait in line, so that hashing for mails leaves room for sign-ins."""

log = structlog.get_logger(__name__)


def routes(runtime: Runtime) -> list[BaseRoute]:
    desk = ForgottenDesk(runtime)
    return [
        Route("/forgotten", desk.ask, methods=["GET"]),
        Route("/forgotten", desk.take, methods=["POST"]),
        Route("/forgotten/sent", desk.sent, methods=["GET"]),
    ]


class ForgottenDesk:
    """The pages, and the work that goes on after the answer was given: how long it takes tells nothing."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._minutes = runtime.ports.rules.passwords.temporary_seconds // MINUTE
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def ask(self, request: Request) -> Response:
        frame, back = await self._place(request, read_query(request))
        return render(request, ForgottenPage(frame=frame, minutes=self._minutes, return_url=back))

    async def take(self, request: Request) -> Response:
        form = await read_form(request)
        typed = form.text("username")
        if not typed:
            frame, back = await self._place(request, read_query(request))
            wrong = (problems.NO_USERNAME_OR_EMAIL,)
            return render(
                request, ForgottenPage(frame=frame, minutes=self._minutes, return_url=back, problems=wrong), 400
            )
        actor = context_of(request).actor()
        await admit_request(self._runtime.store, self._runtime.ports, actor)
        self._runtime.outbox.carry_on(self._send(typed, actor))
        login = read_query(request).text("login")
        return see_other(
            request, f"/forgotten/sent?login={login}" if LOGIN_TOKEN.fullmatch(login) else "/forgotten/sent"
        )

    async def sent(self, request: Request) -> Response:
        frame, back = await self._place(request, read_query(request))
        return render(request, ForgottenSentPage(frame=frame, minutes=self._minutes, return_url=back))

    async def _send(self, typed: str, actor: Actor) -> None:
        try:
            async with self._slots:
                await send_new_details(self._runtime.store, self._runtime.ports, typed, actor)
        except IdpError as error:
            log.warning("forgotten.failed", error=error.code, detail=error.detail)
        self._runtime.outbox.wake()

    async def _place(self, request: Request, fields: Form) -> tuple[Frame, str]:
        """The frame of the portal whose sign-in the person came from, and the way back there; plain without one.

        The login is believed only in its own browser: in another one, its portal's name would be somebody else's choice.
        """
        context = context_of(request)
        token = fields.text("login")
        action = context.site.issuer.path("/forgotten")
        if LOGIN_TOKEN.fullmatch(token) and context.known_browser is not None:
            async with self._runtime.store.read() as uow:
                login = await uow.logins.get(secret_hash(token))
                client = await uow.clients.get(login.client_id) if login and login.client_id else None
            if login and login.browser_hash == secret_hash(context.known_browser):
                frame = client_frame(request, client) if client else context.frame()
                return replace(frame, action=f"{action}?login={token}"), context.site.issuer.path(f"/sign-in/{token}")
        return replace(context.frame(), action=action), ""
