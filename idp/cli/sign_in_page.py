"""Reads our own sign-in pages by the ids and names that the contract fixes, for `idp token`."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
TEXT_OF = frozenset({"error-summary", "error-page", "blocked", "totp-secret"})


@dataclass
class Form:
    """One form: where it posts to, what it would send, and the ids of its buttons. `choices` are the values of radios."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    buttons: set[str] = field(default_factory=set)


class SignInPage(HTMLParser):
    """A page's forms, and the text of the containers in `TEXT_OF`."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str | None] = []
        self.feed(html)
        self.close()

    def form_with(self, name: str) -> Form | None:
        """The form that has this field, or this button."""
        return next((f for f in self.forms if name in f.fields or name in f.choices or name in f.buttons), None)

    def text(self, container: str) -> str:
        """What stands in a container, blanks run together; empty when it is not there."""
        return " ".join(" ".join(self.texts.get(container, ())).split())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
        elif tag == "input" and self.forms and given.get("name"):
            self._take(self.forms[-1], given)
        elif tag == "button" and self.forms and given.get("id"):
            self.forms[-1].buttons.add(given["id"])
        if tag not in VOID:
            identity = given.get("id")
            self._open.append(identity if identity in TEXT_OF else None)

    def handle_endtag(self, tag: str) -> None:
        if self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        for container in self._open:
            if container is not None:
                self.texts.setdefault(container, []).append(data)

    @staticmethod
    def _take(form: Form, given: dict[str, str]) -> None:
        name, value = given["name"], given.get("value", "")
        match given.get("type", "text"):
            case "radio":
                form.choices.setdefault(name, []).append(value)
                if "checked" in given:
                    form.fields[name] = value
            case "checkbox":
                if "checked" in given:
                    form.fields[name] = value or "on"
            case "submit" | "button":
                pass
            case _:
                form.fields[name] = value
