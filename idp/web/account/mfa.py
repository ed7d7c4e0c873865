"""`/account/mfa`, My MFA: enable, reset, disable, with the words of the support article."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from idp.domain.assurance import Asked
from idp.services.self_service.mfa import MfaDemanded, MfaManaged, disable_mfa, enable_mfa, lock_of, reset_my_mfa
from idp.services.self_service.owner import Owner, ProofNeeded
from idp.web.account.desk import Desk
from idp.web.account.entrance import Arrival
from idp.web.account.protections import is_on
from idp.web.forms import read_form, read_query
from idp.web.pages.account import MfaManagedPage, MfaPage, MfaResetPage
from idp.web.pages.frame import Problem
from idp.web.responses import render
from idp.web.sign_in.errands import OwnPage, Wanted

CHECKBOX = "enable_mfa"
RESET = OwnPage.MFA_RESET.value
CONFIRM = f"{RESET}/confirm"
CANCEL = f"{RESET}/cancel"
SET_UP = "/account/mfa/set-up"
FINISH = "Thank you. Press Save to finish."
IS_ON = "MFA is on."
IS_OFF = "MFA is off. Everywhere else you have been signed out."
WAS_RESET = "Your authenticator app is forgotten. Everywhere else you have been signed out."


class MfaDesk(Desk):
    async def show(self, arrival: Arrival) -> Response:
        owner = await self._owner(arrival)
        lock = lock_of(owner, self._ports)
        if isinstance(lock, MfaManaged):
            return self._managed(arrival, owner, lock, 200)
        return render(arrival.request, self._page(arrival, owner, lock))

    async def save(self, arrival: Arrival) -> Response:
        """*Save*. What was ticked is kept while the person proves who they are."""
        form = await read_form(arrival.request)
        wanted = Wanted.ON if form.ticked(CHECKBOX) else Wanted.OFF
        token = None
        try:
            if wanted is Wanted.ON:
                await enable_mfa(self._store, self._ports, arrival.caller)
            else:
                token = await disable_mfa(self._store, self._ports, arrival.caller)
        except ProofNeeded as needed:
            return await self._entrance.step_up(arrival, needed.owner, replace(arrival.errand, wanted=wanted))
        except MfaManaged as refusal:
            return self._managed(arrival, await self._owner(arrival), refusal, 403)
        except MfaDemanded as refusal:
            page = self._page(arrival, await self._owner(arrival), refusal)
            wrong = (Problem(CHECKBOX, refusal.public),)
            return render(arrival.request, replace(page, ticked=True, problems=wrong, notice=""), 400)
        return arrival.go(OwnPage.MFA, token, done=wanted)

    async def to_reset(self, arrival: Arrival) -> Response:
        """*Reset MFA*: the page that says what goes."""
        return arrival.go(RESET)

    async def confirm_reset(self, arrival: Arrival) -> Response:
        owner = await self._owner(arrival)
        owner.require_proof()
        if not owner.factors.totp or isinstance(lock_of(owner, self._ports), MfaManaged):
            return arrival.go(OwnPage.MFA)
        frame = replace(arrival.frame(owner, CONFIRM), cancel=arrival.link(CANCEL))
        return render(arrival.request, MfaResetPage(frame=frame, shell=self._shell(arrival, owner)))

    async def reset(self, arrival: Arrival) -> Response:
        """*Save* of the reset."""
        try:
            token = await reset_my_mfa(self._store, self._ports, arrival.caller)
        except MfaManaged as refusal:
            return self._managed(arrival, await self._owner(arrival), refusal, 403)
        return arrival.go(OwnPage.MFA, token, done="reset")

    async def cancel(self, arrival: Arrival) -> Response:
        return arrival.go(OwnPage.MFA)

    async def set_up(self, arrival: Arrival) -> Response:
        """*Set up now*: a sign-in that enrols the app, because MFA is on and there is none (TO11: after a fresh proof)."""
        owner = await self._owner(arrival)
        return await self._entrance.start(arrival, arrival.errand, Asked(step_up_since=owner.fresh_since))

    def _managed(self, arrival: Arrival, owner: Owner, lock: MfaManaged, status: int) -> Response:
        frame, shell = arrival.frame(owner), self._shell(arrival, owner)
        return render(arrival.request, MfaManagedPage(frame=frame, shell=shell, reason=lock.public), status)

    def _page(self, arrival: Arrival, owner: Owner, lock: MfaDemanded | None) -> MfaPage:
        query = read_query(arrival.request)
        enabled, wanted = is_on(owner), query.text("wanted")
        ticked = wanted == Wanted.ON if lock is None and wanted in list(Wanted) else enabled
        may_set_up = enabled and not owner.factors.totp
        return MfaPage(
            frame=arrival.frame(owner, OwnPage.MFA),
            shell=self._shell(arrival, owner),
            enabled=enabled,
            ticked=ticked,
            enrolled=owner.factors.totp,
            reset_action=arrival.link(RESET),
            set_up_action=arrival.link(SET_UP) if may_set_up else "",
            locked_reason=lock.public if lock else "",
            notice=FINISH if ticked is not enabled else _notice(query.text("done"), enabled, owner.factors.totp),
        )


def _notice(done: str, enabled: bool, enrolled: bool) -> str:
    """What was just done, if it really was: whoever forges the address gets no untrue sentence onto the page."""
    match done, enabled, enrolled:
        case "on", True, _:
            return IS_ON
        case "off", False, False:
            return IS_OFF
        case "reset", _, False:
            return WAS_RESET
        case _:
            return ""
