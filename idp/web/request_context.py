"""What routes know about a request besides its form: the house it came to, who seems to send it, and what the answer may do.

`context_of(request)` is how a route gets it; `Site` is the same for all requests of a process.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field, replace

from starlette.requests import Request
from starlette.types import Scope

from idp.domain.audit import Actor
from idp.domain.ids import SECRET_BYTES, reference, secret_token
from idp.ports import Ports
from idp.web.addresses import Addresses
from idp.web.branding import PROVIDER
from idp.web.cookies import Cookie, Cookies
from idp.web.issuer import Issuer
from idp.web.pages.frame import Frame
from idp.web.runtime import Runtime
from idp.web.templating import Assets, Pages

USER_AGENT_LENGTH = 200

_SOURCE = re.compile(r"[a-z][a-z0-9+.-]*:(//[a-z0-9.:\[\]_-]+)?")
_CONTEXT = "idp.context"


@dataclass(frozen=True, slots=True)
class Site:
    """What the web layer makes of a runtime once, at start-up."""

    issuer: Issuer
    ports: Ports
    pages: Pages
    cookies: Cookies
    addresses: Addresses
    provider: str
    """Its name, as pages show it."""
    is_demo: bool

    @classmethod
    def of(cls, runtime: Runtime) -> Site:
        """Raises `ConfigurationError` for an issuer or a proxy that cannot be."""
        issuer = Issuer.parse(runtime.ports.rules.issuer)
        return cls(
            issuer=issuer,
            ports=runtime.ports,
            pages=Pages(Assets(issuer.path("/static")), runtime.templates_dir),
            cookies=Cookies(issuer.is_secure),
            addresses=Addresses(runtime.settings.server.trusted_proxies),
            provider=runtime.settings.branding.provider,
            is_demo=runtime.dev_outbox is not None,
        )

    def plain_frame(self) -> Frame:
        """The frame of pages that belong to no portal and hold no form."""
        support = self.ports.rules.support
        return Frame(
            portal=self.provider,
            provider=self.provider,
            support_name=support.name,
            support_email=support.email,
            mark=PROVIDER.mark,
        )


@dataclass(slots=True)
class RequestContext:
    """One request, and what its answer is allowed to do."""

    site: Site
    scope: Scope
    request_id: str
    address: str
    user_agent: str
    form_actions: list[str] = field(default_factory=list)
    frame_sources: list[str] = field(default_factory=list)
    nonce: str = ""
    minted_browser: str = ""

    @classmethod
    def begin(cls, site: Site, scope: Scope) -> RequestContext:
        """The context of a new request, kept in its scope."""
        context = cls(
            site,
            scope,
            request_id=base64.b32encode(site.ports.entropy.bytes(10)).decode().lower(),
            address=site.addresses.client(scope),
            user_agent=_user_agent(scope),
        )
        scope[_CONTEXT] = context
        return context

    def actor(self, user_id: str = "") -> Actor:
        """Who does this, for the audit trail and the throttles."""
        return Actor(user_id, self.address, self.user_agent, self.request_id)

    @property
    def browser(self) -> str:
        """The secret of this browser: its cookie, or a new one that the answer sets. Store its hash only."""
        if not self.minted_browser:
            known = self.known_browser
            if known is not None:
                return known
            self.minted_browser = secret_token(self.site.ports.entropy.bytes(SECRET_BYTES))
        return self.minted_browser

    @property
    def known_browser(self) -> str | None:
        """The secret that the browser sent; none is made when there is none."""
        return self.site.cookies.read(self.scope, Cookie.BROWSER)

    @property
    def session_token(self) -> str | None:
        """The secret of the session cookie, which may open a session or nothing."""
        return self.site.cookies.read(self.scope, Cookie.SESSION)

    @property
    def form_token(self) -> str:
        """What the forms of this browser carry, for browsers that do not say where a form comes from."""
        return form_tokens(self.site.ports, self.browser, self.session_token)[0]

    def frame(self) -> Frame:
        """The frame of pages that belong to no portal, with the form token; `dataclasses.replace` adds what a page needs."""
        return replace(self.site.plain_frame(), form_token=self.form_token)

    def allow_form_action(self, origin: str) -> None:
        """Lets a form of this page lead to `origin` (`https://inbound.example`, or `myapp:` for an app's own scheme).

        Chrome and Safari check `form-action` on every redirect after a form is posted, so a page whose form may end at a
        client must name that client (SECURITY-CASES HD02). Call it with `domain.redirects.origin` of a *validated*
        redirect URI only. Raises ValueError for anything that could add a directive of its own to the policy.
        """
        self.form_actions.append(_source(origin))

    def allow_frame(self, origin: str) -> None:
        """Lets this page load a frame from the origin of a *registered* address. Raises ValueError as `allow_form_action`."""
        self.frame_sources.append(_source(origin))

    def script_nonce(self) -> str:
        """A nonce for the one inline script of the house, the form-post page's; the policy of this answer admits it."""
        self.nonce = self.nonce or secret_token(self.site.ports.entropy.bytes(SECRET_BYTES))
        return self.nonce

    def new_reference(self) -> str:
        """What a person reads out to support when something went wrong."""
        return reference(self.site.ports.entropy.bytes(8))


def context_of(request: Request) -> RequestContext:
    """The context of the request that a route is answering."""
    context: RequestContext = request.scope[_CONTEXT]
    return context


def _source(origin: str) -> str:
    """An origin as a policy names it. Raises ValueError for anything that could add a directive of its own."""
    if not _SOURCE.fullmatch(origin):
        raise ValueError(f"{origin!r} is not an origin.")
    # A policy cannot name an IPv6 address (CSP Level 3, host-source): its scheme stands for it.
    return f"{origin.partition(':')[0]}:" if "[" in origin else origin


def form_tokens(ports: Ports, browser: str, session: str | None) -> tuple[str, ...]:
    """The token of a browser's forms under each of our keys, the one to write first. It cannot be computed without a key,
    nor used with another browser's cookie, nor after the session it was made in has ended (SE07)."""
    digests = ports.mac.digests("form", browser, session or "")
    return tuple(base64.urlsafe_b64encode(digest).decode().rstrip("=") for digest in digests)


def _user_agent(scope: Scope) -> str:
    """The browser's name for itself, cut, and without characters that could forge a line of a log (IO10)."""
    found = next((value for name, value in scope["headers"] if name == b"user-agent"), b"")
    return "".join(c if " " <= c <= "~" else "?" for c in found[:USER_AGENT_LENGTH].decode("latin-1"))
