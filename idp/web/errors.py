"""One table from error codes to pages, and the last resort for what nobody foresaw.

Only errors that stand in the table show their own words. Everything else is a fault of ours: the person gets a reference,
the log gets the details (SECURITY-CASES HD10).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from types import MappingProxyType

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from idp.errors import Busy, IdpError
from idp.web.pages.general import ErrorPage
from idp.web.refusals import Malformed
from idp.web.request_context import RequestContext, context_of

REQUEST_SECONDS = 30
"""After this long a page is given up: a hanging database must not pile requests up (IO02)."""

_GO_BACK = "Go back to the page you came from, load it again, and try once more."
_START_AGAIN = "Go back to the portal and start again. If it happens again, tell support the reference below."

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """How an error looks: the status, the heading, and what to do next."""

    status: int
    heading: str
    next_step: str = _START_AGAIN


ANSWERS: Mapping[str, Answer] = MappingProxyType(
    {
        "invalid_input": Answer(400, "We could not read that form", _GO_BACK),
        "malformed": Answer(400, "We could not read that", _GO_BACK),
        "unknown_host": Answer(400, "Wrong address", "Use the link on the portal that you want to sign in to."),
        "sign_in_link": Answer(400, "This sign-in link does not work"),
        "sign_out_link": Answer(400, "This sign-out link does not work"),
        "cross_site": Answer(403, "This form did not come from here", _GO_BACK),
        "not_found": Answer(404, "Page not found", "Check the address, or go back to the portal and start again."),
        "login_unknown": Answer(400, "This sign-in is not known here"),
        "too_slow": Answer(408, "That took too long", "Check your connection, then try again."),
        "conflict": Answer(409, "That clashes with a change made elsewhere", _GO_BACK),
        "body_too_large": Answer(413, "That is too much", _GO_BACK),
        "body_unsupported": Answer(415, "We could not read that form", _GO_BACK),
        "too_many_attempts": Answer(429, "Too many attempts", "Wait a little, then try again."),
        "busy": Answer(503, "We are very busy", "Wait a few seconds, then try again."),
        "storage_unavailable": Answer(
            503, "We cannot sign you in at this moment", "Wait a few seconds, then try again."
        ),
    }
)

_STATUSES: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        404: ("Page not found", "There is no page at this address."),
        405: ("That is not possible here", "This address does not take that kind of request."),
    }
)
_OTHER_STATUS = ("We could not read that", Malformed.public)
_FAULT = Answer(500, "Something went wrong", "Please try again. If it happens again, tell support the reference below.")
_FAULT_WORDS = "The fault is ours, and it has been recorded. Nothing was half-done."


class Errors:
    """Answers whatever the routes raise. Nothing but a cancellation gets past it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            async with asyncio.timeout(REQUEST_SECONDS) as deadline:
                await self._app(scope, receive, watched)
        except ClientDisconnect:
            return
        except Exception as error:
            if started:
                raise
            late = Busy(detail=f"not answered within {REQUEST_SECONDS} s") if deadline.expired() else None
            await error_response(Request(scope, receive), late or error)(scope, receive, send)


def error_response(request: Request, error: Exception) -> Response:
    """The page for an error, with a reference under which the log tells more."""
    context = context_of(request)
    reference = context.new_reference()
    if isinstance(error, HTTPException) and error.status_code < 500:
        heading, what = _STATUSES.get(error.status_code, _OTHER_STATUS)
        answer = Answer(error.status_code, heading, ANSWERS["not_found"].next_step)
        return _page(context, answer, what, reference, headers=error.headers)
    if isinstance(error, IdpError) and error.code in ANSWERS:
        answer = ANSWERS[error.code]
        report = log.error if answer.status >= 500 else log.info
        report("request.refused", error=error.code, detail=error.detail, reference=reference, status=answer.status)
        retry_after: int | None = getattr(error, "retry_after", None)
        headers = {} if retry_after is None else {"retry-after": str(retry_after)}
        return _page(context, answer, error.public, reference, hint=error.hint or "", headers=headers)
    log.error("request.failed", reference=reference, exc_info=error)
    return _page(context, _FAULT, _FAULT_WORDS, reference)


def _page(
    context: RequestContext,
    answer: Answer,
    what: str,
    reference: str,
    *,
    hint: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    moment = datetime.fromtimestamp(context.site.ports.clock.now(), UTC)
    page = ErrorPage(
        frame=context.site.plain_frame(),
        heading=answer.heading,
        what=what,
        next_step=answer.next_step,
        reference=reference,
        at=f"{moment.day} {moment:%B %Y, %H:%M:%S} UTC",
        hint=hint if context.site.is_demo else "",
    )
    try:
        html = context.site.pages.render(page)
    except Exception:
        # A broken or missing template must not take the error page with it.
        log.exception("error_page.failed", reference=reference)
        html = _plain(page)
    return HTMLResponse(html, status_code=answer.status, headers=headers)


def _plain(page: ErrorPage) -> str:
    heading, what, next_step = escape(page.heading), escape(page.what), escape(page.next_step)
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{heading}</title>\n'
        f'<main id="error-page"><h1>{heading}</h1><p>{what}</p><p>{next_step}</p>'
        f"<p>Reference: {escape(page.reference)}, {escape(page.at)}</p></main>\n"
    )
