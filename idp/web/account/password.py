"""`/account/password`: changing one's own password (the Inbound article, *Changing Your Password*)."""

from __future__ import annotations

from starlette.responses import Response

from idp.errors import InvalidInput, TooManyAttempts
from idp.services.self_service.owner import Owner
from idp.services.self_service.password import change_my_password, shortest
from idp.web.account.desk import Desk
from idp.web.account.entrance import Arrival
from idp.web.forms import read_form
from idp.web.pages import problems
from idp.web.pages.account import PasswordChangePage
from idp.web.pages.frame import Problem
from idp.web.responses import render
from idp.web.sign_in.errands import OwnPage
from idp.web.templating import duration


class PasswordDesk(Desk):
    async def show(self, arrival: Arrival) -> Response:
        owner = await self._owner(arrival)
        if not owner.has_fresh_factor:
            owner.require_proof()
        return render(arrival.request, self._page(arrival, owner))

    async def change(self, arrival: Arrival) -> Response:
        form = await read_form(arrival.request)
        current, wanted = form.get("password", ""), form.get("new_password", "")
        owner = await self._owner(arrival)
        wrong = [problems.NO_PASSWORD] if not current and not owner.has_fresh_passkey else []
        wrong += [problems.NO_NEW_PASSWORD] if not wanted else []
        if wrong:
            return render(arrival.request, self._page(arrival, owner, *wrong), 400)
        try:
            token = await change_my_password(self._store, self._ports, arrival.caller, current, wanted)
        except InvalidInput as error:
            problem = Problem(error.field, error.public)
            return render(arrival.request, self._page(arrival, owner, problem), 400)
        except TooManyAttempts as error:
            problem = problems.slowed_down("password", duration(error.retry_after))
            answer = render(arrival.request, self._page(arrival, owner, problem), 429)
            answer.headers["retry-after"] = str(error.retry_after)
            return answer
        return arrival.go(OwnPage.HOME, token, done="password")

    def _page(self, arrival: Arrival, owner: Owner, *wrong: Problem) -> PasswordChangePage:
        return PasswordChangePage(
            frame=arrival.frame(owner, OwnPage.PASSWORD),
            shell=self._shell(arrival, owner),
            username=owner.person.username,
            min_length=shortest(owner, self._ports),
            may_omit=owner.has_fresh_passkey,
            problems=wrong,
        )
