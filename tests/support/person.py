"""A person with a browser without JavaScript: one cookie jar, any number of tabs, and an eye on every page that comes.

A tab is either on a page (`tab.page`) or has left for a portal (`tab.arrival`, the address it was sent to). Whatever page it
meets must hold what all pages promise (UX 1.1, SECURITY-CASES HD01-HD04), so every flow test checks that as it goes.
"""

from __future__ import annotations

import re
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urljoin, urlsplit

import httpx2

from tests.support.network import ToPort
from tests.support.page import Page, Submission, submission

MOST_REDIRECTS = 10
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


class Person:
    """`port` leads every connection to another server process of the same issuer. `address` is where this person seems to
    come from, at a house that trusts us as its proxy. `fetch_metadata` off is an old browser, which says nothing of where a
    form came from."""

    def __init__(
        self, issuer: str, *, port: int | None = None, address: str | None = None, fetch_metadata: bool = True
    ) -> None:
        self.issuer = issuer
        self.origin = origin_of(issuer)
        self.fetch_metadata = fetch_metadata
        headers = {"user-agent": USER_AGENT, "accept": "text/html", "accept-language": "en-GB"}
        if address is not None:
            headers["x-forwarded-for"] = address
        self.http = httpx2.AsyncClient(headers=headers, transport=ToPort(port), timeout=30)
        self.secrets: set[str] = set()

    def tab(self) -> Tab:
        return Tab(self)

    async def open(self, url: str) -> Tab:
        """A new tab at `url`, an absolute one or a path at the identity provider."""
        tab = self.tab()
        await tab.open(url)
        return tab

    async def send(self, wanted: Submission, site: str = "same-origin", **headers: str) -> httpx2.Response:
        """Sends one request as a browser does, and follows nothing: for many fingers on one button, and for attacks."""
        sent: dict[str, str] = {}
        if self.fetch_metadata:
            sent = {"sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
            if wanted.method == "POST":
                sent["origin"] = "null"  # what Chromium says under `Referrer-Policy: no-referrer`
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if wanted.method != "POST":
            return await self.http.request(wanted.method, wanted.url, headers=sent)
        sent["content-type"] = "application/x-www-form-urlencoded"
        body = urlencode(wanted.pairs)
        return await self.http.request(wanted.method, wanted.url, headers=sent, content=body)

    @property
    def cookies(self) -> dict[str, str]:
        return {cookie.name: cookie.value or "" for cookie in self.http.cookies.jar}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self.http.aclose()


class Tab:
    """One tab. `last` is the last answer as it came over the wire, a redirect to a portal included."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._page: Page | None = None
        self._arrival: str | None = None
        self.arrived_with: tuple[tuple[str, str], ...] = ()
        self.last: httpx2.Response | None = None

    @property
    def page(self) -> Page:
        assert self._page is not None, f"the tab is not on a page but at {self._arrival}"
        return self._page

    @property
    def arrival(self) -> str:
        assert self._arrival is not None, f"the tab did not leave: {self._page}"
        return self._arrival

    @property
    def has_arrived(self) -> bool:
        return self._arrival is not None

    async def open(self, url: str) -> Page | None:
        """Types an address, or follows a link from a portal."""
        return await self._go(Submission("GET", urljoin(self._person.issuer + "/", url)), "none")

    async def reload(self) -> Page | None:
        return await self._go(Submission("GET", self.page.url), "same-origin")

    async def press(self, button: str, **filled: str | bool) -> Page | None:
        """Fills fields by name, presses the button with this id, and follows where that leads. None: to a portal."""
        return await self._go(self.prepare(button, **filled), "same-origin")

    def prepare(self, button: str, **filled: str | bool) -> Submission:
        """What pressing would send, without pressing: for a second finger on the same button."""
        for name in ("password", "new_password"):
            secret = filled.get(name)
            if isinstance(secret, str) and len(secret) > 5:
                self._person.secrets.add(secret)
        return submission(self.page, button, filled)

    async def send(self, prepared: Submission) -> Page | None:
        return await self._go(prepared, "same-origin")

    async def _go(self, wanted: Submission, site: str) -> Page | None:
        policy = self._page.headers.get("content-security-policy", "") if self._page and wanted.pairs else None
        if origin_of(wanted.url) != self._person.origin:
            self._assert_allowed(policy, wanted.url)
            self._leave(wanted.url, wanted.pairs)
            return None
        answer = self.last = await self._person.send(wanted, site)
        for _ in range(MOST_REDIRECTS):
            if not answer.has_redirect_location:
                self._page, self._arrival = self._read(answer), None
                return self._page
            # 307 and 308 would send the password on to wherever the answer points (RFC 9700 §4.12).
            assert answer.status_code in (302, 303), f"{answer.status_code} from {answer.url}"
            self._assert_no_secret(answer.headers["location"], "an address")
            target = urljoin(str(answer.url), answer.headers["location"])
            # Browsers check form-action along the whole chain that a form starts (HD02).
            self._assert_allowed(policy, target)
            if origin_of(target) != self._person.origin:
                self._leave(target, ())
                return None
            answer = self.last = await self._person.send(Submission("GET", target), site)
        raise AssertionError(f"more than {MOST_REDIRECTS} redirects, the last to {answer.url}")

    def _leave(self, url: str, pairs: tuple[tuple[str, str], ...]) -> None:
        self._page, self._arrival, self.arrived_with = None, url, pairs

    def _read(self, answer: httpx2.Response) -> Page:
        assert answer.headers["content-type"] == "text/html; charset=utf-8", f"{answer.url} is no page"
        page = Page.read(str(answer.url), answer.status_code, dict(answer.headers), answer.text)
        self._assert_no_secret(page.html, "a page")
        self._assert_no_secret(page.url, "an address")
        assert_page(page)
        return page

    def _assert_allowed(self, policy: str | None, target: str) -> None:
        """None: no form started this. Raises AssertionError when Chrome and Safari would not go to `target`."""
        if policy is None or origin_of(target) == self._person.origin:  # 'self', which every page's policy allows
            return
        allowed = directives_of(policy)["form-action"]
        scheme = target.partition(":")[0] + ":"
        assert origin_of(target) in allowed or scheme in allowed, f"form-action refuses {target}: {allowed}"

    def _assert_no_secret(self, text: str, where: str) -> None:
        for secret in self._person.secrets:
            assert secret not in text, f"a password came back in {where}"


def assert_page(page: Page) -> None:
    """What holds for every page, whatever it says."""
    where = f"{page}"
    assert page.status < 500 or "retry-after" in page.headers, where
    assert page.h1, where
    assert page.title, where
    assert page.title.startswith("Error: ") == ("error-summary" in page.ids), where
    html = page.document.all("html")[0]
    assert html["lang"], where
    assert html["dir"], where
    assert page.headers["cache-control"] == "no-store", where
    assert page.headers["referrer-policy"] == "no-referrer", where
    assert page.headers["x-content-type-options"] == "nosniff", where
    assert page.headers["cross-origin-opener-policy"] == "same-origin", where
    assert "server" not in page.headers, where
    _assert_policy(page)
    _assert_markup(page)


def _assert_policy(page: Page) -> None:
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy, policy
    directives = directives_of(policy)
    assert directives["default-src"] == ["'none'"], policy
    assert directives["frame-ancestors"] == ["'none'"], policy
    assert directives["base-uri"] == ["'none'"], policy
    assert directives["form-action"][0] == "'self'", policy


def _assert_markup(page: Page) -> None:
    """Nothing that the policy would refuse, nothing from elsewhere, no form that a step would be lost in."""
    origin = origin_of(page.url)
    for element in page.document.all():
        handlers = [name for name in element.attributes if name.startswith("on") or name == "style"]
        assert not handlers, f"inline {handlers} in <{element.tag}> on {page}"
        if element.tag == "iframe":
            # Portals that are signed out inside a page of ours, and nothing else (Front-Channel Logout 1.0).
            framed = directives_of(page.headers["content-security-policy"]).get("frame-src", [])
            assert origin_of(element["src"]) in framed, f"the policy does not let {element['src']} be framed"
        if element.tag in ("script", "link", "img"):
            source = element["src"] or element["href"]
            assert source or element.has("nonce"), f"inline <{element.tag}> on {page}"
            assert not source or origin_of(urljoin(page.url, source)) == origin, f"{source} is from elsewhere"
        if element.tag == "form":
            assert element["method"] == "post", f"a form by {element['method']} on {page}"
        if element["target"] == "_blank":
            assert "noopener" in element["rel"], f"{element['href']} keeps hold of this window"
        for tied in ("for", "aria-describedby", "aria-labelledby", "aria-controls"):
            for name in element[tied].split():
                assert name in page.ids, f"<{element.tag}> names #{name}, which is not on {page}"
    for link in page.ids["error-summary"].all("a") if "error-summary" in page.ids else ():
        assert link["href"].removeprefix("#") in page.ids, (
            f"the error summary leads to {link['href']}, which is nowhere"
        )


def directives_of(policy: str) -> dict[str, list[str]]:
    """A content security policy by directive."""
    parts = (directive.split() for directive in policy.split(";"))
    return {words[0]: words[1:] for words in parts if words}


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def login_of(page: Page) -> str:
    """The id of the login that a page of the sign-in stands under."""
    found = re.search(r"/sign-in/([A-Za-z0-9_-]{43})", page.url)
    assert found is not None, f"{page.url} is no sign-in"
    return found[1]
