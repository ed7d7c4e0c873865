"""`/authorize`: reads the request, stores it once as a login, and hands over to the dispatcher.

`prompt=none` never leaves this module with a page: it is a code or an error, at once (OIDC Core §3.1.2.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from idp.domain.redirects import origin
from idp.domain.steps import interaction_error
from idp.oidc.authorization import (
    AuthorizationRequest,
    Displayed,
    FormPost,
    Redirect,
    Redirected,
    asked,
    client_id_of,
    error_answer,
    read_request,
)
from idp.oidc.hints import read_id_token_hint
from idp.services.sign_in.start import StartLogin, start_login
from idp.services.sign_in.visit import locate
from idp.web.forms import JWT_FIELD_BYTES, query_pairs, read_pairs
from idp.web.pages.outcomes import RequestRefusedPage
from idp.web.posted import Posted
from idp.web.refusals import SignInLinkBroken
from idp.web.request_context import context_of
from idp.web.responses import render, see_other
from idp.web.runtime import Runtime
from idp.web.sign_in.dispatch import Dispatcher
from idp.web.sign_in.doorway import visit_of

Pairs = Sequence[tuple[str, str]]

log = structlog.get_logger(__name__)


def routes(runtime: Runtime) -> list[BaseRoute]:
    endpoint = AuthorizationEndpoint(runtime, Dispatcher(runtime))
    return [
        Route("/authorize", endpoint.get, methods=["GET"]),
        Route("/authorize", endpoint.post, methods=["POST"]),
    ]


class AuthorizationEndpoint:
    """RFC 6749 §3.1, OIDC Core §3.1.2, for one runtime."""

    def __init__(self, runtime: Runtime, dispatcher: Dispatcher) -> None:
        self._runtime = runtime
        self._ports = runtime.ports
        self._issuer = runtime.ports.rules.issuer
        self._dispatcher = dispatcher
        self._posted = Posted(runtime, "/authorize")

    async def get(self, request: Request) -> Response:
        stored = await self._posted.recall(request)
        if stored is not None:
            return await self._begin(request, AuthorizationRequest.from_json(stored))
        try:
            wanted = await self._read(query_pairs(request, JWT_FIELD_BYTES))
        except Redirected as refusal:
            return self._refused(request, refusal)
        return await self._begin(request, wanted)

    async def post(self, request: Request) -> Response:
        """A portal's form: the same request, answered at its GET (PROTOCOL 2.6)."""
        try:
            wanted = await self._read(await read_pairs(request, JWT_FIELD_BYTES))
        except Redirected as refusal:
            return self._refused(request, refusal)
        return await self._posted.keep(request, wanted.to_json())

    async def _read(self, pairs: Pairs) -> AuthorizationRequest:
        """Raises `SignInLinkBroken` and `Redirected`."""
        await self._runtime.keys.refresh()  # another process may have rotated the keys that signed a hint
        verify_hint = partial(read_id_token_hint, keys=self._runtime.keys, issuer=self._issuer)
        try:
            client = await self._runtime.clients.get(client_id_of(pairs))
            return read_request(pairs, client, self._issuer, verify_hint, self._ports.clock.now())
        except Displayed as refusal:
            raise SignInLinkBroken(refusal.public, hint=refusal.hint, detail=refusal.detail) from refusal

    def _refused(self, request: Request, refusal: Redirected) -> Response:
        """Back to the portal, or for a third party a page from which the person goes there: otherwise a link to us would send
        people to any address that somebody registered (RFC 9700 §4.11.2, SECURITY-CASES AZ42)."""
        answer = error_answer(refusal, refusal.error, refusal.description, self._issuer)
        return (
            self._dispatcher.deliver(request, answer) if refusal.trusted else self._explained(request, answer, refusal)
        )

    def _explained(self, request: Request, answer: Redirect | FormPost, refusal: Redirected) -> Response:
        context = context_of(request)
        reference = context.new_reference()
        log.info("request.refused", error=refusal.error, detail=refusal.description, reference=reference, status=400)
        frame = context.site.plain_frame()
        if isinstance(answer, FormPost):
            context.allow_form_action(origin(answer.action))
            frame = replace(frame, action=answer.action)
        page = RequestRefusedPage(
            frame=frame,
            reference=reference,
            host=urlsplit(refusal.redirect_uri).hostname or refusal.redirect_uri.split(":")[0],
            return_url=answer.url if isinstance(answer, Redirect) else "",
            inputs=answer.fields if isinstance(answer, FormPost) else (),
            hint=refusal.description if context.site.is_demo else "",
        )
        return render(request, page, 400)

    async def _begin(self, request: Request, wanted: AuthorizationRequest) -> Response:
        token = await self._start(request, wanted)
        if wanted.is_silent:
            return await self._answer_silently(request, wanted, token)
        return see_other(request, f"/sign-in/{token}")

    async def _start(self, request: Request, wanted: AuthorizationRequest) -> str:
        """Stores the request as a login."""
        demands = asked(wanted, self._issuer)
        command = StartLogin(wanted.client_id, wanted.to_json(), demands, context_of(request).browser)
        async with self._runtime.store.write() as uow:
            return await start_login(uow, self._ports, command)

    async def _answer_silently(self, request: Request, wanted: AuthorizationRequest, token: str) -> Response:
        """A code when nothing is left to do, else the error that names what is (SECURITY-CASES AZ18, AZ19)."""
        visit = visit_of(request, token)
        async with self._runtime.store.read() as uow:
            position = await locate(uow, self._ports, visit)
        error = "login_required" if position.is_of_another_person else interaction_error(position.step)
        if error is None:
            return await self._dispatcher.proceed(request, visit)
        return await self._dispatcher.refuse(request, visit, error, "The person would have to be asked.")
