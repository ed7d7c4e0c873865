"""The sessions that a demo portal keeps for its visitors, and how a logout token ends them."""

from __future__ import annotations

import secrets
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from idp.demo.logout_token import LEEWAY_SECONDS, Logout
from idp.demo.world import BACKCHANNEL_LOGOUT

SESSIONS_KEPT = 500


class Kept:
    """A portal's own sessions, in memory: tokens are too large and too precious for a cookie."""

    def __init__(self) -> None:
        self._sessions: dict[str, dict[str, Any]] = {}
        self._over: dict[str, Logout] = {}

    def open(self, key: str) -> dict[str, Any]:
        return dict(self._sessions.get(key, {}))

    def keep(self, key: str, session: MutableMapping[str, Any]) -> str:
        """Stores the session under its key, or a fresh one, which is returned."""
        key = key if key in self._sessions else secrets.token_urlsafe(32)
        self._sessions.pop(key, None)
        self._sessions[key] = dict(session)
        for logout in self._over.values():  # a page that was under way must not bring a session back
            _end(self._sessions[key], logout)
        while len(self._sessions) > SESSIONS_KEPT:
            del self._sessions[next(iter(self._sessions))]
        return key

    def end(self, logout: Logout, notice: str, now: float) -> None:
        """Ends the sessions that a logout token names; the next page says why. The same token again changes nothing."""
        self._over = {jti: known for jti, known in self._over.items() if now < known.expires_at + LEEWAY_SECONDS}
        if logout.jti not in self._over:
            self._over[logout.jti] = logout
            for session in self._sessions.values():
                if _end(session, logout):
                    session["notice"] = notice


def _end(session: dict[str, Any], logout: Logout) -> bool:
    if "token" not in session or not logout.concerns(session["token"]["userinfo"]):
        return False
    del session["token"]
    return True


class BrowserSessions:
    """Gives each browser its session. Cookies do not tell ports apart, so each portal's has a name of its own."""

    def __init__(self, app: ASGIApp, cookie: str, kept: Kept) -> None:
        self._app = app
        self._cookie = cookie
        self._kept = kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == BACKCHANNEL_LOGOUT:
            await self._app(scope, receive, send)
            return
        key = Request(scope).cookies.get(self._cookie, "")
        scope["session"] = session = self._kept.open(key)

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                fresh = self._kept.keep(key, session)
                value = f"{self._cookie}={fresh}; Path=/; HttpOnly; SameSite=Lax"
                MutableHeaders(scope=message).append("set-cookie", value)
            await send(message)

        await self._app(scope, receive, with_cookie)
