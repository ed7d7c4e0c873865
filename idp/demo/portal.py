"""A demo portal: a relying party made with Authlib's Starlette client, as an integrator would write one."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

import httpx
from authlib.integrations.base_client import OAuthError
from authlib.integrations.starlette_client import OAuth
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from idp.demo.logout_token import REFUSALS, Logout, read_logout_token
from idp.demo.portal_sessions import BrowserSessions, Kept
from idp.demo.world import BACKCHANNEL_LOGOUT, ID_TOKEN_ALG, PASSWORD, USERS, DemoPortal
from idp.web.branding import brand_of
from idp.web.headers import content_security_policy
from idp.web.pages.demo import PortalHomePage, PortalPage, TokenView
from idp.web.pages.frame import Frame, Page, Problem
from idp.web.templating import Assets, Pages

LEVELS = {"pwd": "Password", "otp": "authenticator app", "sms": "text message", "pop": "Passkey"}


class Portal:
    """One portal: home, sign-in, callback, sign-out. `now` is what it takes for the time when it judges a logout token."""

    def __init__(
        self, portal: DemoPortal, url: str, issuer: str, provider: str, now: Callable[[], float] = time.time
    ) -> None:
        self._portal = portal
        self._url = url
        self._issuer = issuer
        self._provider = provider
        self._now = now
        self._kept = Kept()
        self._pages = Pages(Assets())
        self._client = self._register()

    def _register(self) -> Any:
        return OAuth().register(
            name=self._portal.client_id,
            client_id=self._portal.client_id,
            client_secret=self._portal.secret,
            server_metadata_url=f"{self._issuer}/.well-known/openid-configuration",
            client_kwargs={"scope": "openid profile email phone account", "code_challenge_method": "S256"},
        )

    def app(self) -> ASGIApp:
        routes = [
            Route("/", self.home),
            Route("/login", self.login),
            Route("/callback", self.callback),
            Route("/logout", self.logout, methods=["POST"]),
            Route(BACKCHANNEL_LOGOUT, self.backchannel_logout, methods=["POST"]),
            Route("/static/{name}", self.static),
        ]
        cookie = f"demo-{self._portal.client_id}"
        return Starlette(routes=routes, middleware=[Middleware(BrowserSessions, cookie=cookie, kept=self._kept)])

    async def home(self, request: Request) -> Response:
        token = request.session.get("token")
        message = request.session.pop("message", "")
        if token is None:
            frame = self._frame()
            problems = (Problem("sign-in", message),) if message else ()
            people = tuple((user.username, user.shows) for user in USERS)
            page = PortalPage(
                frame=frame,
                tagline=self._portal.tagline,
                problems=problems,
                notice=request.session.pop("notice", ""),
                people=people,
                password=PASSWORD,
            )
            return self._render(page)
        return self._render(self._home_page(token))

    async def login(self, request: Request) -> Response:
        """Starts the code flow; `?step_up=1` asks for a second factor, `?account=` for one of several accounts."""
        extra: dict[str, str] = {}
        if request.query_params.get("step_up"):
            extra["acr_values"] = f"{self._issuer}/acr/mfa"
        if account := request.query_params.get("account"):
            extra["account_hint"] = account
        try:
            answer: Response = await self._client.authorize_redirect(request, f"{self._url}/callback", **extra)
        except httpx.HTTPError:
            request.session["message"] = "The sign-in service does not answer. Please try again in a minute."
            return RedirectResponse("/", 303)
        return answer

    async def callback(self, request: Request) -> Response:
        if request.query_params.get("iss") != self._issuer:
            # RFC 9207: an answer of another issuer is a mix-up attack.
            request.session["message"] = "The answer did not come from our sign-in service. Please try again."
            return RedirectResponse("/", 303)
        try:
            token = await self._client.authorize_access_token(request)
            claims = await self._client.userinfo(token=token)
        except (OAuthError, JoseError, httpx.HTTPError) as error:
            request.session["message"] = _reason(error)
            return RedirectResponse("/", 303)
        request.session["token"] = {**token, "claims_at_userinfo": dict(claims)}
        return RedirectResponse("/", 303)

    async def logout(self, request: Request) -> Response:
        """Ends the portal's session, then the one at the identity provider (RP-Initiated Logout 1.0)."""
        token = request.session.pop("token", None) or {}
        metadata = await self._client.load_server_metadata()
        query = {
            "id_token_hint": token.get("id_token", ""),
            "post_logout_redirect_uri": f"{self._url}/",
            "client_id": self._portal.client_id,
        }
        query = {name: value for name, value in query.items() if value}
        return RedirectResponse(f"{metadata['end_session_endpoint']}?{urlencode(query)}", 303)

    async def backchannel_logout(self, request: Request) -> Response:
        """The identity provider says that a session is over (Back-Channel Logout 1.0 §2.5); the answer is as §2.8 has it."""
        headers = {"cache-control": "no-store"}
        async with request.form() as form:
            tokens = form.getlist("logout_token")
        try:
            logout = await self._judge(str(tokens[0]) if len(tokens) == 1 else "")
        except REFUSALS as error:
            refusal = {"error": "invalid_request", "error_description": str(error)}
            return JSONResponse(refusal, 400, headers)
        self._kept.end(logout, f"You were signed out by {self._provider}.", self._now())
        return Response(status_code=200, headers=headers)

    async def _judge(self, token: str) -> Logout:
        judge = partial(
            read_logout_token,
            token,
            issuer=self._issuer,
            client_id=self._portal.client_id,
            alg=ID_TOKEN_ALG,
            now=int(self._now()),
        )
        try:
            return judge(KeySet.import_key_set(await self._client.fetch_jwk_set()))
        except InvalidKeyIdError:  # the keys may have been rotated since
            return judge(KeySet.import_key_set(await self._client.fetch_jwk_set(force=True)))

    async def static(self, request: Request) -> Response:
        asset = self._pages.assets.serve(request.path_params["name"])
        if asset is None:
            return Response(status_code=404)
        return Response(
            asset.body, media_type=asset.content_type, headers={"cache-control": "public, max-age=31536000"}
        )

    def _home_page(self, token: dict[str, Any]) -> Page:
        identity = token["userinfo"]
        claims = token["claims_at_userinfo"]
        path = [node["number"] for node in claims.get("account_path", [])]
        names = {claims["account"]["number"]: claims["account"]["name"]} if "account" in claims else {}
        if "reseller" in claims:
            names[claims["reseller"]["number"]] = claims["reseller"]["name"]
        home = f"{self._url}/"
        return PortalHomePage(
            frame=self._frame(who=claims.get("preferred_username", identity["sub"])),
            person=claims.get("name", identity["sub"]),
            breadcrumb=tuple(names.get(number, number) for number in path),
            strength=_strength(identity.get("amr", [])),
            tokens=(
                TokenView.of(
                    "id-token", "ID token", "Tells this portal who signed in.", dict(identity), token["id_token"]
                ),
                TokenView.of("user-info", "User info", "Answered by /userinfo.", claims),
                TokenView.of(
                    "access-token", "Access token", "For APIs; the portal does not read it.", {}, token["access_token"]
                ),
            ),
            my_mfa=f"{self._issuer}/account/mfa?{urlencode({'return': home})}",
            change_password=f"{self._issuer}/account/password?{urlencode({'return': home})}",
            step_up="" if "mfa" in identity.get("amr", []) else "/login?step_up=1",
            facts=_facts(claims),
        )

    def _frame(self, who: str = "") -> Frame:
        brand = brand_of(self._portal.client_id)
        return Frame(
            portal=self._portal.name,
            provider=self._provider,
            support_name=f"{self._provider} support",
            support_email="support@500.example",
            accent=brand.accent,
            mark=brand.mark,
            who=who,
        )

    def _render(self, page: Page) -> Response:
        headers = {
            # The sign-out form ends at the identity provider and comes back: browsers check the whole chain.
            "content-security-policy": content_security_policy([self._issuer]),
            "cache-control": "no-store",
            "referrer-policy": "no-referrer",
        }
        return HTMLResponse(self._pages.render(page), headers=headers)


def _strength(amr: list[str]) -> str:
    ways = [LEVELS[method] for method in amr if method in LEVELS]
    return " and ".join(ways) or "unknown"


def _facts(claims: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    roles = ", ".join(role.capitalize() for role in claims.get("roles", []))
    permissions = ", ".join("Use 2FA" if p == "use_2fa" else p for p in claims.get("permissions", []))
    return (("Role", roles or "none"), ("Permissions", permissions or "none"))


def _reason(error: Exception) -> str:
    """What the visitor reads when the sign-in ended without a code."""
    if isinstance(error, OAuthError) and error.error == "access_denied":
        return "You were not signed in: the sign-in was cancelled or refused."
    return "The sign-in did not work. Please try again."
