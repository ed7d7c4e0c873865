"""Puts the house together: adapters behind the ports, the database, the signing keys. Read it to see what runs.

Whatever would make a running house unsafe is refused here, before the first request, in one sentence with the mend.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from idp.adapters.argon2 import ArgonHasher
from idp.adapters.clock import SystemClock
from idp.adapters.composer import JinjaComposer
from idp.adapters.dev_outbox import DevOutbox
from idp.adapters.entropy import SystemEntropy
from idp.adapters.key_files import KeyDirectory
from idp.adapters.phones import NumberPlans
from idp.adapters.qr import QrcodeDrawer
from idp.adapters.sealing import SealingRing, new_key
from idp.adapters.smtp import SmtpMailer, SmtpServer
from idp.adapters.strength import ZxcvbnStrength
from idp.adapters.totp import PyotpTotp
from idp.adapters.twilio import TwilioAccount, TwilioTexter, TwilioVerifyTexter
from idp.adapters.webhook import WebhookTexter
from idp.config import Settings, client_entries, insecure_transport_allowed
from idp.domain.audit import Actor
from idp.errors import ConfigurationError, Conflict, InvalidInput, WrongSealingKey
from idp.oidc.clients import ClientRegistry
from idp.oidc.keys import KeyRing
from idp.ports import Clock, Entropy, Mailer, Ports, QrDrawer, Texter
from idp.services.clients import ApplyClient, apply_client
from idp.services.outbox import OutboxWorker
from idp.storage import migrate
from idp.storage.engine import open_store
from idp.storage.statements import Statements
from idp.storage.unit_of_work import Store
from idp.web.templating import templates_folder

CANARY = "sealing_check"
CANARY_TEXT = b"the sealing key fits this database"
CANARY_PLACE = f"house:value_sealed:{CANARY}"
CONFIG_SOURCE = "config"


@dataclass(frozen=True, slots=True)
class Runtime:
    """The assembled process. Nothing runs yet: `web.app.create_app` starts the workers, `close` ends what holds threads,
    connections and files."""

    settings: Settings
    ports: Ports
    store: Store
    keys: KeyRing
    clients: ClientRegistry
    statements: Statements
    outbox: OutboxWorker
    qr: QrDrawer
    dev_outbox: DevOutbox | None
    templates_dir: Path
    _closing: AsyncExitStack = field(repr=False)

    async def close(self) -> None:
        await self._closing.aclose()


async def build(
    settings: Settings, *, clock: Clock | None = None, entropy: Entropy | None = None, apply_clients: bool = True
) -> Runtime:
    """The runtime for these settings. Raises `errors.ConfigurationError` and `errors.WrongSealingKey`.

    `apply_clients`: brings the clients of the configuration into the database, which a server does when it starts.
    """
    if insecure_transport_allowed():
        raise ConfigurationError(
            "AUTHLIB_INSECURE_TRANSPORT is set, which switches checks of https off. Unset it; loopback needs no exception."
        )
    clock, entropy = clock or SystemClock(), entropy or SystemEntropy()
    async with AsyncExitStack() as stack:
        sealer = SealingRing(settings.secrets.sealing_keys, entropy)
        templates_dir = settings.branding.templates or templates_folder()
        ports = _ports(settings, clock, entropy, sealer, templates_dir, stack)
        dev_outbox = _dev_outbox(settings, clock, entropy)
        mailer = _mailer(settings, ports, dev_outbox)
        texter = _texter(settings, clock, dev_outbox, stack)
        store = open_store(settings.database.url)
        stack.push_async_callback(store.close)
        await migrate.check_schema(store)
        await check_sealing_key(store, sealer, clock)
        keys = await _keys(settings, sealer, clock)
        statements = await Statements.open(store, ports.rules.tokens)
        stack.push_async_callback(statements.close)
        if apply_clients:
            await _apply_configured_clients(settings, store, ports)
        return Runtime(
            settings=settings,
            ports=ports,
            store=store,
            keys=keys,
            clients=ClientRegistry(store, clock),
            statements=statements,
            outbox=OutboxWorker(store, ports, mailer, texter),
            qr=QrcodeDrawer(),
            dev_outbox=dev_outbox if settings.is_demo else None,
            templates_dir=templates_dir,
            _closing=stack.pop_all(),
        )


async def check_sealing_key(store: Store, sealer: SealingRing, clock: Clock) -> None:
    """Proves that the sealing keys are those of this database, by a value that the first start sealed (SECURITY-CASES F41).

    A database without that value gets one, unless people are in it already. Raises `errors.WrongSealingKey`.
    """
    async with store.read() as uow:
        sealed = await uow.house.get(CANARY)
        strange = sealed is None and bool(await uow.people.in_account("/", limit=1))
    if strange:
        raise WrongSealingKey(detail=f"there are people, but no {CANARY}")
    if sealed is None:
        async with store.write() as uow:
            await uow.house.add(CANARY, sealer.seal(CANARY_TEXT, CANARY_PLACE), clock.now())
        async with store.read() as uow:  # another process may have been first, with another key
            sealed = await uow.house.get(CANARY) or b""
    if sealer.open(sealed, CANARY_PLACE) != CANARY_TEXT:
        raise WrongSealingKey(detail=f"{CANARY} opens, but holds another text")
    if not sealer.is_current(sealed):
        async with store.write() as uow:
            await uow.house.replace(CANARY, sealer.seal(CANARY_TEXT, CANARY_PLACE))


def fresh_sealing_key(key_id: str) -> str:
    """A new key for `secrets.sealing_keys`."""
    return new_key(key_id, SystemEntropy())


def today() -> str:
    """The date as eight digits, UTC."""
    return datetime.fromtimestamp(SystemClock().now(), UTC).strftime("%Y%m%d")


def _ports(
    settings: Settings, clock: Clock, entropy: Entropy, sealer: SealingRing, templates: Path, stack: AsyncExitStack
) -> Ports:
    chosen = settings.passwords
    hasher = ArgonHasher(
        entropy,
        time_cost=chosen.argon2_time_cost,
        memory_kib=chosen.argon2_memory_kib,
        parallelism=chosen.argon2_parallelism,
        threads=chosen.argon2_threads or None,
    )
    stack.callback(hasher.close)
    brand = {
        "provider": settings.branding.provider,
        "support_name": settings.support.name,
        "support_email": settings.support.email,
    }
    sms = settings.sms
    return Ports(
        clock=clock,
        entropy=entropy,
        hasher=hasher,
        strength=ZxcvbnStrength(chosen.breached_list),
        sealer=sealer,
        mac=sealer,
        totp=PyotpTotp(entropy),
        phones=NumberPlans(sms.countries, sms.default_region, drama_numbers=sms.drama_numbers),
        composer=JinjaComposer(templates, brand),
        rules=settings.rules(),
    )


def _dev_outbox(settings: Settings, clock: Clock, entropy: Entropy) -> DevOutbox | None:
    """The transport that writes to a file, which `Settings` allows under loopback issuers only."""
    if "outbox" not in (settings.mail.transport, settings.sms.provider):
        return None
    with _usable("mail.outbox_directory", settings.mail.outbox_directory):
        return DevOutbox(settings.mail.outbox_directory, clock, entropy)


def _mailer(settings: Settings, ports: Ports, dev_outbox: DevOutbox | None) -> Mailer:
    mail = settings.mail
    if mail.transport == "outbox" and dev_outbox is not None:
        return dev_outbox
    server = SmtpServer(
        host=mail.host,
        port=mail.port,
        username=mail.username,
        password=mail.password,
        tls=mail.tls,
        timeout_seconds=mail.timeout_seconds,
        ca_bundle=settings.outbound.ca_bundle,
    )
    return SmtpMailer(server, sender=mail.sender, reply_to=mail.reply_to, clock=ports.clock, mac=ports.mac)


def _texter(settings: Settings, clock: Clock, dev_outbox: DevOutbox | None, stack: AsyncExitStack) -> Texter:
    sms, ca_bundle = settings.sms, settings.outbound.ca_bundle
    if sms.provider == "outbox" and dev_outbox is not None:
        return dev_outbox
    if sms.provider == "webhook":
        webhook = WebhookTexter(
            sms.webhook_url, sms.webhook_secret, clock, timeout_seconds=sms.timeout_seconds, ca_bundle=ca_bundle
        )
        stack.push_async_callback(webhook.close)
        return webhook
    account = TwilioAccount(
        account_sid=sms.account_sid,
        secret=sms.auth_token,
        api_key_sid=sms.api_key_sid,
        timeout_seconds=sms.timeout_seconds,
        base_url=sms.base_url,
        ca_bundle=ca_bundle,
    )
    twilio = (
        TwilioVerifyTexter(account, sms.verify_service_sid)
        if sms.provider == "twilio_verify"
        else TwilioTexter(account, sms.sender)
    )
    stack.callback(twilio.close)
    return twilio


async def _keys(settings: Settings, sealer: SealingRing, clock: Clock) -> KeyRing:
    chosen = settings.keys
    with _usable("keys.directory", chosen.directory):
        return await KeyRing.open(
            KeyDirectory(chosen.directory), sealer, clock, algorithms=chosen.algorithms, rsa_bits=chosen.rsa_bits
        )


@contextmanager
def _usable(key: str, folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"{key}: {folder} cannot be used ({error.strerror}). Let the user who runs this program write to it."
        ) from error


async def _apply_configured_clients(settings: Settings, store: Store, ports: Ports) -> None:
    actor = Actor(id="configuration")
    seen: dict[str, str] = {}
    for entry in client_entries(settings):
        client_id = str(entry.metadata.get("client_id", ""))
        if client_id in seen:
            raise ConfigurationError(
                f"{entry.origin} and {seen[client_id]} are both {client_id}. Remove one of the two."
            )
        seen[client_id] = entry.origin
        command = ApplyClient(entry.metadata, CONFIG_SOURCE, actor, may_generate=False)
        try:
            await apply_client(store, ports, command)
        except (InvalidInput, Conflict) as error:
            raise ConfigurationError(f"{entry.origin}: {error.public}") from error
