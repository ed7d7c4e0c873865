"""HTML as a test reads it: every element with its attributes, its ancestors and its text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"meta", "link", "input", "img", "br", "hr"})


@dataclass(eq=False)
class Element:
    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    children: list[Element | str] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.attributes.get("id", "")

    @property
    def text(self) -> str:
        """All text within, as it stands in the source."""
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    @property
    def words(self) -> str:
        """The text with its white space folded."""
        return " ".join(self.text.split())

    def all(self, *tags: str) -> Iterator[Element]:
        """Every element within, in the order of the document; of certain tags if any are named."""
        for child in self.children:
            if isinstance(child, Element):
                if not tags or child.tag in tags:
                    yield child
                yield from child.all(*tags)

    def one(self, tag: str) -> Element:
        """The only element of that tag."""
        found = list(self.all(tag))
        assert len(found) == 1, f"{len(found)} <{tag}>"
        return found[0]

    def by_id(self, id: str) -> Element | None:
        return next((element for element in self.all() if element.id == id), None)

    def within(self, tag: str) -> Element | None:
        """The nearest ancestor of that tag."""
        above = self.parent
        while above is not None and above.tag != tag:
            above = above.parent
        return above


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> names an attribute twice"
        element = Element(tag, {name: value or "" for name, value in attrs}, self._open)
        self._open.children.append(element)
        if tag not in VOID:
            self._open = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        parent = self._open.parent
        assert self._open.tag == tag, f"</{tag}> closes <{self._open.tag}>"
        assert parent is not None
        self._open = parent

    def handle_data(self, data: str) -> None:
        self._open.children.append(data)


def read_html(source: str) -> Element:
    """The document. Fails on an element that is not closed, or closed by another's tag."""
    reader = _Reader()
    reader.feed(source)
    reader.close()
    assert reader._open is reader.root, f"<{reader._open.tag}> is not closed"
    return reader.root
