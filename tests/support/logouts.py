"""What a strict relying party does about Back-Channel Logout 1.0: it listens, and believes one kind of token only."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

from tests.support.certificates import Certificate
from tests.support.house import House
from tests.support.http_server import Answer, Asked, HttpServer
from tests.support.relying_party import RelyingParty

EVENT = "http://schemas.openid.net/event/backchannel-logout"
MEMBERS = {"iss", "aud", "iat", "exp", "jti", "events", "sub", "sid"}
LONGEST_SECONDS = 120
PATIENCE_SECONDS = 15


class LogoutListener:
    """A client's logout endpoint, at `uri`. `answer` is what it says next; while `busy` is set it says nothing yet."""

    def __init__(self, certificate: Certificate | None = None) -> None:
        self.answer: Callable[[], Answer | None] = Answer
        self.busy = threading.Event()
        self._free = threading.Event()
        self._server = HttpServer(self._take, certificate)
        self._seen = 0

    @property
    def uri(self) -> str:
        return f"{self._server.url}/logout?tenant=1"

    @property
    def calls(self) -> list[Asked]:
        return self._server.asked

    def _take(self, _asked: Asked) -> Answer | None:
        if self.busy.is_set():
            self._free.wait(PATIENCE_SECONDS)
        return self.answer()

    def release(self) -> None:
        self.busy.clear()
        self._free.set()

    async def hear(self, house: House, party: RelyingParty) -> dict[str, Any]:
        """The claims of the next logout token, once it has come, after judging it as `party` must."""
        await self.wait_for(house, self._seen + 1)
        self._seen += 1
        return await read_logout_token(self.calls[self._seen - 1], party)

    async def wait_for(self, house: House, calls: int) -> None:
        """Until it was called so often."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(self.calls) < calls:
            assert time.monotonic() < deadline, f"called {len(self.calls)} times, not {calls}"
            await house.deliver()
            await asyncio.sleep(0.02)

    async def heard_nothing(self, house: House) -> bool:
        """Whether nothing came beyond what `hear` returned, now that everything that is due has been sent."""
        await house.deliver()
        return len(self.calls) == self._seen

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()
        self._server.__exit__(kind, error, at)


async def read_logout_token(call: Asked, party: RelyingParty) -> dict[str, Any]:
    """Back-Channel Logout 1.0 §2.4 to §2.6, every sentence of it, and SECURITY-CASES LO10."""
    assert call.method == "POST"
    assert call.path == "/logout?tenant=1"
    assert call.headers["content-type"] == "application/x-www-form-urlencoded"
    pairs = parse_qsl(call.body.decode("ascii"), strict_parsing=True)
    assert [name for name, _ in pairs] == ["logout_token"]
    claims = await party.verifier.logout_token(pairs[0][1])
    assert claims.keys() == MEMBERS, "nonce, or something else that does not belong into it"
    assert (claims["iss"], claims["aud"]) == (party.issuer, party.client_id)
    assert claims["events"] == {EVENT: {}}
    assert claims["iat"] <= party.now() < claims["exp"] <= claims["iat"] + LONGEST_SECONDS
    assert all(isinstance(claims[name], str) and claims[name] for name in ("jti", "sub", "sid"))
    return claims
