"""Turns page values into HTML, and static files into addresses that may be cached for ever.

`Assets` reads `static/` once at start-up and names each file by its content; `Pages` renders the dataclasses of
`idp.web.pages`. Both are free of any web framework: a route calls `serve` and `render` and wraps what they return.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from idp.web.branding import PROVIDER, accent_sheet
from idp.web.pages.frame import Page

STATIC_FOLDER = Path(__file__).parent / "static"

_CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_ACCENT_NAME = re.compile(r"accent-([0-9a-f]{6})\.[0-9a-f]{12}\.css")


def templates_folder() -> Path:
    """Where the templates lie: inside an installed package, or beside it in a checkout."""
    installed = Path(__file__).parents[1] / "_templates"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "templates"


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file as it is served. Its name changes with its content, so any cache may keep it for ever."""

    body: bytes
    content_type: str


class Assets:
    """The static files and the accent stylesheets, addressed by content. `mount` is the path they are served under."""

    def __init__(self, mount: str = "/static", folder: Path = STATIC_FOLDER) -> None:
        self._mount = mount.rstrip("/")
        self._hashed_names: dict[str, str] = {}
        self._assets: dict[str, Asset] = {}
        for file in sorted(folder.iterdir()):
            if content_type := _CONTENT_TYPES.get(file.suffix):
                body = file.read_bytes()
                hashed = _hashed_name(file.stem, body, file.suffix)
                self._hashed_names[file.name] = hashed
                self._assets[hashed] = Asset(body, content_type)

    def url(self, name: str) -> str:
        """The address of the file `name` of the static folder. Raises KeyError when there is none."""
        return f"{self._mount}/{self._hashed_names[name]}"

    def accent_url(self, accent: str) -> str:
        """The address of the stylesheet for one accent colour (`#rrggbb`). Raises ValueError for anything else."""
        return f"{self._mount}/{_accent_asset(accent)[0]}"

    def picture_url(self, mark: str) -> str:
        """The address of a logo: a static file's name, or a `data:image/` URI already.

        An unknown name gives the provider's mark: a missing picture must not keep people from signing in.
        """
        if mark.startswith("data:image/"):
            return mark
        return self.url(mark if mark in self._hashed_names else PROVIDER.mark)

    def serve(self, hashed_name: str) -> Asset | None:
        """The file behind the last part of an address; None for a name that no page of this version mentions."""
        if match := _ACCENT_NAME.fullmatch(hashed_name):
            name, asset = _accent_asset("#" + match[1])
            return asset if name == hashed_name else None
        return self._assets.get(hashed_name)


class Pages:
    """Renders pages. A template that misses a value fails at once instead of showing a hole."""

    def __init__(self, assets: Assets, folder: Path | None = None) -> None:
        self.assets = assets
        self._environment = Environment(
            loader=FileSystemLoader(folder or templates_folder()),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals |= {
            "static": assets.url,
            "accent_sheet": assets.accent_url,
            "picture": assets.picture_url,
        }
        self._environment.filters |= {"duration": duration}

    def render(self, page: Page) -> str:
        """The page as a complete HTML document."""
        return self._environment.get_template(page.template).render(page=page, frame=page.frame)


def duration(seconds: int) -> str:
    """A waiting time in words, rounded up so that it never promises too much: `45 seconds`, `2 minutes`, `3 hours`."""
    for size, word in ((3600, "hour"), (60, "minute")):
        if seconds >= size:
            return _counted(-(-seconds // size), word)
    return _counted(seconds, "second")


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _hashed_name(stem: str, body: bytes, suffix: str) -> str:
    return f"{stem}.{hashlib.sha256(body).hexdigest()[:12]}{suffix}"


@lru_cache(maxsize=256)
def _accent_asset(accent: str) -> tuple[str, Asset]:
    body = accent_sheet(accent).encode()
    return _hashed_name("accent-" + accent[1:], body, ".css"), Asset(body, _CONTENT_TYPES[".css"])
