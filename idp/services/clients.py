"""Registering relying parties: from the command line, from configuration files, and rotating their secrets."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from idp.domain.audit import Actor, AuditEvent, Event
from idp.domain.clients import AuthMethod, Client
from idp.domain.ids import secret_hash
from idp.domain.redirects import LOOPBACK
from idp.domain.registration import RegistrationRefused, read_client
from idp.errors import Conflict, InvalidInput, NotFound
from idp.ports import Ports
from idp.services.minting import new_secret
from idp.storage.unit_of_work import Store, UnitOfWork

WITH_SECRET = frozenset({AuthMethod.BASIC, AuthMethod.POST})
CHOSEN_SECRET_MIN = 32
"""Characters of a secret that somebody wrote into a file: it is stored under a fast hash, so it must not be guessable."""


class Outcome(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Registered:
    """A client as it is stored now. `secret` is there this once, when it was generated."""

    client: Client
    outcome: Outcome
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class RegisterClient:
    """A new client. `metadata` has RFC 7591 names; the operator's `policy` is one member of it."""

    metadata: Mapping[str, Any]
    source: str = "cli"
    actor: Actor = Actor(id="cli")


@dataclass(frozen=True, slots=True)
class ApplyClient:
    """A client that is to be as `metadata` says, new or not. `client_secret` in it is the secret to have.

    Without one a secret is generated for a new client when `may_generate`; where nobody could be shown it, that is refused.
    """

    metadata: Mapping[str, Any]
    source: str = "cli"
    actor: Actor = Actor(id="cli")
    may_generate: bool = True


@dataclass(frozen=True, slots=True)
class RotateSecret:
    """A new secret; those that are valid now stay so for `overlap_seconds`, so that the client can be changed over."""

    client_id: str
    overlap_seconds: int = 7 * 24 * 60 * 60
    actor: Actor = Actor(id="cli")


async def register_client(store: Store, ports: Ports, command: RegisterClient) -> Registered:
    """Registers a new client and generates its secret. Raises `InvalidInput` and `Conflict` (the id is taken)."""
    client = _judged(command.metadata)
    client, secret = _with_new_secret(client, ports)
    async with store.write() as uow:
        if await uow.clients.get(client.client_id) is not None:
            raise Conflict(f"The client id {client.client_id} is taken. Choose another one, or use idp client apply.")
        return await _put(uow, ports, client, command.source, command.actor, Outcome.CREATED, secret)


async def apply_client(store: Store, ports: Ports, command: ApplyClient) -> Registered:
    """Makes a client what the metadata says; doing it twice changes nothing (UX I5).

    Raises `InvalidInput`, and `Conflict` for a client that another source owns.
    """
    metadata = dict(command.metadata)
    chosen = metadata.pop("client_secret", None)
    wanted = _judged(metadata)
    if chosen is not None:
        _check_chosen(wanted, chosen, ports)
    async with store.write() as uow:
        stored = await uow.clients.get(wanted.client_id)
        outcome = Outcome.CREATED if stored is None else Outcome.CHANGED
        if stored is not None:
            wanted = replace(wanted, status=stored.status, version=stored.version)
        client, secret = _with_secret(wanted, stored, chosen, command, ports)
        return await _put(uow, ports, client, command.source, command.actor, outcome, secret)


async def rotate_secret(store: Store, ports: Ports, command: RotateSecret) -> Registered:
    """Raises `NotFound`, `InvalidInput` (the client has no secret) and `Conflict` (its secret stands in the configuration)."""
    if command.overlap_seconds < 0:
        raise InvalidInput("overlap_seconds", "The overlap cannot be negative. Give 0 to end the old secret at once.")
    async with store.write() as uow:
        client = await uow.clients.get(command.client_id)
        if client is None:
            raise NotFound(f"There is no client {command.client_id}. idp client list shows them.")
        if client.auth_method not in WITH_SECRET:
            raise InvalidInput(
                "client_id", f"{client.client_id} authenticates with {client.auth_method}, not a secret."
            )
        if await uow.clients.source(client.client_id) == "config":
            raise Conflict(
                f"The secret of {client.client_id} stands in the configuration. Change it there and restart."
            )
        now = ports.clock.now()
        secret = new_secret(ports.entropy)
        hashes = ((secret_hash(secret), None), *_ending(client, now, now + command.overlap_seconds))
        await uow.clients.set_secrets(client.client_id, hashes, now)
        await uow.audit.add(AuditEvent(Event.CLIENT_SECRET_ROTATED, now, command.actor, client_id=client.client_id))
        return Registered(replace(client, secret_hashes=hashes), Outcome.CHANGED, secret)


async def list_clients(store: Store) -> list[Client]:
    async with store.read() as uow:
        return await uow.clients.all()


async def get_client(store: Store, client_id: str) -> Client:
    """Raises `NotFound`."""
    async with store.read() as uow:
        client = await uow.clients.get(client_id)
    if client is None:
        raise NotFound(f"There is no client {client_id}. idp client list shows them.")
    return client


def registration_response(client: Client, secret: str | None = None) -> dict[str, Any]:
    """The client as RFC 7591 §3.2.1 answers a registration, with the operator's `policy` beside it."""
    answer: dict[str, Any] = {"client_id": client.client_id, "client_name": client.client_name}
    if secret is not None:
        answer |= {"client_secret": secret, "client_secret_expires_at": 0}
    optional = {
        "redirect_uris": list(client.redirect_uris),
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        "backchannel_logout_uri": client.backchannel_logout_uri,
        "frontchannel_logout_uri": client.frontchannel_logout_uri,
        "jwks": client.jwks,
        "jwks_uri": client.jwks_uri,
        "client_uri": client.client_uri,
        "policy_uri": client.policy_uri,
        "tos_uri": client.tos_uri,
        "default_acr_values": list(client.default_acr_values),
    }
    answer |= {
        "grant_types": list(client.grant_types),
        "response_types": list(client.response_types),
        "token_endpoint_auth_method": client.auth_method.value,
        "scope": client.scope,
        "application_type": client.application_type,
        "id_token_signed_response_alg": client.id_token_alg,
    }
    answer |= {name: value for name, value in optional.items() if value} | client.metadata
    policy = client.policy
    return answer | {
        "policy": {
            "second_factor": policy.second_factor.value,
            "first_party": policy.first_party,
            "require_pkce": policy.require_pkce,
            "profile": policy.profile,
            "password_max_age_days": policy.password_max_age_days,
            **({"access_seconds": policy.access_seconds} if policy.access_seconds is not None else {}),
        }
    }


def _judged(metadata: Mapping[str, Any]) -> Client:
    try:
        return read_client(metadata)
    except RegistrationRefused as error:
        raise InvalidInput(error.member, str(error)) from error


def _check_chosen(client: Client, secret: object, ports: Ports) -> None:
    if client.auth_method not in WITH_SECRET:
        raise InvalidInput("client_secret", f"A client with {client.auth_method} has no secret. Remove client_secret.")
    if not isinstance(secret, str) or not secret.isascii() or not secret.isprintable() or not secret:
        raise InvalidInput("client_secret", "A client secret is ASCII text on one line. Let one be generated.")
    if len(secret) < CHOSEN_SECRET_MIN and urlsplit(ports.rules.issuer).hostname not in LOOPBACK:
        raise InvalidInput(
            "client_secret",
            f"That client secret is too short. Use at least {CHOSEN_SECRET_MIN} random characters, or let one be generated.",
        )


def _with_secret(
    wanted: Client, stored: Client | None, chosen: str | None, command: ApplyClient, ports: Ports
) -> tuple[Client, str | None]:
    """The client with the hashes it is to have, and the secret when one was generated."""
    if wanted.auth_method not in WITH_SECRET:
        return wanted, None
    known = stored.secret_hashes if stored else ()
    if chosen is not None:
        digest = secret_hash(chosen)
        same = any(until is None and hmac.compare_digest(digest, stored_hash) for stored_hash, until in known)
        return replace(wanted, secret_hashes=known if same else ((digest, None),)), None
    if known:
        return replace(wanted, secret_hashes=known), None
    if not command.may_generate:
        raise InvalidInput(
            "client_secret",
            f"{wanted.client_id} has no secret. Name a file with client_secret_file, or use idp client add.",
        )
    return _with_new_secret(wanted, ports)


def _with_new_secret(client: Client, ports: Ports) -> tuple[Client, str | None]:
    if client.auth_method not in WITH_SECRET:
        return client, None
    secret = new_secret(ports.entropy)
    return replace(client, secret_hashes=((secret_hash(secret), None),)), secret


def _ending(client: Client, now: int, until: int) -> tuple[tuple[bytes, int | None], ...]:
    """The secrets that are valid now, each for no longer than `until`; the newest of them only, so that two are valid."""
    live = [(digest, end) for digest, end in client.secret_hashes if end is None or end > now]
    return tuple((digest, until if end is None else min(end, until)) for digest, end in live[:1] if until > now)


async def _put(
    uow: UnitOfWork, ports: Ports, client: Client, source: str, actor: Actor, outcome: Outcome, secret: str | None
) -> Registered:
    now = ports.clock.now()
    if not await uow.clients.put(client, source, now):
        return Registered(client, Outcome.UNCHANGED)
    event = Event.CLIENT_CREATED if outcome is Outcome.CREATED else Event.CLIENT_CHANGED
    await uow.audit.add(AuditEvent(event, now, actor, client_id=client.client_id, details={"source": source}))
    return Registered(client, outcome, secret)
