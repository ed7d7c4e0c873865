"""The application: one ASGI callable made of the runtime. This is the only place that knows all route tables."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from idp.oidc.token.back_channel import BackChannel
from idp.web import dev_outbox, end_session, forgotten, static_files
from idp.web.account import routes as account
from idp.web.addresses import Addresses
from idp.web.background import background
from idp.web.csrf import ForgedForms
from idp.web.errors import Errors
from idp.web.headers import PageHeaders
from idp.web.health import probes
from idp.web.middleware import BackChannelFirst, PageChecks
from idp.web.protocol.back_channel import machines
from idp.web.request_context import Site
from idp.web.runtime import Runtime
from idp.web.sign_in import authorize, steps

RouteTable = Callable[[Runtime], list[BaseRoute]]

ROUTE_TABLES: Sequence[RouteTable] = (
    authorize.routes,
    steps.routes,
    forgotten.routes,
    end_session.routes,
    account.routes,
    dev_outbox.routes,
)
"""The `routes` functions of the modules that answer people."""


def create_app(runtime: Runtime) -> ASGIApp:
    """The identity provider as an ASGI application. Raises `ConfigurationError` for what cannot be served."""
    back_channel = BackChannel.of(runtime.ports, runtime.clients, runtime.keys, runtime.statements, runtime.assertions)
    return assemble(runtime, ROUTE_TABLES, machines(back_channel, Addresses(runtime.settings.server.trusted_proxies)))


def assemble(runtime: Runtime, tables: Sequence[RouteTable], endpoints: Mapping[str, ASGIApp]) -> ASGIApp:
    """The layers around the given route tables and machine endpoints (plain ASGI applications by exact path)."""
    site = Site.of(runtime)
    routes = [*static_files.routes(), *(route for table in tables for route in table(runtime))]

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        async with background(runtime):
            yield

    # Without `redirect_slashes`: Starlette would build that redirect from the Host header.
    router = Router(routes, redirect_slashes=False, default=_not_found, lifespan=lifespan)
    pages = PageHeaders(Errors(PageChecks(ForgedForms(router), site)), site)
    edge = BackChannelFirst(pages, site, endpoints, probes(runtime.store, runtime.ports.clock))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = app  # with it Starlette raises for a wrong method instead of answering in plain text
        await (router if scope["type"] == "lifespan" else edge)(scope, receive, send)

    return app


async def _not_found(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise HTTPException(404)
