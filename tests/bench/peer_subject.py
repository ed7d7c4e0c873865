"""`oidc-provider`, the certified provider for Node, as a subject: tests/bench/peer over the same PostgreSQL server."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
from joserfc.jwk import ECKey, RSAKey

from tests.bench.house import CHALLENGE, PEOPLE
from tests.bench.subject import (
    API,
    API_RS256,
    API_SECRET,
    FRESH,
    PORTAL,
    PORTAL_SECRET,
    REDIRECT,
    SCOPE,
    Subject,
    SubjectFailed,
    running,
)
from tests.support.network import free_port
from tests.support.node import node_program, packages_of

FOLDER = Path(__file__).with_name("peer")
PATHS = {
    "discovery": "/.well-known/openid-configuration",
    "jwks": "/jwks",
    "token": "/token",
    "introspect": "/token/introspection",
    "userinfo": "/me",
}
PROVISION_SECONDS = 300


@contextmanager
def peer(name: str, folder: Path, database_url: str, workers: int, codes: int) -> Iterator[Subject]:
    """Serves while the block lasts. `codes` sign-ins are prepared. Raises `NodeUnavailable` and `SubjectFailed`."""
    packages_of(FOLDER)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        "NODE_ENV": "production",
        "PEER_DATABASE": libpq(database_url),
        "PEER_SETTINGS": json.dumps(_settings(url, port, workers, codes)),
    }
    made = _fill(environment)
    with (folder / f"{name}.log").open("wb") as log:
        command = [node_program(), FOLDER / "serve.mjs"]
        with running(command, url, log, environment) as (process, seconds):
            yield Subject(name, workers, url, process, seconds, PATHS, made)


def renew(database_url: str, codes: list[str]) -> None:
    """Makes every code that is for measuring as if nobody had used it."""
    asyncio.run(_renew(libpq(database_url), codes[FRESH:]))


async def _renew(url: str, codes: list[str]) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "UPDATE oidc_payloads SET consumed_at = NULL "
            "WHERE type = 'AuthorizationCode' AND consumed_at IS NOT NULL AND id = ANY($1)",
            codes,
        )
    finally:
        await connection.close()


def libpq(database_url: str) -> str:
    """The URL without SQLAlchemy's driver."""
    return database_url.replace("postgresql+asyncpg://", "postgresql://", 1)


def _settings(url: str, port: int, workers: int, codes: int) -> dict[str, Any]:
    keys = [
        {**ECKey.generate_key("P-256").as_dict(private=True), "use": "sig", "alg": "ES256", "kid": "es"},
        {**RSAKey.generate_key(2048).as_dict(private=True), "use": "sig", "alg": "RS256", "kid": "rs"},
    ]
    return {
        "issuer": url,
        "port": port,
        "workers": workers,
        "jwks": {"keys": keys},
        "clients": [
            {"id": PORTAL, "secret": PORTAL_SECRET, "redirectUri": REDIRECT},
            {"id": API, "secret": API_SECRET},
            {"id": API_RS256, "secret": API_SECRET},
        ],
        "provision": {"codes": codes, "people": PEOPLE, "scope": SCOPE, "challenge": CHALLENGE},
    }


def _fill(environment: dict[str, str]) -> list[str]:
    done = subprocess.run(
        [node_program(), FOLDER / "provision.mjs"],
        env=environment, capture_output=True, text=True, timeout=PROVISION_SECONDS, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SubjectFailed(f"the peer's database could not be filled: {done.stderr[-2000:]}")
    return done.stdout.split()
