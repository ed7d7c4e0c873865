"""Reads a page as a browser without JavaScript does, and refuses what a careful reader would: bad nesting, doubled ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
TEXTS = frozenset({"text", "password", "tel", "email", "search", "url"})


@dataclass(eq=False)
class Element:
    """One element of the tree; `text` is what a reader sees of it, with runs of blanks as one."""

    tag: str
    attributes: Mapping[str, str]
    parent: Element | None = None
    children: list[Element | str] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name, "")

    def has(self, name: str) -> bool:
        return name in self.attributes

    @property
    def text(self) -> str:
        return " ".join("".join(self._texts()).split())

    def all(self, *tags: str) -> list[Element]:
        """Every element below this one, in the order of the document; with `tags`, those only."""
        return [element for element in self._walk() if not tags or element.tag in tags]

    def around(self, tag: str) -> Element | None:
        """The nearest element of this tag that this one stands in."""
        at = self.parent
        while at is not None and at.tag != tag:
            at = at.parent
        return at

    def _walk(self) -> Iterator[Element]:
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child._walk()

    def _texts(self) -> Iterator[str]:
        if self.tag in ("script", "style"):
            return
        for child in self.children:
            if isinstance(child, Element):
                yield from child._texts()
            else:
                yield child
        if self.tag in ("p", "div", "li", "dt", "dd", "h1", "h2", "label", "button"):
            yield " "


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("#document", {})
        self._at = self.root
        self.doctype = ""

    def handle_decl(self, declaration: str) -> None:
        self.doctype = declaration

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        element = Element(tag, {name: value or "" for name, value in attributes}, self._at)
        self._at.children.append(element)
        if tag not in VOID:
            self._at = element

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._at.tag == tag, f"</{tag}> closes <{self._at.tag}>"
        assert self._at.parent is not None
        self._at = self._at.parent

    def handle_data(self, data: str) -> None:
        self._at.children.append(data)

    def finished(self) -> Element:
        assert self._at is self.root, f"<{self._at.tag}> is never closed"
        return self.root


@dataclass(frozen=True)
class Page:
    """An answer with a page, as it stood when it came."""

    url: str
    status: int
    headers: Mapping[str, str]
    html: str
    document: Element
    ids: Mapping[str, Element]

    @classmethod
    def read(cls, url: str, status: int, headers: Mapping[str, str], html: str) -> Page:
        """Raises AssertionError for a document that parsers would have to repair."""
        reader = _Reader()
        reader.feed(html)
        reader.close()
        assert reader.doctype.lower() == "doctype html", f"{url} has no doctype"
        document = reader.finished()
        ids: dict[str, Element] = {}
        for element in document.all():
            if element.has("id"):
                assert element["id"] not in ids, f"two elements have the id {element['id']}"
                ids[element["id"]] = element
        return cls(url, status, headers, html, document, ids)

    @property
    def title(self) -> str:
        return self._only("title").text

    @property
    def h1(self) -> str:
        return self._only("h1").text

    @property
    def text(self) -> str:
        return self._only("body").text

    @property
    def errors(self) -> str:
        """The text of the error summary; empty when the page has none."""
        return self.ids["error-summary"].text if "error-summary" in self.ids else ""

    def said(self, element_id: str) -> str:
        """The text of the element with this id. Raises AssertionError when the page has none."""
        assert element_id in self.ids, f"no #{element_id} on {self}"
        return self.ids[element_id].text

    def fields(self) -> dict[str, str]:
        """What the inputs of the page hold, by name, as a person would find them (hidden ones as well)."""
        return {element["name"]: element["value"] for element in self.document.all("input") if element["name"]}

    def _only(self, tag: str) -> Element:
        found = self.document.all(tag)
        assert len(found) == 1, f"{len(found)} <{tag}> on {self.url}"
        return found[0]

    def __str__(self) -> str:
        summary = f", errors: {self.errors}" if self.errors else ""
        return f"page {self.status} “{self.title}”{summary}, ids {sorted(self.ids)}"


@dataclass(frozen=True)
class Submission:
    """What pressing a button sends."""

    method: str
    url: str
    pairs: tuple[tuple[str, str], ...] = ()


def submission(page: Page, button_id: str, filled: Mapping[str, str | bool]) -> Submission:
    """What the browser sends when the fields of the button's form are filled and the button is pressed.

    A link with that id is followed. Radio buttons are chosen by their value or by what stands beside them. Raises
    AssertionError for a button or field that is not there, or that a person could not use.
    """
    assert button_id in page.ids, f"no #{button_id} on {page}"
    button = page.ids[button_id]
    if button.tag == "a":
        assert not filled, "a link sends no fields"
        return Submission("GET", urljoin(page.url, button["href"]))
    assert button.tag == "button", f"#{button_id} is no button"
    assert button.attributes.get("type", "submit") == "submit", f"#{button_id} submits nothing"
    assert not {"disabled", "hidden"} & button.attributes.keys(), f"#{button_id} cannot be pressed"
    form = button.around("form")
    assert form is not None, f"#{button_id} stands in no form"
    assert form.around("form") is None, "a form stands in a form"
    left = dict(filled)
    pairs = []
    for control in form.all("input", "button", "select", "textarea"):
        pairs += _sent(page, control, button, left)
    assert not left, f"the form of #{button_id} has no field {sorted(left)}: {page}"
    method = form.attributes.get("method", "get").upper()
    return Submission(method, urljoin(page.url, form["action"] or page.url), tuple(pairs))


def _sent(page: Page, control: Element, button: Element, left: dict[str, str | bool]) -> list[tuple[str, str]]:
    name = control["name"]
    if control.tag == "button":
        return [(name, control["value"])] if control is button and name else []
    assert control.tag == "input", f"<{control.tag}> is not known to this reader"
    if not name or control.has("disabled"):
        return []
    kind = control.attributes.get("type", "text")
    if kind == "hidden":
        return [(name, control["value"])]
    _assert_labelled(page, control)
    if kind == "radio":
        return _radio(page, control, left)
    if kind == "checkbox":
        ticked = left.pop(name, control.has("checked"))
        return [(name, control.attributes.get("value", "on"))] if ticked else []
    assert kind in TEXTS, f"input of type {kind} is not known to this reader"
    if name not in left:
        return [(name, control["value"])]
    assert not control.has("readonly"), f"the field {name} cannot be filled"
    value = left.pop(name)
    assert isinstance(value, str)
    return [(name, value)]


def _radio(page: Page, control: Element, left: dict[str, str | bool]) -> list[tuple[str, str]]:
    name = control["name"]
    wanted = left.get(name)
    if wanted is None:
        return [(name, control["value"])] if control.has("checked") else []
    if wanted != control["value"] and str(wanted) not in _label(page, control):
        return []
    del left[name]
    return [(name, control["value"])]


def _label(page: Page, control: Element) -> str:
    tied = [label.text for label in page.document.all("label") if label["for"] == control["id"] != ""]
    around = control.around("label")
    return (tied or [around.text if around else ""])[0] or control["aria-label"]


def _assert_labelled(page: Page, control: Element) -> None:
    assert _label(page, control), f"the field {control['name']} has no label: {page}"
