"""Messages as their readers get them (CONTRACT, Endpoints, `/dev/outbox.json`; CONTRACT, Pages, on temporary passwords)."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A mail or a text message. `username` and `password` are of a mail with a temporary password, `code` of a text."""

    id: str
    channel: str
    to: str
    subject: str
    text: str
    html: str
    at: str

    @property
    def username(self) -> str:
        return self._line("Username")

    @property
    def password(self) -> str:
        return self._line("Password")

    @property
    def code(self) -> str:
        found = re.match(r"([0-9]{6}) is your code for ", self.text)
        assert found is not None, f"no code in {self.text!r}"
        return found[1]

    def _line(self, name: str) -> str:
        found = re.findall(rf"^{name}: (\S+)$", self.text, re.MULTILINE)
        assert len(found) == 1, f"{len(found)} lines with {name} in {self.text!r}"
        return str(found[0])
