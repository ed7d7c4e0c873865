"""The posts of the ladder: each does one thing and goes back to the dispatcher, or shows its form again with the reason.

A post to a step that is not the current one changes nothing and leads to the dispatcher as well (SECURITY-CASES AZ37).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from idp.domain.assurance import Method
from idp.domain.onetime import CodeVerdict
from idp.domain.steps import Step
from idp.errors import InvalidInput
from idp.services.sign_in.change_password import change_password
from idp.services.sign_in.choose import choose_account, give_consent
from idp.services.sign_in.enrol import confirm_enrolment
from idp.services.sign_in.password import PasswordOutcome, prove_password
from idp.services.sign_in.restart import restart_login
from idp.services.sign_in.second_factor import CodeOutcome, current_method, pick_method, verify_code
from idp.services.sign_in.text_message import resend_text
from idp.services.sign_in.visit import LoginOver, OutOfTurn, Position, Visit, expect, locate
from idp.web.forms import Form, read_form
from idp.web.pages import problems
from idp.web.pages.frame import Problem
from idp.web.pages.outcomes import FinishedElsewherePage, TemporaryExpiredPage
from idp.web.responses import render, see_other
from idp.web.runtime import Runtime
from idp.web.sign_in import views
from idp.web.sign_in.dispatch import Dispatcher
from idp.web.sign_in.doorway import Addresses, step_frame, visit_of
from idp.web.templating import duration

Handler = Callable[[Request, Visit, Form], Awaitable[Response]]


def routes(runtime: Runtime) -> list[BaseRoute]:
    dispatcher = Dispatcher(runtime)
    steps = Steps(runtime, dispatcher)
    posts: dict[str, Handler] = {
        Step.PASSWORD: steps.password,
        Step.CHOOSE_ACCOUNT: steps.account,
        Step.VERIFY: steps.verify,
        Step.CHANGE_PASSWORD: steps.change_password,
        Step.ENROL_TOTP: steps.enrol,
        Step.CONSENT: steps.consent,
        "method": steps.method,
        "resend": steps.resend,
        "cancel": steps.cancel,
        "switch": steps.switch,
        "restart": steps.restart,
    }
    table: list[BaseRoute] = [Route("/sign-in/{login}", dispatcher.show, methods=["GET"])]
    table += [
        Route(f"/sign-in/{{login}}/{name}", steps.post(handler), methods=["POST"], name=name)
        for name, handler in posts.items()
    ]
    # A reloaded or bookmarked step leads to the current one.
    table.append(Route("/sign-in/{login}/{step}", steps.back, methods=["GET"]))
    return table


class Steps:
    """The handlers, for one runtime."""

    def __init__(self, runtime: Runtime, dispatcher: Dispatcher) -> None:
        self._runtime = runtime
        self._store = runtime.store
        self._ports = runtime.ports
        self._dispatcher = dispatcher

    def post(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """A route of a handler: reads the form, and answers a step out of turn with the dispatcher."""

        async def route(request: Request) -> Response:
            visit = visit_of(request)
            form = await read_form(request)
            try:
                return await handler(request, visit, form)
            except (OutOfTurn, LoginOver):
                return _onwards(request, visit)
            finally:
                self._runtime.outbox.wake()

        return route

    async def back(self, request: Request) -> Response:
        return see_other(request, f"/sign-in/{request.path_params['login']}")

    async def password(self, request: Request, visit: Visit, form: Form) -> Response:
        username, password = form.text("username"), form.get("password", "")
        wrong = [problems.NO_USERNAME] if not username else []
        wrong += [problems.NO_PASSWORD] if not password else []
        if not wrong:
            try:
                outcome = await prove_password(self._store, self._ports, visit, username, password)
            except OutOfTurn:
                return await self._taken(request, visit, username)
            if outcome is PasswordOutcome.PROVED:
                return _onwards(request, visit)
            if outcome is PasswordOutcome.EXPIRED:
                return await self._expired(request, visit)
            wrong = [problems.WRONG_CREDENTIALS]
        position = await self._expect(visit, Step.PASSWORD)
        return render(
            request, views.password_page(request, visit, position, username=username, wrong=tuple(wrong)), 400
        )

    async def _taken(self, request: Request, visit: Visit, username: str) -> Response:
        """Somebody signed in in another tab meanwhile: whoever typed another name must not go on as that person unasked."""
        async with self._store.read() as uow:
            position = await locate(uow, self._ports, visit)
        person = position.situation.person
        if person is None or position.login.user_id is not None or person.is_called(username):
            return _onwards(request, visit)
        frame = replace(
            step_frame(request, visit, position), action=Addresses.of(request, visit.login_token).to("restart")
        )
        return render(request, FinishedElsewherePage(frame=frame))

    async def _expired(self, request: Request, visit: Visit) -> Response:
        position = await self._expect(visit, Step.PASSWORD)
        minutes = self._ports.rules.passwords.temporary_seconds // 60
        return render(request, TemporaryExpiredPage(frame=step_frame(request, visit, position), minutes=minutes), 400)

    async def account(self, request: Request, visit: Visit, form: Form) -> Response:
        try:
            await choose_account(self._store, self._ports, visit, form.text("account"))
        except InvalidInput:
            position = await self._expect(visit, Step.CHOOSE_ACCOUNT)
            return render(request, views.account_page(request, visit, position, (problems.NO_ACCOUNT,)), 400)
        return _onwards(request, visit)

    async def verify(self, request: Request, visit: Visit, form: Form) -> Response:
        position = await self._expect(visit, Step.VERIFY)
        method = current_method(position)
        if not form.text("code"):
            return await self._dispatcher.verify_page(request, visit, position, (problems.NO_CODE,), 400)
        outcome = await verify_code(self._store, self._ports, visit, method, form.text("code"))
        if outcome.verdict is CodeVerdict.RIGHT or outcome.login_over:
            return _onwards(request, visit)
        wrong = (views.code_problem(outcome, method),)
        answer = await self._dispatcher.verify_page(request, visit, position, wrong, _status(outcome))
        return _limited(answer, outcome)

    async def method(self, request: Request, visit: Visit, form: Form) -> Response:
        try:
            wanted = Method(form.text("method"))
        except ValueError as error:
            raise InvalidInput("method", "Choose one of the ways that are offered.") from error
        await pick_method(self._store, self._ports, visit, wanted)
        return _onwards(request, visit)

    async def resend(self, request: Request, visit: Visit, _form: Form) -> Response:
        position = await self._expect(visit, Step.VERIFY)
        outcome = await resend_text(self._store, self._ports, visit)
        if outcome.message_id is not None:
            await self._dispatcher.hand_over(outcome)
            return see_other(request, f"/sign-in/{visit.login_token}?{views.SENT_AGAIN}")
        if not outcome.retry_after:
            return await self._dispatcher.text_page(request, visit, position, outcome)
        wrong = (problems.resend_too_soon(duration(outcome.retry_after)),)
        answer = await self._dispatcher.text_page(request, visit, position, outcome, wrong, 429)
        answer.headers["retry-after"] = str(outcome.retry_after)
        return answer

    async def change_password(self, request: Request, visit: Visit, form: Form) -> Response:
        wanted = form.get("new_password", "")
        try:
            if not wanted:
                raise InvalidInput("new_password", problems.NO_NEW_PASSWORD.text)
            await change_password(self._store, self._ports, visit, wanted)
        except InvalidInput as error:
            position = await self._expect(visit, Step.CHANGE_PASSWORD)
            wrong = (problems.password_refused(error.public),)
            page = views.change_password_page(request, visit, position, self._ports.rules, wrong)
            return render(request, page, 400)
        return _onwards(request, visit)

    async def enrol(self, request: Request, visit: Visit, form: Form) -> Response:
        outcome: CodeOutcome | None = None
        if form.text("code"):
            outcome = await confirm_enrolment(self._store, self._ports, visit, form.text("code"))
            if outcome.verdict is CodeVerdict.RIGHT or outcome.login_over:
                return _onwards(request, visit)
        position = await self._expect(visit, Step.ENROL_TOTP)
        problem: Problem = views.code_problem(outcome, Method.TOTP) if outcome else problems.NO_CODE
        answer = await self._dispatcher.enrol_page(request, visit, position, (problem,), _status(outcome))
        return _limited(answer, outcome)

    async def consent(self, request: Request, visit: Visit, _form: Form) -> Response:
        await give_consent(self._store, self._ports, visit)
        return _onwards(request, visit)

    async def cancel(self, request: Request, visit: Visit, _form: Form) -> Response:
        return await self._dispatcher.refuse(request, visit, "access_denied", "The person ended the sign-in.")

    async def switch(self, request: Request, visit: Visit, _form: Form) -> Response:
        """Not you? The same request again, for whoever signs in now."""
        token = await restart_login(self._store, self._ports, visit, somebody_else=True)
        return see_other(request, f"/sign-in/{token}")

    async def restart(self, request: Request, visit: Visit, _form: Form) -> Response:
        token = await restart_login(self._store, self._ports, visit)
        return see_other(request, f"/sign-in/{token}")

    async def _expect(self, visit: Visit, step: Step) -> Position:
        async with self._store.read() as uow:
            return await expect(uow, self._ports, visit, step)


def _onwards(request: Request, visit: Visit) -> Response:
    return see_other(request, f"/sign-in/{visit.login_token}")


def _status(outcome: CodeOutcome | None) -> int:
    return 429 if outcome and outcome.retry_after else 400


def _limited(answer: Response, outcome: CodeOutcome | None) -> Response:
    if outcome and outcome.retry_after:
        answer.headers["retry-after"] = str(outcome.retry_after)
    return answer
