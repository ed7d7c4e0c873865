"""`/end_session`: signing out at a portal's wish (OpenID Connect RP-Initiated Logout 1.0), asking first where it must.

The other portals of the session hear of it twice, as they registered: over the back channel, from the outbox, and in frames of
the signed-out page. Neither keeps the person waiting (SECURITY-CASES LO09).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from idp.domain.clients import Client
from idp.domain.ids import secret_hash
from idp.domain.redirects import origin
from idp.domain.sessions import Session
from idp.oidc.authorization import Displayed
from idp.oidc.hints import read_id_token_hint
from idp.oidc.logout import SignOut, logout_frames, read_end_session, sign_out
from idp.services.sessions import end_session, live_session
from idp.services.single_logout import clients_of
from idp.storage.unit_of_work import UnitOfWork
from idp.web.cookies import Cookie
from idp.web.forms import JWT_FIELD_BYTES, query_pairs, read_pairs
from idp.web.pages.frame import Frame
from idp.web.pages.general import LoggedOutPage, LogoutConfirmPage
from idp.web.posted import Posted
from idp.web.refusals import SignOutLinkBroken
from idp.web.request_context import context_of
from idp.web.responses import away, render
from idp.web.runtime import Runtime
from idp.web.sign_in.doorway import client_frame

Pairs = Sequence[tuple[str, str]]


def routes(runtime: Runtime) -> list[BaseRoute]:
    endpoint = EndSessionEndpoint(runtime)
    return [
        Route("/end_session", endpoint.get, methods=["GET"]),
        Route("/end_session", endpoint.post, methods=["POST"]),
        Route("/end_session/confirm", endpoint.confirmed, methods=["POST"]),
    ]


class EndSessionEndpoint:
    """Validates the request anew at every step: nothing but the request itself is carried from one to the next."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._ports = runtime.ports
        self._posted = Posted(runtime, "/end_session")

    async def get(self, request: Request) -> Response:
        wanted, client = await self._asked(request)
        async with self._runtime.store.read() as uow:
            session = await self._session(uow, request)
        if wanted.must_ask(session):
            return await self._ask(request, client)
        return await self._end(request, wanted, client)

    async def post(self, request: Request) -> Response:
        """A portal's form: the same request, answered at its GET (PROTOCOL 2.6)."""
        wanted, _ = await self._read(await read_pairs(request, JWT_FIELD_BYTES))
        return await self._posted.keep(request, wanted.to_json())

    async def confirmed(self, request: Request) -> Response:
        """The person said yes on our own page; the portal's request stands in the address of the form."""
        wanted, client = await self._asked(request)
        return await self._end(request, wanted, client)

    async def _asked(self, request: Request) -> tuple[SignOut, Client | None]:
        """The request that the address is, or names."""
        stored = await self._posted.recall(request)
        if stored is None:
            return await self._read(query_pairs(request, JWT_FIELD_BYTES))
        wanted = SignOut.from_json(stored)
        return wanted, await self._runtime.clients.get(wanted.client_id) if wanted.client_id else None

    async def _read(self, pairs: Pairs) -> tuple[SignOut, Client | None]:
        await self._runtime.keys.refresh()  # another process may have rotated the keys
        verify = partial(read_id_token_hint, keys=self._runtime.keys, issuer=self._ports.rules.issuer)
        try:
            asked = read_end_session(pairs, verify)
            client = await self._runtime.clients.get(asked.client_id) if asked.client_id else None
            return sign_out(asked, client), client
        except Displayed as refusal:
            raise SignOutLinkBroken(refusal.public, hint=refusal.hint, detail=refusal.detail) from refusal

    async def _session(self, uow: UnitOfWork, request: Request) -> Session | None:
        context = context_of(request)
        return await live_session(uow, self._ports, context.session_token, secret_hash(context.browser))

    async def _ask(self, request: Request, client: Client | None) -> Response:
        context = context_of(request)
        if client is not None:
            for uri in client.post_logout_redirect_uris:
                context.allow_form_action(origin(uri))
        action = context.site.issuer.path("/end_session/confirm")
        query = request.scope["query_string"].decode("ascii", "ignore")
        frame = replace(self._frame(request, client), action=f"{action}?{query}" if query else action)
        return render(request, LogoutConfirmPage(frame=frame))

    async def _end(self, request: Request, wanted: SignOut, client: Client | None) -> Response:
        """Ends the session if there is one; doing it twice is the same as once (LO06)."""
        frames: tuple[str, ...] = ()
        async with self._runtime.store.write() as uow:
            session = await self._session(uow, request)
            if session is not None:
                frames = logout_frames(await clients_of(uow, session.id), self._ports.rules.issuer, session.id)
                await end_session(uow, self._ports, session, context_of(request).actor(session.user_id))
        self._runtime.outbox.wake()
        answer = self._signed_out(request, wanted.redirect, client, frames)
        context_of(request).site.cookies.clear(answer, Cookie.SESSION)
        return answer

    def _signed_out(
        self, request: Request, redirect: str | None, client: Client | None, frames: tuple[str, ...]
    ) -> Response:
        """Straight back to the portal, or our page: to stay on, or on the way back while the frames load."""
        if redirect and not frames:
            return away(redirect)
        for address in frames:
            context_of(request).allow_frame(origin(address))
        return_url = (client.client_uri or "") if client else ""
        page = LoggedOutPage(
            frame=self._frame(request, client), return_url=return_url, frames=frames, onward=redirect or ""
        )
        return render(request, page)

    def _frame(self, request: Request, client: Client | None) -> Frame:
        return client_frame(request, client) if client else context_of(request).frame()
