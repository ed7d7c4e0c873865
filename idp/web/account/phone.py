"""`/account/phone`: another mobile number, which counts once its code is entered (SECURITY-CASES SM14)."""

from __future__ import annotations

from starlette.responses import Response

from idp.domain.onetime import CodeVerdict
from idp.domain.phones import PhoneRefused, mask
from idp.domain.rules import MINUTE
from idp.errors import InvalidInput
from idp.services.self_service.owner import Owner
from idp.services.self_service.phone import (
    PhoneOutcome,
    begin_phone_change,
    confirm_phone,
    pending_phone,
    resend_phone_code,
)
from idp.services.text_codes import TextOutcome, TextStatus
from idp.web.account.desk import Desk
from idp.web.account.entrance import Arrival
from idp.web.forms import read_form
from idp.web.pages import problems
from idp.web.pages.account import PhoneCodePage, PhonePage
from idp.web.pages.frame import Problem
from idp.web.responses import render
from idp.web.sign_in.errands import OwnPage
from idp.web.templating import duration

CODE = "/account/phone/code"
RESEND = "/account/phone/resend"
TEXT_DEADLINE_SECONDS = 4.0
NO_NUMBER = Problem("phone_number", "Enter your new mobile number.")
UNUSABLE = Problem("phone_number", "We cannot send text messages to that number. Enter another one.")
WORDS = {
    CodeVerdict.EXPIRED: problems.EXPIRED_TEXT_CODE,
    CodeVerdict.EXHAUSTED: problems.SPENT_TEXT_CODE,
    CodeVerdict.ALREADY_USED: problems.EXPIRED_TEXT_CODE,
}


class PhoneDesk(Desk):
    async def show(self, arrival: Arrival) -> Response:
        """The present number, and a field for another. Who comes here wants to change it, so the proof is asked for first."""
        owner = await self._owner(arrival)
        owner.require_proof()
        return render(arrival.request, self._page(arrival, owner))

    async def begin(self, arrival: Arrival) -> Response:
        typed = (await read_form(arrival.request)).text("phone_number")
        owner = await self._owner(arrival)
        if not typed:
            return render(arrival.request, self._page(arrival, owner, NO_NUMBER), 400)
        try:
            outcome = await begin_phone_change(self._store, self._ports, arrival.caller, typed)
        except InvalidInput as error:
            problem = Problem(error.field, error.public)
            return render(arrival.request, self._page(arrival, owner, problem, typed=typed), 400)
        if outcome.unusable:
            return render(arrival.request, self._page(arrival, owner, UNUSABLE, typed=typed), 400)
        if outcome.retry_after:
            problem = problems.resends_used_up(duration(outcome.retry_after))
            wrong = Problem("phone_number", problem.text)
            return _wait(
                render(arrival.request, self._page(arrival, owner, wrong, typed=typed), 429), outcome.retry_after
            )
        return await self._sent(arrival, outcome)

    async def ask_code(self, arrival: Arrival) -> Response:
        owner = await self._owner(arrival)
        status = await pending_phone(self._store, self._ports, owner)
        if status is None:
            return arrival.go(OwnPage.PHONE)
        return render(arrival.request, self._code_page(arrival, owner, status))

    async def confirm(self, arrival: Arrival) -> Response:
        typed = (await read_form(arrival.request)).text("code")
        owner = await self._owner(arrival)
        status = await pending_phone(self._store, self._ports, owner)
        if status is None:
            return arrival.go(OwnPage.PHONE)
        if not typed:
            return render(arrival.request, self._code_page(arrival, owner, status, problems.NO_CODE), 400)
        outcome = await confirm_phone(self._store, self._ports, arrival.caller, typed)
        if outcome.verdict is CodeVerdict.RIGHT:
            return arrival.go(OwnPage.HOME, outcome.token, done="phone")
        return self._wrong(arrival, owner, status, outcome)

    async def resend(self, arrival: Arrival) -> Response:
        try:
            outcome = await resend_phone_code(self._store, self._ports, arrival.caller)
        except InvalidInput:
            return arrival.go(OwnPage.PHONE)
        if not outcome.retry_after:
            return await self._sent(arrival, outcome)
        owner = await self._owner(arrival)
        status = await pending_phone(self._store, self._ports, owner)
        if status is None:
            return arrival.go(OwnPage.PHONE)
        problem = problems.resend_too_soon(duration(outcome.retry_after))
        answer = render(arrival.request, self._code_page(arrival, owner, status, problem), 429)
        return _wait(answer, outcome.retry_after)

    async def _sent(self, arrival: Arrival, outcome: TextOutcome) -> Response:
        if outcome.message_id is not None:
            await self._runtime.outbox.deliver_now(outcome.message_id, TEXT_DEADLINE_SECONDS)
        return arrival.go(CODE)

    def _wrong(self, arrival: Arrival, owner: Owner, status: TextStatus, outcome: PhoneOutcome) -> Response:
        if outcome.retry_after:
            problem = problems.slowed_down("code", duration(outcome.retry_after))
            answer = render(arrival.request, self._code_page(arrival, owner, status, problem), 429)
            return _wait(answer, outcome.retry_after)
        problem = WORDS.get(outcome.verdict, problems.WRONG_TEXT_CODE)
        return render(arrival.request, self._code_page(arrival, owner, status, problem), 400)

    def _page(self, arrival: Arrival, owner: Owner, *wrong: Problem, typed: str = "") -> PhonePage:
        number = owner.person.phone_number
        return PhonePage(
            frame=arrival.frame(owner, OwnPage.PHONE),
            shell=self._shell(arrival, owner),
            number=mask(number) if number else "",
            typed=typed,
            problems=wrong,
        )

    def _code_page(self, arrival: Arrival, owner: Owner, status: TextStatus, *wrong: Problem) -> PhoneCodePage:
        return PhoneCodePage(
            frame=arrival.frame(owner, CODE),
            shell=self._shell(arrival, owner),
            number=self._grouped(status.number),
            minutes=self._ports.rules.sms.code_seconds // MINUTE,
            resend_action=arrival.link(RESEND),
            change=arrival.link(OwnPage.PHONE),
            wait_seconds=status.wait_seconds,
            failed=status.failed,
            problems=wrong,
        )

    def _grouped(self, e164: str) -> str:
        """As people write it, so that a transposed digit is seen (SM08)."""
        try:
            return self._ports.phones.describe(e164).grouped
        except PhoneRefused:  # the rules became stricter since
            return e164


def _wait(answer: Response, seconds: int) -> Response:
    answer.headers["retry-after"] = str(seconds)
    return answer
