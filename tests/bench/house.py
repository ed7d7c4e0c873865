"""This house as a subject: `idp serve` with a configuration file, over a database filled through the storage layer."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy import update

from idp.adapters.clock import SystemClock
from idp.adapters.entropy import SystemEntropy
from idp.adapters.sealing import SealingRing
from idp.bootstrap import fresh_sealing_key
from idp.bootstrap.sealing import settle_sealing_key
from idp.config import Starter
from idp.domain.accounts import Kind
from idp.domain.assurance import Evidence, Method
from idp.domain.clients import Client
from idp.domain.grants import NewGrant
from idp.domain.ids import ID_BYTES, SECRET_BYTES, Prefix, identifier, secret_hash, secret_token
from idp.domain.people import Person, Role
from idp.domain.sessions import Session
from idp.storage.engine import open_store
from idp.storage.migrate import upgrade
from idp.storage.tables import grants
from idp.storage.unit_of_work import UnitOfWork
from tests.bench.subject import (
    API,
    API_RS256,
    API_SECRET,
    FRESH,
    PORTAL,
    PORTAL_SECRET,
    REDIRECT,
    SCOPE,
    VERIFIER,
    Subject,
    running,
)
from tests.support.network import free_port

PATHS = {
    "discovery": "/.well-known/openid-configuration",
    "jwks": "/jwks",
    "token": "/token",
    "introspect": "/introspect",
    "userinfo": "/userinfo",
}
PEOPLE = 200
DAY = 24 * 60 * 60
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
MORE = """
[keys]
directory = "{keys}"
algorithms = [{algorithms}]
rsa_bits = 2048
"""
CLIENTS = (
    Client(PORTAL, "Portal", (REDIRECT,), scope=SCOPE, id_token_alg="ES256"),
    *(Client(name, "API", scope="accounts:read", grant_types=("client_credentials",)) for name in (API, API_RS256)),
)


@contextmanager
def house(name: str, folder: Path, database_url: str, workers: int, codes: int) -> Iterator[Subject]:
    """Serves while the block lasts, and beside it a second one over the same database that signs with RSA only.

    RSA keys are of 2048 bits, like the peer's. `codes` sign-ins are prepared.
    """
    sealing_key = fresh_sealing_key("bench")
    made = asyncio.run(_fill(database_url, sealing_key, codes))
    with ExitStack() as stack:
        subjects = []
        for algorithms in (("RS256", "ES256"), ("RS256",)):
            home = folder / f"{name}-{len(algorithms)}"
            url = _configure(home, sealing_key, database_url, workers, algorithms)
            process, seconds = stack.enter_context(_served(home, url))
            subjects.append(Subject(name, workers, url, process, seconds, PATHS, made))
        subjects[0].rs256 = subjects[1]
        yield subjects[0]


def starts(home: Path, database_url: str, times: int) -> list[float]:
    """Seconds from starting the program to its first answer, `times` times; the first start, which makes keys, is not one."""
    sealing_key = fresh_sealing_key("bench")
    asyncio.run(_fill(database_url, sealing_key, 0))
    url = _configure(home, sealing_key, database_url, 1, ("RS256", "ES256"))
    found = []
    for _ in range(times + 1):
        with _served(home, url) as (_, seconds):
            found.append(seconds)
    return found[1:]


def _configure(home: Path, sealing_key: str, database_url: str, workers: int, algorithms: Sequence[str]) -> str:
    """Writes `home/config.toml` and answers where the server will be."""
    home.mkdir(parents=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    text = Starter(url, sealing_key, port=port, database_url=database_url).toml()
    text = text.replace(f"port = {port}\n", f"port = {port}\nworkers = {workers}\n", 1)
    quoted = ", ".join(f'"{algorithm}"' for algorithm in algorithms)
    (home / "config.toml").write_text(text + MORE.format(keys=home / "keys", algorithms=quoted))
    return url


@contextmanager
def _served(home: Path, url: str) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    command: list[str | Path] = [sys.executable, "-m", "idp.cli", "serve", "--config", home / "config.toml"]
    with (home / "server.log").open("ab") as log, running(command, url, log) as started:
        yield started


def renew(database_url: str) -> None:
    """Makes every code that is for measuring as if nobody had used it."""
    asyncio.run(_renew(database_url))


async def _renew(database_url: str) -> None:
    store = open_store(database_url)
    try:
        async with store.gate.turn(), store.writer() as connection:
            await connection.begin()
            again = update(grants).where(grants.c.nonce == "measured", grants.c.code_used_at.is_not(None))
            await connection.execute(
                again.values(code_used_at=None, generation=0, rotated_at=None, idle_expires_at=None)
            )
            await connection.commit()
    finally:
        await store.close()


async def _fill(database_url: str, sealing_key: str, codes: int) -> list[str]:
    await upgrade(database_url)
    store, now = open_store(database_url), int(time.time())
    try:
        # As the first start does: a database with people in it accepts no other key.
        await settle_sealing_key(store, SealingRing([sealing_key], SystemEntropy()), SystemClock())
        async with store.write() as uow:
            await uow.accounts.add("acc_op", "OP-1", "500 Telecom", Kind.OPERATOR, None, now)
            await uow.accounts.add("acc_north", "RS-10023", "Northern Voice", Kind.RESELLER, "acc_op", now)
            await uow.accounts.add("acc_harbour", "EC-20017", "Harbour Dental", Kind.END_CLIENT, "acc_north", now)
            for client in CLIENTS:
                secret = PORTAL_SECRET if client.client_id == PORTAL else API_SECRET
                await uow.clients.put(replace(client, secret_hashes=((secret_hash(secret), None),)), "bench", now)
            for n in range(PEOPLE):
                await _person(uow, n, now)
        made: list[str] = []
        while len(made) < codes:
            async with store.write() as uow:
                made += [await _code(uow, n, now) for n in range(len(made), min(len(made) + 500, codes))]
        return made
    finally:
        await store.close()


async def _person(uow: UnitOfWork, n: int, now: int) -> None:
    person = Person(
        f"usr_{n}", f"dana{n}", f"dana{n}@bench.example", "Dana", f"Reed {n}", email_verified=True, updated_at=now
    )
    await uow.people.add(person, now)
    await uow.people.add_membership(f"mem_{n}", person.id, "acc_harbour", Role.USER, True, now)
    evidence = Evidence({Method.PASSWORD: now, Method.TOTP: now})
    session = Session(f"ses_{n}", secrets.token_bytes(32), person.id, 0, b"browser", evidence, now, now, now + DAY)
    await uow.sessions.add(session)


async def _code(uow: UnitOfWork, n: int, now: int) -> str:
    code, person = secret_token(secrets.token_bytes(SECRET_BYTES)), n % PEOPLE
    grant = NewGrant(
        id=identifier(Prefix.GRANT, secrets.token_bytes(ID_BYTES)),
        client_id=PORTAL,
        user_id=f"usr_{person}",
        membership_id=f"mem_{person}",
        account_id="acc_harbour",
        session_id=f"ses_{person}",
        user_epoch=0,
        account_epoch=0,
        scope=SCOPE,
        evidence=Evidence({Method.PASSWORD: now, Method.TOTP: now}),
        acr="urn:bench:mfa",
        code_hash=secret_hash(code),
        code_challenge=CHALLENGE,
        redirect_uri=REDIRECT,
        code_expires_at=now + DAY,
        expires_at=now + 14 * DAY,
        created_at=now,
        nonce="measured" if n >= FRESH else "fresh",
        offline=True,
    )
    await uow.grants.add(grant)
    return code
