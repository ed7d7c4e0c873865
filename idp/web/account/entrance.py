"""The way in to the account pages: who comes, from which portal, and where they are sent when they have to sign in first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from idp.domain.assurance import Asked
from idp.services.self_service.overview import portal_at
from idp.services.self_service.owner import Caller, NotSignedIn, Owner, ProofNeeded
from idp.services.sign_in.start import StartLogin, start_login
from idp.web.cookies import Cookie
from idp.web.forms import read_query
from idp.web.pages.account import Shell
from idp.web.pages.frame import Frame, Link
from idp.web.request_context import context_of
from idp.web.responses import see_other
from idp.web.runtime import Runtime
from idp.web.sign_in.errands import OwnErrand, OwnPage


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request for one of the pages. `portal` is the way back to where the person came from, if they came from one of ours."""

    request: Request
    page: OwnPage
    caller: Caller
    portal: Link | None

    @property
    def errand(self) -> OwnErrand:
        """What a sign-in would be for that leads back here."""
        return OwnErrand(self.page, back=self.portal.url if self.portal else "")

    def local(self, path: str, **query: str) -> str:
        """A path of ours that keeps the way back, without the issuer's prefix: for redirects."""
        pairs = query | ({"return": self.portal.url} if self.portal else {})
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def link(self, path: str, **query: str) -> str:
        """The same as a link or the action of a form."""
        return context_of(self.request).site.issuer.path(self.local(path, **query))

    def frame(self, owner: Owner, action: str = "") -> Frame:
        context = context_of(self.request)
        return replace(
            context.frame(),
            who=_who(owner),
            action=self.link(action) if action else "",
            forgotten=context.site.issuer.path("/forgotten"),
        )

    def shell(self, owner: Owner, *, shows_mfa: bool) -> Shell:
        return Shell(
            home=self.link(OwnPage.HOME),
            password=self.link(OwnPage.PASSWORD),
            mfa=self.link(OwnPage.MFA) if shows_mfa else "",
            phone=self.link(OwnPage.PHONE),
            sessions=self.link(OwnPage.SESSIONS),
            sign_out=context_of(self.request).site.issuer.path("/end_session/confirm"),
            breadcrumb=_breadcrumb(owner),
            portal=self.portal,
        )

    def go(self, path: str, token: str | None = None, **query: str) -> Response:
        """303 to a path of ours; `token` is the new secret of the session when it has one."""
        answer = see_other(self.request, self.local(path, **query))
        if token is not None:
            context_of(self.request).site.cookies.set(answer, Cookie.SESSION, token)
        return answer


Handler = Callable[[Arrival], Awaitable[Response]]


class Entrance:
    """Makes routes of handlers, for one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def route(self, page: OwnPage, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """A route that leads through a sign-in, and back to `page`, whoever is not signed in or has to prove more."""

        async def answer(request: Request) -> Response:
            arrival = await self._arrive(request, page)
            try:
                return await handler(arrival)
            except NotSignedIn:
                return await self.sign_in(arrival)
            except ProofNeeded as needed:
                return await self.step_up(arrival, needed.owner, arrival.errand)
            finally:
                self._runtime.outbox.wake()

        return answer

    async def _arrive(self, request: Request, page: OwnPage) -> Arrival:
        context = context_of(request)
        caller = Caller(context.session_token, context.browser, context.actor())
        back = read_query(request).text("return")
        portal = await portal_at(self._runtime.store, back) if back else None
        return Arrival(request, page, caller, Link(portal.client_name, back) if portal else None)

    async def sign_in(self, arrival: Arrival) -> Response:
        """A sign-in at the identity provider itself (docs/adr/0009)."""
        return await self.start(arrival, arrival.errand, Asked())

    async def step_up(self, arrival: Arrival, owner: Owner, errand: OwnErrand) -> Response:
        """A sign-in that asks for what is missing of a fresh proof, and leads back to where it was needed."""
        errand = replace(errand, login_hint=owner.person.username)
        return await self.start(arrival, errand, Asked(step_up_since=owner.fresh_since))

    async def start(self, arrival: Arrival, errand: OwnErrand, asked: Asked) -> Response:
        command = StartLogin(None, errand.to_json(), asked, arrival.caller.browser_token)
        async with self._runtime.store.write() as uow:
            token = await start_login(uow, self._runtime.ports, command)
        return see_other(arrival.request, f"/sign-in/{token}")


def _who(owner: Owner) -> str:
    active = owner.active
    return f"{owner.person.username} - {active[0].account.name}" if len(active) == 1 else owner.person.username


def _breadcrumb(owner: Owner) -> tuple[str, ...]:
    """Where the account stands, operator first; of several accounts none is the one."""
    if len(owner.active) != 1:
        return ()
    account = owner.active[0].account
    return (*(node.name for node in account.ancestors), account.name)
