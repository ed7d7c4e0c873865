"""Stylesheets, scripts and logos, under names that change with their content: any cache may keep them for ever."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from idp.errors import NotFound
from idp.web.request_context import context_of

FOR_EVER = "public, max-age=31536000, immutable"


def routes() -> list[BaseRoute]:
    return [Route("/static/{name}", _static_file)]


async def _static_file(request: Request) -> Response:
    asset = context_of(request).site.pages.assets.serve(request.path_params["name"])
    if asset is None:
        raise NotFound
    return Response(asset.body, media_type=asset.content_type, headers={"cache-control": FOR_EVER})
