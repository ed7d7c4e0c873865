"""The two cookies of the identity provider: which browser this is, and which session it holds (CONTRACT, Cookies).

Both are opaque secrets of 256 bits whose hashes stand in the database. Nothing else is ever stored in a browser: what a
cookie says cannot be revoked, and counters in it can be turned back (SECURITY-CASES T5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from starlette.responses import Response
from starlette.types import Scope

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


class Cookie(StrEnum):
    BROWSER = "browser"
    """Which browser this is, for a year: logins are bound to it."""
    SESSION = "session"
    """The session of a signed-in person; it goes when the browser closes."""


@dataclass(frozen=True, slots=True)
class Cookies:
    """Reads and writes the cookies. Under https the `__Host-` prefix keeps sub-domains from planting one (SE02)."""

    secure: bool

    def name(self, cookie: Cookie) -> str:
        return f"__Host-idp-{cookie}" if self.secure else f"idp-{cookie}"

    def read(self, scope: Scope, cookie: Cookie) -> str | None:
        """The cookie's value, or None: when it is absent, not of our making, or there are several of that name, because then
        somebody else has set one and there is no telling which."""
        name = self.name(cookie)
        found = [
            value.strip()
            for header, line in scope["headers"]
            if header == b"cookie"
            for key, _, value in (pair.partition("=") for pair in line.decode("latin-1").split(";"))
            if key.strip() == name
        ]
        return found[0] if len(found) == 1 and _SECRET.fullmatch(found[0]) else None

    def set(self, response: Response, cookie: Cookie, value: str, max_age: int | None = None) -> None:
        """Adds the cookie to a response; without `max_age` (seconds) it is gone when the browser closes.

        Raises ValueError for a value that `read` would not give back.
        """
        if not _SECRET.fullmatch(value):
            raise ValueError("A cookie carries a secret of 43 base64url characters and nothing else.")
        response.headers.append("set-cookie", self.line(cookie, value, max_age))

    def clear(self, response: Response, cookie: Cookie) -> None:
        """Takes the cookie out of the browser."""
        response.headers.append("set-cookie", self.line(cookie, "", 0))

    def line(self, cookie: Cookie, value: str, max_age: int | None = None) -> str:
        """The value of a `Set-Cookie` header."""
        age = "" if max_age is None else f"; Max-Age={max_age}"
        secure = "; Secure" if self.secure else ""
        return f"{self.name(cookie)}={value}{age}; Path=/{secure}; HttpOnly; SameSite=Lax"
