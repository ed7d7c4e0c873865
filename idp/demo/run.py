"""Runs the demo: the identity provider and both portals in one process, on loopback, with a banner that explains them."""

from __future__ import annotations

import contextlib
import webbrowser
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from idp.bootstrap import Runtime, build
from idp.config import Settings
from idp.demo.portal import Portal
from idp.demo.seed import register_clients, seed, support_secret
from idp.demo.world import API_CLIENT, API_SECRET, PASSWORD, PORTALS, USERS
from idp.storage.migrate import upgrade
from idp.web.app import create_app
from idp.web.server import serving, stop_signal


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """`with_portals`: serve the two relying parties as well. `open_browser`: show the first portal when all is up."""

    with_portals: bool = True
    open_browser: bool = False


async def run_demo(settings: Settings, options: DemoOptions, say: Callable[[str], None]) -> None:
    """Migrates, seeds and serves until SIGINT or SIGTERM. `say` receives the banner, line by line.

    Raises `ConfigurationError` as `bootstrap.build` and `web.server.serving` do, a busy port among them.
    """
    await upgrade(settings.database.url)
    async with AsyncExitStack() as stack:
        runtime = await build(settings)
        stack.push_async_callback(runtime.close)
        await seed(runtime.store, runtime.ports)
        host, port = settings.server.host, settings.server.port
        await register_clients(runtime.store, runtime.ports, _name(settings), port)
        for portal in PORTALS if options.with_portals else ():
            url = portal.url(_name(settings), port)
            relying_party = Portal(portal, url, settings.server.issuer, runtime.ports.rules.mfa.issuer_name)
            await stack.enter_async_context(serving(relying_party.app(), host, port + portal.offset))
        await stack.enter_async_context(serving(create_app(runtime), host, port))
        for line in await banner(runtime, settings, options):
            say(line)
        if options.open_browser and options.with_portals:
            with contextlib.suppress(webbrowser.Error):
                webbrowser.open(PORTALS[0].url(_name(settings), port))
        await stop_signal()


async def banner(runtime: Runtime, settings: Settings, options: DemoOptions) -> list[str]:
    """What the start prints: where things are, who can sign in and what each of them shows, and a first token."""
    issuer, name, port = settings.server.issuer, _name(settings), settings.server.port
    places = [("Identity provider", issuer)]
    if options.with_portals:
        places += [(portal.name, portal.url(name, port)) for portal in PORTALS]
    places += [("Inbox (mails, texts)", f"{issuer}/dev/outbox")]
    places += [("Discovery", f"{issuer}/.well-known/openid-configuration")]
    wide = max(len(user.username) for user in USERS)
    key = await support_secret(runtime.store, runtime.ports)
    return [
        "",
        *(f"  {what:<22} {where}" for what, where in places),
        "",
        f"  Sign in with the password {PASSWORD} as",
        *(f"    {user.username:<{wide}}  {user.shows}" for user in USERS),
        "",
        f"  Authenticator key of support: {key or 'none, it was reset'}",
        "",
        "  A first token, without a browser:",
        f"    curl -u {API_CLIENT}:{API_SECRET} -d grant_type=client_credentials {issuer}/token",
        "",
        "  Ctrl+C stops it.",
        "",
    ]


def _name(settings: Settings) -> str:
    """The host as browsers are to call it: the issuer's, whatever address the server listens on."""
    return settings.server.issuer.split("://", 1)[1].rsplit(":", 1)[0].split("/")[0]
