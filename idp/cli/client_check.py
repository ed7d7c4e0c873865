"""What `idp client test` tries, from this machine."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import httpx2

from idp.domain.clients import Client

SECONDS = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried, and what came of it."""

    what: str
    ok: bool
    detail: str


async def check_client(issuer: str, client: Client, ca_bundle: Path | None) -> list[Finding]:
    """Calls our own discovery document and the client's addresses. Any answer but a server error counts as being there."""
    tls = ssl.create_default_context(cafile=ca_bundle)
    async with httpx2.AsyncClient(timeout=SECONDS, follow_redirects=False, trust_env=False, verify=tls) as http:
        findings = [await _discovery(http, issuer)]
        web = [uri for uri in client.redirect_uris if uri.startswith(("http://", "https://"))]
        findings += [await _answers(http, "GET", "redirect URI", uri) for uri in web]
        if client.backchannel_logout_uri:
            # Without a logout token the client has to refuse (400), which shows that somebody listens.
            findings.append(await _answers(http, "POST", "back-channel logout", client.backchannel_logout_uri))
        return findings


async def _discovery(http: httpx2.AsyncClient, issuer: str) -> Finding:
    url = f"{issuer}/.well-known/openid-configuration"
    try:
        answer = await http.get(url)
        named = answer.json().get("issuer") if answer.status_code == 200 else None
    except (httpx2.HTTPError, ValueError, AttributeError) as error:
        return Finding("discovery", False, f"{url}: {_reason(error)}. Start the server with idp serve.")
    if named != issuer:
        return Finding("discovery", False, f"{url} names the issuer {named}. Correct server.issuer or the proxy.")
    return Finding("discovery", True, url)


async def _answers(http: httpx2.AsyncClient, method: str, what: str, uri: str) -> Finding:
    try:
        status = (await http.request(method, uri)).status_code
    except httpx2.HTTPError as error:
        return Finding(what, False, f"{uri}: {_reason(error)}. Start the client, or correct the address.")
    if status >= 500 or status == 404:
        return Finding(what, False, f"{uri} answers {status}. Correct the address, or look into the client's log.")
    return Finding(what, True, f"{uri} answers {status}")


def _reason(error: Exception) -> str:
    return (
        "no answer in time"
        if isinstance(error, httpx2.TimeoutException)
        else f"no usable answer ({type(error).__name__})"
    )
