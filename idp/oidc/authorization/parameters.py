"""Request parameters as they came: each at most once, bounded, and of characters that survive storing and echoing.

Used by the authorization and the end-session endpoint, which take a query or a form and so meet the same tricks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MAX_BYTES = 8192
OPAQUE_BYTES = 2048
"""`state` and `nonce`: echoed whole or refused, never cut. Longer ones would outgrow the headers that proxies pass on."""
LIMITS = {"state": OPAQUE_BYTES, "nonce": OPAQUE_BYTES}
MAY_REPEAT = frozenset({"resource"})
"""RFC 8707 §2."""
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters and lone surrogates: a database refuses NUL, a form changes CR and LF, and no URL holds a surrogate."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """`values` holds the first value of every parameter; one without a value counts as not sent (RFC 6749 §3.1).

    `resources` are all values of `resource`.
    """

    values: Mapping[str, str]
    repeated: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Parameters:
        values: dict[str, str] = {}
        repeated: set[str] = set()
        resources: set[str] = set()
        for name, value in pairs:
            if name == "resource" and value:
                resources.add(value)
            if name in values and name not in MAY_REPEAT:
                repeated.add(name)
            values.setdefault(name, value)
        sent = {name: value for name, value in values.items() if value}
        return cls(sent, frozenset(repeated), frozenset(resources))

    def get(self, name: str) -> str | None:
        return self.values.get(name)

    def fault(self, name: str) -> str | None:
        """What is wrong with the value of `name`, as a sentence for the integrator; None when nothing is, or it is absent."""
        value = self.values.get(name, "")
        if CONTROLS.search(value):
            return f"{name} holds control characters."
        if len(value.encode()) > (limit := LIMITS.get(name, MAX_BYTES)):
            return f"{name} is longer than {limit} bytes."
        return None

    def hint(self, name: str, longest: int) -> str | None:
        """A value that is only ever shown or compared, never an error: printable characters, cut after `longest`."""
        value = self.values.get(name, "")[: 4 * longest]
        return "".join(character for character in value if character.isprintable())[:longest].strip() or None
