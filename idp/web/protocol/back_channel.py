"""The machine endpoints as plain ASGI: `/token`, `/userinfo`, `/introspect`, `/revoke`, `/jwks` and the metadata.

No framework on this path: it answers thousands of requests a second (DESIGN section 1). The edge has checked host, address
and declared size already and adds the headers that every answer carries.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from idp.domain.audit import Actor
from idp.oidc.answers import NO_STORE, ProtocolAnswer
from idp.oidc.clients import ClientRegistry
from idp.oidc.discovery import OAUTH_SERVER, OPENID_CONFIGURATION, metadata
from idp.oidc.token.back_channel import BackChannel
from idp.oidc.token.endpoint import token
from idp.oidc.token.form import MAX_BODY
from idp.oidc.token.introspection import introspect
from idp.oidc.token.revocation import revoke
from idp.oidc.token.userinfo import userinfo
from idp.web.addresses import Addresses

CACHED = (("Cache-Control", "public, max-age=300"),)
"""Five minutes: within them every relying party learns of a new key, which is published long before it signs."""
ANYBODY = (("Access-Control-Allow-Origin", "*"),)
PREFLIGHT_SECONDS = "600"

_to_json = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. Header names are in lower case, and each stands once."""

    method: str
    headers: Mapping[str, str]
    body: bytes
    actor: Actor


Headers = tuple[tuple[str, str], ...]
Handler = Callable[[Asked], Awaitable[ProtocolAnswer]]


def machines(back: BackChannel, addresses: Addresses) -> Mapping[str, ASGIApp]:
    """The endpoints by path, below the issuer."""
    issuer = back.issuer.issuer
    document = _document(metadata(issuer, back.keys))
    published = back.keys.jwks()
    key_set = _document(published)

    async def discover(_asked: Asked) -> ProtocolAnswer:
        return document

    async def jwks(_asked: Asked) -> ProtocolAnswer:
        nonlocal published, key_set
        await back.keys.refresh()
        if back.keys.jwks() is not published:
            published = back.keys.jwks()
            key_set = _document(published)
        return key_set

    async def on_token(asked: Asked) -> ProtocolAnswer:
        return await token(back, asked.headers, asked.body, asked.actor)

    async def on_userinfo(asked: Asked) -> ProtocolAnswer:
        return await userinfo(back, asked.method, asked.headers, asked.body)

    async def on_introspect(asked: Asked) -> ProtocolAnswer:
        return await introspect(back, asked.headers, asked.body)

    async def on_revoke(asked: Asked) -> ProtocolAnswer:
        return await revoke(back, asked.headers, asked.body, asked.actor)

    reading, posting = ("GET", "HEAD"), ("POST",)
    browsers = _Cors(back.clients)
    return {
        OPENID_CONFIGURATION: _Endpoint(discover, reading, addresses, shared=ANYBODY),
        OAUTH_SERVER: _Endpoint(discover, reading, addresses, shared=ANYBODY),
        "/jwks": _Endpoint(jwks, reading, addresses, shared=ANYBODY),
        "/token": _Endpoint(on_token, posting, addresses, cors=browsers),
        "/userinfo": _Endpoint(on_userinfo, ("GET", "POST"), addresses, cors=browsers),
        "/introspect": _Endpoint(on_introspect, posting, addresses),
        "/revoke": _Endpoint(on_revoke, posting, addresses, cors=browsers),
    }


class _Cors:
    """Which pages on the web may call from a browser: those at the redirect URIs of public clients, by name and never with
    cookies, which these endpoints do not read anyway."""

    def __init__(self, clients: ClientRegistry) -> None:
        self._clients = clients

    async def headers(self, origin: str | None) -> Headers:
        if origin is None:
            return ()
        known = origin in await self._clients.origins()
        allowed = (("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", "WWW-Authenticate"))
        return (*(allowed if known else ()), ("Vary", "Origin"))


class _Endpoint:
    """One path: its methods, its body, its answer. `shared` are headers of every answer, `cors` finds them by origin."""

    def __init__(
        self,
        handler: Handler,
        methods: tuple[str, ...],
        addresses: Addresses,
        *,
        cors: _Cors | None = None,
        shared: Headers = (),
    ) -> None:
        self._handler = handler
        self._methods = methods
        self._addresses = addresses
        self._cors = cors
        self._shared = shared

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method: str = scope["method"]
        headers, repeated = _headers(scope)
        # Before the work: a code must not be used up for an answer that then cannot be given.
        shared = await self._cors.headers(headers.get("origin")) if self._cors else self._shared
        if method == "OPTIONS" and (self._cors or self._shared):
            answer = self._preflight()
        elif method not in self._methods:
            answer = ProtocolAnswer(405, None, (*NO_STORE, ("Allow", ", ".join(self._methods))))
        elif repeated:
            answer = _refused("A header that decides about this request is sent twice.")
        else:
            body = await _body(receive) if method == "POST" else b""
            answer = _TOO_LONG if body is None else await self._handler(self._asked(scope, method, headers, body))
        await _send(send, answer, shared, with_body=method != "HEAD")

    def _asked(self, scope: Scope, method: str, headers: Mapping[str, str], body: bytes) -> Asked:
        actor = Actor(address=self._addresses.client(scope), user_agent=headers.get("user-agent", "")[:300])
        return Asked(method, headers, body, actor)

    def _preflight(self) -> ProtocolAnswer:
        return ProtocolAnswer(
            204,
            None,
            (
                ("Access-Control-Allow-Methods", ", ".join(self._methods)),
                ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
                ("Access-Control-Max-Age", PREFLIGHT_SECONDS),
            ),
        )


def _document(content: Mapping[str, Any]) -> ProtocolAnswer:
    """What everybody is answered with, encoded once."""
    return ProtocolAnswer(200, _to_json(content).encode("ascii"), CACHED)


def _refused(description: str, status: int = 400) -> ProtocolAnswer:
    return ProtocolAnswer(status, {"error": "invalid_request", "error_description": description})


_TOO_LONG = _refused("The body is longer than 64 kB.", 413)
_SINGLE = frozenset({"authorization", "content-type"})


def _headers(scope: Scope) -> tuple[dict[str, str], bool]:
    """The headers by name, and whether one that two readers could take differently is there twice."""
    headers: dict[str, str] = {}
    repeated = False
    for raw_name, value in scope["headers"]:
        name = raw_name.decode("latin-1")
        repeated = repeated or (name in headers and name in _SINGLE)
        headers[name] = value.decode("latin-1")
    return headers, repeated


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None when it is longer than any of ours, of which the rest is not read."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MAX_BODY:
            return None
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


@lru_cache(maxsize=256)
def _encoded(headers: Headers) -> tuple[tuple[bytes, bytes], ...]:
    """As ASGI has them. There are few: nearly every answer carries the same."""
    return tuple((name.lower().encode("ascii"), value.encode("latin-1")) for name, value in headers)


async def _send(send: Send, answer: ProtocolAnswer, shared: Headers, *, with_body: bool) -> None:
    body = b"" if answer.body is None else answer.body
    if not isinstance(body, bytes):
        body = _to_json(body).encode("ascii")
    headers = [*_encoded(answer.headers), *_encoded(shared)]
    if answer.body is not None:
        headers.append((b"content-type", b"application/json"))
    if answer.status != 204:
        headers.append((b"content-length", str(len(body)).encode("ascii")))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body if with_body else b""})
