"""Routes that exist for these tests: a page with a form, a page that breaks, and what else the edge has to cope with."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from idp import errors
from idp.web.cookies import Cookie
from idp.web.forms import read_body, read_form, read_query
from idp.web.pages.general import ForgottenPage
from idp.web.request_context import context_of
from idp.web.responses import away, render, see_other
from idp.web.runtime import Runtime

SECRET_DETAIL = "connection to postgresql://idp:hunter2@db failed"
SESSION = "S" * 43
CLIENT = "https://inbound.example"

REFUSALS: dict[str, errors.IdpError] = {
    "not_found": errors.NotFound(),
    "invalid_input": errors.InvalidInput("username", "Enter your username.", hint="The field is required."),
    "busy": errors.Busy(7),
    "storage_unavailable": errors.StorageUnavailable(detail=SECRET_DETAIL),
    "too_many_attempts": errors.TooManyAttempts(41),
    "configuration": errors.ConfigurationError("secrets.sealing_keys is wrong."),
}


def routes(_runtime: Runtime) -> list[BaseRoute]:
    return [
        Route("/page", show, methods=["GET"]),
        Route("/page", echo, methods=["POST"]),
        Route("/authorize", echo, methods=["POST"]),
        Route("/query", query),
        Route("/fault", fault),
        Route("/hang", hang),
        Route("/refuse/{code}", refuse),
        Route("/to-client", to_client),
        Route("/script", script),
        Route("/sign-in-here", sign_in_here, methods=["GET", "POST"]),
        Route("/sign-out-here", sign_out_here),
        Route("/who", who),
    ]


async def show(request: Request) -> Response:
    return render(request, ForgottenPage(frame=context_of(request).frame(), minutes=60))


async def echo(request: Request) -> Response:
    return JSONResponse(dict(await read_form(request)))


async def query(request: Request) -> Response:
    return JSONResponse(dict(read_query(request)))


async def fault(_request: Request) -> Response:
    raise RuntimeError(SECRET_DETAIL)


async def hang(_request: Request) -> Response:
    await asyncio.Event().wait()
    raise AssertionError


async def refuse(request: Request) -> Response:
    raise REFUSALS[request.path_params["code"]]


async def to_client(request: Request) -> Response:
    context_of(request).allow_form_action(CLIENT)
    context_of(request).allow_form_action("myapp:")
    context_of(request).allow_form_action("http://[::1]:7000")
    return await show(request)


async def script(request: Request) -> Response:
    return JSONResponse({"nonce": context_of(request).script_nonce()})


async def sign_in_here(request: Request) -> Response:
    response = see_other(request, "/who")
    context_of(request).site.cookies.set(response, Cookie.SESSION, SESSION)
    return response


async def sign_out_here(request: Request) -> Response:
    response = away(f"{CLIENT}/?signed_out=1")
    context_of(request).site.cookies.clear(response, Cookie.SESSION)
    return response


async def who(request: Request) -> Response:
    context = context_of(request)
    actor = context.actor("usr_1")
    return JSONResponse(
        {
            "address": actor.address,
            "user_agent": actor.user_agent,
            "request_id": actor.request_id,
            "id": actor.id,
            "known_browser": context.known_browser,
            "session": context.session_token,
        }
    )


async def machine(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands for the back channel: answers with the size of the body, and breaks when asked to."""
    body = await read_body(scope, receive)
    if body == b"break":
        raise RuntimeError(SECRET_DETAIL)
    if body == b"away":
        raise errors.StorageUnavailable(detail=SECRET_DETAIL)
    await JSONResponse({"bytes": len(body), "path": scope["path"]})(scope, receive, send)
