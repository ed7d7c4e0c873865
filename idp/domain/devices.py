"""Which browser and system a `User-Agent` names, in two words that its owner knows. What it does not say is not guessed."""

from __future__ import annotations

UNKNOWN = "An unknown browser"

BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""What each calls itself, the particular before the general: every Edge says Chrome, every Chrome says Safari."""

SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
"""Android says Linux and an iPhone says Mac OS X, so they come first."""


def device(user_agent: str) -> str:
    """`Chrome on Windows`. Meant for somebody who looks for a browser that is not theirs; it decides nothing."""
    browser = _named(user_agent, BROWSERS)
    system = _named(user_agent, SYSTEMS)
    if browser and system:
        return f"{browser} on {system}"
    if browser:
        return browser
    return f"A browser on {system}" if system else UNKNOWN


def _named(user_agent: str, names: tuple[tuple[str, str], ...]) -> str:
    return next((name for sign, name in names if sign in user_agent), "")
