"""`/authorize`: reads the request, stores it once as a login, and hands over to the dispatcher.

`prompt=none` never leaves this module with a page: it is a code or an error, at once (OIDC Core §3.1.2.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from idp.domain.steps import interaction_error
from idp.oidc.authorization import (
    AuthorizationRequest,
    Displayed,
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
from idp.web.refusals import SignInLinkBroken
from idp.web.request_context import context_of
from idp.web.responses import see_other
from idp.web.runtime import Runtime
from idp.web.sign_in.dispatch import Dispatcher
from idp.web.sign_in.doorway import visit_of

Pairs = Sequence[tuple[str, str]]


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

    async def get(self, request: Request) -> Response:
        try:
            return await self._begin(request, query_pairs(request, JWT_FIELD_BYTES))
        except Displayed as refusal:
            raise SignInLinkBroken(refusal.public, hint=refusal.hint, detail=refusal.detail) from refusal
        except Redirected as refusal:
            answer = error_answer(refusal, refusal.error, refusal.description, self._issuer)
            return self._dispatcher.deliver(request, answer)

    async def post(self, request: Request) -> Response:
        """The same request by GET: a portal's form is a cross-site POST, on which browsers send no Lax cookies
        (PROTOCOL 2.6), so neither the session nor this browser would be recognised."""
        pairs = await read_pairs(request, JWT_FIELD_BYTES)
        return see_other(request, "/authorize?" + urlencode(pairs))

    async def _begin(self, request: Request, pairs: Pairs) -> Response:
        client = await self._runtime.clients.get(client_id_of(pairs))
        verify_hint = partial(read_id_token_hint, keys=self._runtime.keys, issuer=self._issuer)
        wanted = read_request(pairs, client, self._issuer, verify_hint, self._ports.clock.now())
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
