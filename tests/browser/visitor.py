"""Somebody with Chromium: one window at the demo, what people do in it, and an eye on what must never happen there."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import urlsplit

import pyotp
import zxingcpp
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    ViewportSize,
    expect,
)

from idp.demo.world import PASSWORD, USERS
from tests.browser.demo import Demo
from tests.support.browser import fresh_context

CHOSEN = "violet gravel teapot 41"
"""A password that a careful person would choose."""

Scheme = Literal["light", "dark"]
WIDE: ViewportSize = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 360, "height": 740}
ZOOMED: ViewportSize = {"width": 320, "height": 256}
"""A desktop of 1280 by 1024 at 400 % (WCAG 2.2 §1.4.10)."""

TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`Content Security Policy: ${event.effectiveDirective} refused ${event.blockedURI} on ${location}`));
"""

_GREY_PIXELS = """async (png) => {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height);
  const brush = canvas.getContext("2d");
  brush.drawImage(image, 0, 0);
  const { data } = brush.getImageData(0, 0, image.width, image.height);
  let grey = "";
  for (let i = 0; i < data.length; i += 4) grey += String.fromCharCode((data[i] * 2 + data[i + 1] * 5 + data[i + 2]) / 8);
  return [image.width, image.height, btoa(grey)];
}"""


class Visitor:
    """One person in one window. `page` is the tab in front."""

    def __init__(self, context: BrowserContext, demo: Demo) -> None:
        self.context = context
        self.demo = demo
        self.page = context.new_page()

    # Going places

    def begin(self, portal: str) -> None:
        """Opens a portal (its address) and presses *Sign in*."""
        self.page.goto(portal)
        self.page.click("#sign-in")

    def sign_in(self, portal: str, username: str, password: str = PASSWORD) -> None:
        """As far as the password goes."""
        self.begin(portal)
        self.give_password(username, password)

    def give_password(self, username: str, password: str = PASSWORD) -> None:
        self.press(username=username, password=password)

    def press(self, button: str = "continue", **filled: str) -> None:
        """Fills fields by id, presses the button with this id and waits for where that leads."""
        for field, value in filled.items():
            self.page.fill(f"#{field}", value)
        self.leave_by(self.page.locator(f"#{button}"))

    def leave_by(self, way: Locator) -> None:
        """Clicks, and waits for the next page, even when it looks like this one."""
        with self.page.expect_event("domcontentloaded"):
            way.click()

    def turn_to_new_tab(self) -> Page:
        """Opens another tab in the same browser and turns to it; the one before is returned."""
        before, self.page = self.page, self.context.new_page()
        return before

    # Reading

    @property
    def h1(self) -> str:
        return self.page.locator("h1").inner_text()

    @property
    def problems(self) -> str:
        """The text of the error summary."""
        return self.page.locator("#error-summary").inner_text()

    def assert_on(self, heading: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)

    def assert_signed_in(self, portal: str, username: str, strength: str, account: str = "") -> None:
        """The portal's home knows who this is and how they signed in."""
        user = next(user for user in USERS if user.username == username)
        assert self.page.url == f"{portal}/"
        self.assert_on(f"Welcome, {user.given_name} {user.family_name}")
        facts = dict(zip(self.texts(".facts dt"), self.texts(".facts dd"), strict=True))
        assert facts["With"] == strength
        if account:
            assert facts["Account"] == account

    def assert_turned_away(self, portal: str) -> None:
        """Back at the portal, signed out, and told so."""
        assert self.page.url == f"{portal}/"
        assert "cancelled or refused" in self.problems
        expect(self.page.locator("#sign-in")).to_be_visible()

    def texts(self, selector: str) -> list[str]:
        return self.page.locator(selector).all_inner_texts()

    # Phones

    def app_code(self, key: str, steps: int = 0) -> str:
        """What an authenticator app with this key shows, `steps` of 30 seconds from now."""
        return pyotp.TOTP(key).at(self.demo.clock.now() + 30 * steps)

    def scan(self, selector: str = "#totp-qr") -> str:
        """What a phone reads off the screen. It knows dark codes on a light ground only, as some scanners do."""
        png = self.page.locator(selector).screenshot()
        with self.context.new_page() as scanner:
            width, height, grey = scanner.evaluate(_GREY_PIXELS, base64.b64encode(png).decode())
        pixels = memoryview(base64.b64decode(grey)).cast("B", shape=[height, width])
        found = zxingcpp.read_barcode(pixels, try_invert=False)
        assert found is not None, "no QR code can be read off the screen"
        return found.text

    def enrol(self) -> str:
        """Scans the QR code and confirms with the first code; the key that the app keeps."""
        found = re.search(r"[?&]secret=([A-Z2-7]+)", self.scan())
        assert found is not None
        self.press(code=self.app_code(found[1]))
        return found[1]


@contextmanager
def visiting(browser: Browser, demo: Demo, **options: Any) -> Iterator[Visitor]:
    """A visitor with a new browser. `options` are Playwright's for `new_context`.

    Fails in the end when a page's script failed or complained, when the content security policy refused something, when
    something that a page needs was not there, or when anything was asked of another machine.
    """
    faults: list[str] = []

    def asked(request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.hostname not in ("localhost", "127.0.0.1"):
            faults.append(f"asked of another machine: {request.url}")

    def answered(response: Response) -> None:
        if response.status >= 500 and "retry-after" not in response.headers:
            faults.append(f"{response.status} from {response.url}")
        elif response.status >= 400 and response.request.resource_type != "document":
            faults.append(f"a page needs {response.url}, which is {response.status}")

    def said(message: ConsoleMessage) -> None:
        # Chromium mentions every page whose status is 400 or more; forms that failed are such pages.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            faults.append(message.text)

    with fresh_context(browser, **{"viewport": WIDE, **options}) as context:
        context.add_init_script(TELL_VIOLATIONS)
        context.on("request", asked)
        context.on("response", answered)
        context.on("console", said)
        context.on("weberror", lambda error: faults.append(f"script error: {error.error}"))
        yield Visitor(context, demo)
    assert not faults, "The browser complained:\n" + "\n".join(faults)
