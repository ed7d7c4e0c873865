"""A portal's look from one colour: the accents that its pages use, readable whatever colour the operator chose.

A page may set no inline style (its Content-Security-Policy says `style-src 'self'`), so the accent travels as a stylesheet
of its own. That sheet is a pure function of the colour: no registration, no state, the same on every replica.
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

READABLE = {"light": 5.0, "dark": 6.5}
"""Contrast aimed at for text in the accent colour. WCAG 2.2 §1.4.3 asks for 4.5; bright text on dark needs more to look it."""

_CALM = 0.7
"""Saturated colours glow on dark ground: there the accent has at most this saturation."""

_GROUND = {"light": "#f3f5f8", "dark": "#0d1218"}
_SURFACE = {"light": "#ffffff", "dark": "#161c24"}
_INK = {"light": "#ffffff", "dark": "#0b0f14"}
_POLE = {"light": "#000000", "dark": "#ffffff"}
_HEX = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Brand:
    """How a portal looks on our pages. `mark` is the name of a file in `static/`; empty shows the portal's initial."""

    accent: str
    mark: str = ""


PROVIDER = Brand(accent="#24476f", mark="mark-provider.svg")

PORTALS: Mapping[str, Brand] = MappingProxyType(
    {
        "inbound": Brand(accent="#00706b", mark="mark-inbound.svg"),
        "sip-trunk-plus": Brand(accent="#4b3fc4", mark="mark-sip-trunk-plus.svg"),
    }
)
"""The two portals of the house, by client id."""


def brand_of(client_id: str) -> Brand:
    """The brand of a client; one that has none wears the provider's colour and its own initial."""
    return PORTALS.get(client_id, Brand(accent=PROVIDER.accent))


def accent_sheet(accent: str) -> str:
    """The stylesheet that dresses a page in `accent` (`#rrggbb`). Raises ValueError when it is not such a colour."""
    if not _HEX.fullmatch(accent):
        raise ValueError(f"An accent colour is written #rrggbb in lower case, not {accent!r}.")
    light, dark = _rules(accent, "light"), _rules(accent, "dark")
    return f"@layer brand{{:root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}}}\n"


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2, "contrast ratio"), from 1 to 21."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _rules(accent: str, scheme: str) -> str:
    pole, surface = _POLE[scheme], _SURFACE[scheme]
    readable = _readable(accent, scheme)
    properties = {
        "--accent": readable,
        "--accent-strong": _mix(readable, pole, 0.18),
        "--accent-tint": _mix(surface, readable, 0.08 if scheme == "light" else 0.14),
        "--on-accent": _INK[scheme],
    }
    return ";".join(f"{name}:{value}" for name, value in properties.items())


def _readable(accent: str, scheme: str) -> str:
    """The lightness nearest to the accent's that can be read on ground, surface and tint, and under a button's text."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(value / 255 for value in _channels(accent)))
    pole = 0.0
    if scheme == "dark":
        pole, saturation = 1.0, min(saturation, _CALM)
    for percent in range(0, 101, 2):
        shifted = lightness + (pole - lightness) * percent / 100
        colour = _hex(colorsys.hls_to_rgb(hue, shifted, saturation))
        tint = _mix(_SURFACE[scheme], colour, 0.14)
        if all(
            contrast(colour, other) >= READABLE[scheme] for other in (_GROUND[scheme], _SURFACE[scheme], _INK[scheme])
        ) and (contrast(colour, tint) >= 4.5):
            return colour
    return _POLE[scheme]


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _mix(colour: str, other: str, share: float) -> str:
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return _hex((one + (two - one) * share) / 255 for one, two in pairs)


def _hex(channels: Iterable[float]) -> str:
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)


def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2), from 0 for black to 1 for white."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in _channels(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
