"""A browser tab as far as a client's own site is concerned: cookies, no scripts, and redirects one by one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urljoin, urlsplit

import httpx2

from tests.support.network import ToPort

MOST_REDIRECTS = 5


class Visitor:
    """Goes through one site and stops where it is sent elsewhere; a `Person` goes on from there."""

    def __init__(self, site: str, http: httpx2.AsyncClient) -> None:
        self.site = site
        self._http = http

    async def open(self, url: str, method: str = "GET") -> httpx2.Response | str:
        """The answer that is a page, or the address of another site."""
        target = urljoin(self.site, url)
        for _ in range(MOST_REDIRECTS):
            answer = await self._http.request(method, target)
            if not answer.has_redirect_location:
                return answer
            target, method = urljoin(target, answer.headers["location"]), "GET"
            if urlsplit(target).netloc != urlsplit(self.site).netloc:
                return target
        raise AssertionError(f"more than {MOST_REDIRECTS} redirects, the last to {target}")

    async def page(self, url: str, method: str = "GET") -> str:
        """The text of a page of this site."""
        found = await self.open(url, method)
        assert isinstance(found, httpx2.Response), f"sent away to {found}"
        assert found.status_code == 200, f"{found.status_code}: {found.text}"
        return found.text

    async def leave(self, url: str, method: str = "GET") -> str:
        """Where the site sends its visitor."""
        found = await self.open(url, method)
        assert isinstance(found, str), f"{found.status_code}: {found.text}"
        return found


@asynccontextmanager
async def visiting(site: str) -> AsyncIterator[Visitor]:
    async with httpx2.AsyncClient(transport=ToPort(), timeout=30) as http:
        yield Visitor(site, http)
