"""What `idp doctor` looks at. Every check only looks: nothing is made, sent or changed."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from idp.adapters.clock import SystemClock
from idp.adapters.entropy import SystemEntropy
from idp.adapters.sealing import SealingRing
from idp.bootstrap.parts import mailer_of, ports_of, texter_of
from idp.bootstrap.runtime import refuse_insecure_transport
from idp.bootstrap.sealing import sealing_key_fits
from idp.config import Settings, client_entries, load_settings
from idp.domain.registration import RegistrationRefused, read_client
from idp.errors import ConfigurationError, IdpError
from idp.ports import Ports
from idp.storage.engine import open_store
from idp.storage.migrate import check_schema
from idp.storage.unit_of_work import Store
from idp.web.templating import templates_folder

CONNECT_SECONDS = 5
OLDEST_PYTHON = (3, 11)
RELEASED = 1_767_225_600
"""2026-01-01: no clock that is right shows an earlier time."""
MAILS = {
    "welcome_temporary_password", "forgotten_temporary_password", "password_changed", "mfa_enabled", "mfa_disabled",
    "mfa_reset", "phone_changed", "authenticator_added",
}  # fmt: skip
TEXTS = {"code", "phone_changed"}
SAMPLE = dict.fromkeys(
    (
        "name", "username", "at", "address", "browser", "password", "minutes", "sign_in_url", "portal", "account", "code", "host",
        "provider", "support",
    ),
    "sample",
) | {"phone_ending": "118"}  # fmt: skip
TWILIO = "https://api.twilio.com"


class Health(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """It works, and somebody should know."""
    FAILED = "failed"
    SKIPPED = "skipped"
    """Something before it failed."""


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    health: Health
    detail: str


async def examine(config: Path) -> list[Finding]:
    """All findings on the configuration in this file, in the order in which one would mend things."""
    findings = [_python()]
    try:
        settings = load_settings(config)
    except ConfigurationError as refusal:
        return [*findings, Finding("configuration", Health.FAILED, refusal.public)]
    findings += [Finding("configuration", Health.OK, f"{config} can be used"), _private("configuration file", config)]
    async with AsyncExitStack() as stack:
        findings += await _with_adapters(settings, stack)
    findings += [await _tried("clients", lambda: _clients(settings)), _port(settings)]
    return findings


async def _with_adapters(settings: Settings, stack: AsyncExitStack) -> list[Finding]:
    clock, entropy = SystemClock(), SystemEntropy()
    try:
        refuse_insecure_transport()
        sealer = SealingRing(settings.secrets.sealing_keys, entropy)
        templates = settings.branding.templates or templates_folder()
        ports = ports_of(settings, clock, entropy, sealer, templates, stack)
        if settings.mail.transport == "smtp":
            mailer_of(settings, ports, None)
        if settings.sms.provider != "outbox":
            texter_of(settings, clock, None, stack)
    except IdpError as refusal:
        return [Finding("settings", Health.FAILED, refusal.public)]
    store = open_store(settings.database.url)
    stack.push_async_callback(store.close)
    findings = [
        Finding("settings", Health.OK, "secrets, Argon2, countries, mail and SMS can be used"),
        await _tried("templates", lambda: _templates(ports)),
        await _tried("database", lambda: _database(store)),
    ]
    if findings[-1].health is Health.OK:
        findings.append(await _tried("sealing key", lambda: _sealing_key(store, sealer)))
        findings.append(await _tried("clock", lambda: _clock(store, clock.now())))
    else:
        findings += [Finding(name, Health.SKIPPED, "needs the database") for name in ("sealing key", "clock")]
    return [
        *findings,
        _key_directory(settings.keys.directory),
        await _tried("mail", lambda: _mail(settings)),
        await _tried("sms", lambda: _sms(settings)),
    ]


async def _tried(check: str, work: Callable[[], Awaitable[str]]) -> Finding:
    """What `work` answers is the good news; an `IdpError` is the bad."""
    try:
        return Finding(check, Health.OK, await work())
    except IdpError as refusal:
        return Finding(check, Health.FAILED, refusal.public)


def _python() -> Finding:
    running = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding("python", Health.FAILED, f"{running} is too old. Install Python 3.11 or newer.")
    return Finding("python", Health.OK, running)


def _private(check: str, path: Path) -> Finding:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        mend = f"chmod {'700' if path.is_dir() else '600'} {path}"
        return Finding(check, Health.WARNING, f"others than its owner can read it (mode {mode:o}). Run {mend}.")
    return Finding(check, Health.OK, f"only its owner can read it (mode {mode:o})")


def _key_directory(folder: Path) -> Finding:
    if not folder.exists():
        return Finding("signing keys", Health.OK, f"{folder} is made at the first start")
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Finding("signing keys", Health.FAILED, f"{folder} cannot be written. Let the user of the server own it.")
    private = _private("signing keys", folder)
    if private.health is not Health.OK:
        return private
    return Finding("signing keys", Health.OK, f"{len(list(folder.glob('*.jwk')))} in {folder}")


async def _templates(ports: Ports) -> str:
    try:
        for name in sorted(MAILS):
            ports.composer.mail(name, "sample@example.com", SAMPLE)
        for name in sorted(TEXTS):
            ports.composer.text_message(name, "+447700900118", SAMPLE)
    except Exception as error:  # a template of the operator's own may fail in any way
        raise ConfigurationError(
            f"branding.templates: a message cannot be written ({type(error).__name__}: {error}). Correct that template."
        ) from error
    return f"{len(MAILS)} mails and {len(TEXTS)} text messages can be written"


async def _database(store: Store) -> str:
    await check_schema(store)
    return f"{store.url} is there, with this version's schema"


async def _sealing_key(store: Store, sealer: SealingRing) -> str:
    fits = await sealing_key_fits(store, sealer)
    return "fits the database" if fits else "is new, like the database"


async def _clock(store: Store, now: int) -> str:
    async with store.read() as uow:
        latest = max((event.at for _, event in await uow.audit.list(limit=1)), default=0)
    behind = max(RELEASED, latest) - now
    if behind > 0:
        raise ConfigurationError(
            f"The clock is at least {behind} seconds slow. Let NTP set it: codes and tokens need it."
        )
    return "not behind what was recorded before"


async def _clients(settings: Settings) -> str:
    entries = client_entries(settings)
    for entry in entries:
        metadata = {name: value for name, value in entry.metadata.items() if name != "client_secret"}
        try:
            read_client(metadata)
        except RegistrationRefused as refused:
            raise ConfigurationError(f"{entry.origin}: {refused}") from refused
    return f"{len(entries)} in the configuration"


def _port(settings: Settings) -> Finding:
    host, port = settings.server.host, settings.server.port
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return Finding(
                "port", Health.WARNING, f"{host} port {port} is in use, as it should be while the server runs"
            )
        mend = "Correct server.host and server.port."
        return Finding("port", Health.FAILED, f"{host} port {port} cannot be used ({error.strerror}). {mend}")
    return Finding("port", Health.OK, f"{host} port {port} is free")


async def _mail(settings: Settings) -> str:
    if settings.mail.transport == "outbox":
        return f"kept in {settings.mail.outbox_directory}"
    await _connect("mail.host", settings.mail.host, settings.mail.port)
    return f"{settings.mail.host} port {settings.mail.port} answers"


async def _sms(settings: Settings) -> str:
    sms = settings.sms
    if sms.provider == "outbox":
        return f"kept in {settings.mail.outbox_directory}"
    url = sms.webhook_url if sms.provider == "webhook" else sms.base_url or TWILIO
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)
    await _connect("sms.webhook_url" if sms.provider == "webhook" else "sms.base_url", host, port)
    return f"{host} port {port} answers"


async def _connect(key: str, host: str, port: int) -> None:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            await writer.wait_closed()
    except (OSError, TimeoutError) as error:
        raise ConfigurationError(
            f"{key}: {host} port {port} does not answer. Correct the name and port, or let the firewall pass it."
        ) from error
