"""What is asked of each provider, and what the house is to reach against the peer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.load import Requests
from tests.bench.subject import (
    API,
    API_RS256,
    API_SECRET,
    FRESH,
    PORTAL,
    PORTAL_SECRET,
    Subject,
    basic,
    code_prefix,
)

SPARE = 8
"""Refresh tokens beyond one for each connection: wrk asks for a request before it begins and throws it away."""
TOKENS = 16
OWN_TOKEN_BODY = "grant_type=client_credentials&scope=accounts:read"


@dataclass(frozen=True, slots=True)
class Workload:
    """`targets` by number of workers: how many times the peer's rate. `work` names the floors that one request cannot go
    below: `asgi` and what stands in `floors.Floors`."""

    name: str
    title: str
    work: tuple[str, ...]
    targets: dict[str, float]
    requests: Callable[[Subject, int], Requests]

    def server_of(self, subject: Subject) -> Subject:
        """RSA access tokens come from a server of their own in the house, and by another client at the peer."""
        return subject.rs256 if self.name == "cc-rs256" and subject.rs256 else subject


def _page(name: str) -> Callable[[Subject, int], Requests]:
    return lambda subject, _concurrency: Requests(subject.paths[name])


def _own_token(client_id: str) -> Callable[[Subject, int], Requests]:
    return lambda subject, _concurrency: Requests(
        subject.paths["token"], "POST", authorization=basic(client_id, API_SECRET), prefix=OWN_TOKEN_BODY
    )


def _refresh(subject: Subject, concurrency: int) -> Requests:
    tokens = [tokens["refresh_token"] for tokens in subject.sign_in(concurrency + SPARE)]
    prefix = "grant_type=refresh_token&refresh_token="
    return Requests(subject.paths["token"], "POST", "chain", basic(PORTAL, PORTAL_SECRET), prefix, tokens)


def _code(subject: Subject, _concurrency: int) -> Requests:
    codes = subject.codes[FRESH:]
    return Requests(subject.paths["token"], "POST", "once", basic(PORTAL, PORTAL_SECRET), code_prefix(), codes)


def _introspect(subject: Subject, _concurrency: int) -> Requests:
    tokens = [tokens["access_token"] for tokens in subject.sign_in(TOKENS)]
    return Requests(subject.paths["introspect"], "POST", "turns", basic(API, API_SECRET), "token=", tokens)


def _userinfo(subject: Subject, _concurrency: int) -> Requests:
    tokens = [tokens["access_token"] for tokens in subject.sign_in(TOKENS)]
    return Requests(subject.paths["userinfo"], "GET", "bearer", lines=tokens)


def both(times: float) -> dict[str, float]:
    return {"pg-1": times, "pg-2": times}


WORKLOADS = (
    Workload("discovery", "discovery", (), both(2.0), _page("discovery")),
    Workload("jwks", "JWKS", (), both(1.3), _page("jwks")),
    Workload("cc-es256", "client credentials, ES256", ("read", "es256"), {"pg-1": 1.7, "pg-2": 2.6}, _own_token(API)),
    Workload("cc-rs256", "client credentials, RS256", ("read", "rs256"), {"pg-2": 1.3}, _own_token(API_RS256)),
    Workload("refresh", "refresh rotation", ("commit", "es256", "es256"), {**both(2.5), "sqlite-1": 3.0}, _refresh),
    Workload("code", "code exchange", ("commit", "es256", "es256"), both(3.0), _code),
    Workload("introspect", "introspection", ("read", "verify"), both(3.0), _introspect),
    Workload("userinfo", "userinfo", ("read", "verify"), both(2.0), _userinfo),
)

LATENCY_TARGET = 0.3
"""Of the peer's p99, at most."""
MEMORY_TARGET = 0.35
"""Of the peer's resident memory, at most."""
