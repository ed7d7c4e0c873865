"""`/account`: what protects me, what happened lately, what next."""

from __future__ import annotations

from starlette.responses import Response

from idp.services.self_service.overview import Overview, overview
from idp.services.self_service.owner import enter
from idp.web.account.desk import Desk
from idp.web.account.entrance import Arrival
from idp.web.account.protections import WAYS, advice
from idp.web.account.words import HAPPENINGS, happening
from idp.web.forms import read_query
from idp.web.pages.account import AccountHomePage
from idp.web.responses import render

SHOWN = 12
DONE_SECONDS = 120
PASSWORD_DONE = "Your password is changed. Everywhere else you have been signed out."  # noqa: S105 - a sentence
PHONE_DONE = "Your mobile number is changed. Everywhere else you have been signed out."


class HomeDesk(Desk):
    async def show(self, arrival: Arrival) -> Response:
        await enter(self._store, self._ports, arrival.caller)
        there = await overview(self._store, self._ports, arrival.caller, HAPPENINGS, SHOWN)
        owner = there.owner
        next_thing = advice(owner)
        page = AccountHomePage(
            frame=arrival.frame(owner),
            shell=self._shell(arrival, owner),
            person=owner.person.display_name,
            protections=tuple(filter(None, (way(arrival, there) for way in WAYS))),
            happenings=tuple(happening(event, there.portals, owner.now) for event in there.events),
            advice=next_thing.text if next_thing else "",
            advice_url=arrival.link(next_thing.page) if next_thing else "",
            advice_action=next_thing.action if next_thing else "",
            notice=_notice(arrival, there),
        )
        return render(arrival.request, page)


def _notice(arrival: Arrival, there: Overview) -> str:
    """What was just done, if it really was: whoever forges the address gets no untrue sentence onto the page."""
    done, owner = read_query(arrival.request).text("done"), there.owner
    changed_at = there.password_changed_at or 0
    if done == "password" and owner.now - changed_at < DONE_SECONDS:
        return PASSWORD_DONE
    return PHONE_DONE if done == "phone" and owner.person.phone_number_verified else ""
