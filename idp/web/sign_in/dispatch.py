"""The dispatcher: the one place where the ladder and the protocol meet, and the only one that knows what comes next.

`GET /sign-in/{login}` shows the current step or, at the end of the ladder, completes the login and answers the client.
"""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from idp.domain.assurance import Method
from idp.domain.grants import NewGrant
from idp.domain.logins import Login, LoginState
from idp.domain.redirects import origin
from idp.domain.steps import Step
from idp.oidc.authorization import (
    AuthorizationRequest,
    FormPost,
    Redirect,
    code_answer,
    error_answer,
    new_grant,
)
from idp.services.sign_in.choose import cancel
from idp.services.sign_in.enrol import pending_enrolment
from idp.services.sign_in.finish import (
    Finished,
    finish_at_home,
    finish_login,
    record_refusal,
    refusal_reference,
)
from idp.services.sign_in.second_factor import current_method
from idp.services.sign_in.text_message import enter_text_step, text_status
from idp.services.sign_in.visit import LoginOver, LoginUnknown, OutOfTurn, Position, Visit, locate
from idp.services.text_codes import TextOutcome
from idp.web.cookies import Cookie
from idp.web.pages.frame import Frame, Problem
from idp.web.pages.outcomes import ExpiredPage, FinishedElsewherePage, FormPostPage
from idp.web.request_context import context_of
from idp.web.responses import away, render, see_other
from idp.web.runtime import Runtime
from idp.web.sign_in import views
from idp.web.sign_in.doorway import Addresses, allow_return, client_frame, visit_of
from idp.web.sign_in.errands import OwnErrand, OwnPage, errand_of

TOO_MANY_WRONG_CODES = Problem("continue", "Too many wrong codes. Sign in again to go on.")
TEXT_DEADLINE_SECONDS = 4.0
"""How long a person waits for the provider to take a text message; after it the page says that it is on its way (F22)."""


class Dispatcher:
    """Shows steps and finishes logins for one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def show(self, request: Request) -> Response:
        """`GET /sign-in/{login}`."""
        return await self.proceed(request, visit_of(request))

    async def proceed(self, request: Request, visit: Visit) -> Response:
        """The current step of a visit as an answer. Raises `LoginUnknown`."""
        try:
            async with self._runtime.store.read() as uow:
                position = await locate(uow, self._runtime.ports, visit)
            return await self._answer(request, visit, position)
        except LoginOver as over:
            return await self._over(request, visit, over.login)
        except OutOfTurn:
            # Another tab moved on between the look and the act: look again.
            return see_other(request, f"/sign-in/{visit.login_token}")

    async def _answer(self, request: Request, visit: Visit, position: Position) -> Response:
        if position.is_of_another_person:
            return await self.refuse(request, visit, "login_required", "Another person is signed in.")
        match position.step:
            case Step.DONE:
                return await self._finish(request, visit, position)
            case Step.UNMET:
                description = "The requested authentication context cannot be met."
                return await self.refuse(request, visit, "unmet_authentication_requirements", description)
            case Step.PASSWORD:
                return render(request, views.password_page(request, visit, position))
            case Step.CHOOSE_ACCOUNT:
                return render(request, views.account_page(request, visit, position))
            case Step.CHANGE_PASSWORD:
                rules = self._runtime.ports.rules
                return render(request, views.change_password_page(request, visit, position, rules))
            case Step.CONSENT:
                return render(request, views.consent_page(request, visit, position))
            case Step.VERIFY:
                return await self.verify_page(request, visit, position)
            case Step.ENROL_TOTP:
                return await self.enrol_page(request, visit, position)
            case Step.REFUSED | Step.NO_PHONE:
                reference = await record_refusal(self._runtime.store, self._runtime.ports, visit, position)
                page = views.blocked_page(request, visit, position, self._runtime.ports.rules, reference)
                return render(request, page, 403)

    async def verify_page(
        self,
        request: Request,
        visit: Visit,
        position: Position,
        wrong: tuple[Problem, ...] = (),
        status: int = 200,
    ) -> Response:
        """The verify step by its current method. Entering the SMS step sends the text message, once."""
        if current_method(position) is Method.TOTP:
            rules = self._runtime.ports.rules
            return render(request, views.totp_page(request, visit, position, rules, wrong), status)
        outcome = await enter_text_step(self._runtime.store, self._runtime.ports, visit)
        return await self.text_page(request, visit, position, outcome, wrong, status)

    async def text_page(
        self,
        request: Request,
        visit: Visit,
        position: Position,
        outcome: TextOutcome,
        wrong: tuple[Problem, ...] = (),
        status: int = 200,
    ) -> Response:
        """The SMS step after a message was, or was not, sent: always a way on, never a code that counts by itself (F21)."""
        await self.hand_over(outcome)
        sent = await text_status(self._runtime.store, self._runtime.ports, visit)
        reference = refusal_reference(position.login)
        if outcome.unusable or sent is None or sent.failed:
            wait = outcome.retry_after or (sent.wait_seconds if sent else 0)
            page = views.sms_unavailable_page(request, visit, position, reference, wait)
            limited = outcome.retry_after > 0
            answer = render(request, page, 429 if limited else 503)
            answer.headers["retry-after"] = str(max(1, wait))
            return answer
        return render(request, views.sms_page(request, visit, position, self._runtime.ports.rules, sent, wrong), status)

    async def hand_over(self, outcome: TextOutcome) -> None:
        """Gives a new text message to the provider at once, as the person is waiting for it."""
        if outcome.message_id is not None:
            await self._runtime.outbox.deliver_now(outcome.message_id, TEXT_DEADLINE_SECONDS)

    async def enrol_page(
        self,
        request: Request,
        visit: Visit,
        position: Position,
        wrong: tuple[Problem, ...] = (),
        status: int = 200,
    ) -> Response:
        pending = await pending_enrolment(self._runtime.store, self._runtime.ports, visit)
        svg = self._runtime.qr.svg(pending.uri)
        return render(request, views.enrol_page(request, visit, position, pending, svg, wrong), status)

    async def _finish(self, request: Request, visit: Visit, position: Position) -> Response:
        """The ladder is done: one transaction makes the session, and the grant if a client gets its code."""
        errand = errand_of(position.login)
        if isinstance(errand, OwnErrand):
            token = await finish_at_home(self._runtime.store, self._runtime.ports, visit)
            answer = see_other(request, errand.address)
        else:
            signed_in = await finish_login(self._runtime.store, self._runtime.ports, visit, self._grant)
            token = signed_in.session_token
            answer = self.deliver(request, code_answer(errand, signed_in.code, self._runtime.ports.rules.issuer))
        if token is not None:
            context_of(request).site.cookies.set(answer, Cookie.SESSION, token)
        return answer

    def _grant(self, finished: Finished) -> NewGrant:
        """Where login and OAuth meet: here is evidence, and there is the request it is for."""
        rules = self._runtime.ports.rules
        return new_grant(
            AuthorizationRequest.from_json(finished.login.request),
            client=finished.situation.client,
            person_id=finished.person.id,
            membership_id=finished.membership.id,
            account_id=finished.membership.account.id,
            session_id=finished.session_id,
            user_epoch=finished.person.auth_epoch,
            account_epoch=finished.account_epoch,
            evidence=finished.situation.evidence,
            issuer=rules.issuer,
            code=finished.code,
            grant_id=finished.grant_id,
            rules=rules.tokens,
            now=finished.now,
        )

    async def refuse(self, request: Request, visit: Visit, error: str, description: str) -> Response:
        """Ends the login and tells the client why, at its verified redirect URI. Our own pages need no telling."""
        position = await cancel(self._runtime.store, self._runtime.ports, visit)
        errand = errand_of(position.login)
        if isinstance(errand, OwnErrand):
            return see_other(request, replace(errand, page=OwnPage.HOME, wanted=None).address)
        return self.deliver(request, error_answer(errand, error, description, self._runtime.ports.rules.issuer))

    def deliver(self, request: Request, answer: Redirect | FormPost) -> Response:
        """Sends an authorization response: a 303, or the page that posts itself (OAuth 2.0 Form Post Response Mode)."""
        if isinstance(answer, Redirect):
            return away(answer.url)
        context = context_of(request)
        context.allow_form_action(origin(answer.action))
        frame = replace(context.site.plain_frame(), action=answer.action)
        return render(request, FormPostPage(frame=frame, inputs=answer.fields, nonce=context.script_nonce()))

    async def _over(self, request: Request, visit: Visit, login: Login) -> Response:
        """A login that ended: another tab finished it, it was cancelled, it took too long, or too many codes were wrong."""
        frame, return_url = await self._frame_of(request, login)
        allow_return(request, login)
        frame = replace(frame, action=Addresses.of(request, visit.login_token).to("restart"))
        if login.state is LoginState.COMPLETED:
            return render(request, FinishedElsewherePage(frame=frame))
        wrong = (TOO_MANY_WRONG_CODES,) if login.state is LoginState.DESTROYED else ()
        return render(request, ExpiredPage(frame=frame, return_url=return_url, problems=wrong), 400)

    async def _frame_of(self, request: Request, login: Login) -> tuple[Frame, str]:
        """The frame of a login's portal, and the portal's address when it is known. Raises `LoginUnknown`."""
        if login.client_id is None:
            return context_of(request).frame(), ""
        async with self._runtime.store.read() as uow:
            client = await uow.clients.get(login.client_id)
        if client is None:
            raise LoginUnknown
        return client_frame(request, client), client.client_uri or ""
