"""`/account/sessions`: where I am signed in, and signing out of it."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from idp.domain.devices import device
from idp.domain.sessions import Session
from idp.services.self_service.sessions import end_my_session, end_other_sessions, my_sessions
from idp.web.account.desk import Desk
from idp.web.account.entrance import Arrival
from idp.web.account.words import last_seen, moment
from idp.web.cookies import Cookie
from idp.web.forms import read_form, read_query
from idp.web.pages.account import SessionLine, SessionsPage
from idp.web.pages.general import LoggedOutPage
from idp.web.request_context import context_of
from idp.web.responses import render
from idp.web.sign_in.errands import OwnPage

OTHERS = "/account/sessions/others"
DONE = {"one": "You are signed out of that browser.", "others": "You are signed out everywhere else."}


class SessionsDesk(Desk):
    async def show(self, arrival: Arrival) -> Response:
        await self._owner(arrival)
        owner, sessions = await my_sessions(self._store, self._ports, arrival.caller)
        own_first = sorted(sessions, key=lambda s: s.id != owner.session.id)
        done = read_query(arrival.request).text("done")
        page = SessionsPage(
            frame=arrival.frame(owner, OwnPage.SESSIONS),
            shell=self._shell(arrival, owner),
            sessions=tuple(_line(s, owner.session.id, owner.now) for s in own_first),
            end_others_action=arrival.link(OTHERS),
            notice=DONE.get(done, "") if done != "others" or len(sessions) == 1 else "",
        )
        return render(arrival.request, page)

    async def end(self, arrival: Arrival) -> Response:
        form = await read_form(arrival.request)
        _, own = await end_my_session(self._store, self._ports, arrival.caller, form.require("session"))
        if not own:
            return arrival.go(OwnPage.SESSIONS, done="one")
        context, portal = context_of(arrival.request), arrival.portal
        frame = replace(context.frame(), portal=portal.text) if portal else context.frame()
        page = LoggedOutPage(frame=frame, return_url=portal.url if portal else "")
        answer = render(arrival.request, page)
        context.site.cookies.clear(answer, Cookie.SESSION)
        return answer

    async def end_others(self, arrival: Arrival) -> Response:
        await end_other_sessions(self._store, self._ports, arrival.caller)
        return arrival.go(OwnPage.SESSIONS, done="others")


def _line(session: Session, own_id: str, now: int) -> SessionLine:
    return SessionLine(
        value=session.id,
        device=device(session.user_agent),
        where=session.address,
        started=moment(session.created_at, now),
        last_seen=last_seen(session, now),
        here=session.id == own_id,
    )
