"""`build`: from settings to everything that a server or a command works with."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from idp.adapters.clock import SystemClock
from idp.adapters.dev_outbox import DevOutbox
from idp.adapters.entropy import SystemEntropy
from idp.adapters.qr import QrcodeDrawer
from idp.adapters.sealing import SealingRing
from idp.bootstrap.parts import dev_outbox_of, keys_of, mailer_of, outbound_of, ports_of, texter_of
from idp.bootstrap.sealing import settle_sealing_key
from idp.config import Settings, client_entries, insecure_transport_allowed
from idp.domain.audit import Actor
from idp.errors import ConfigurationError, Conflict, InvalidInput
from idp.oidc.client_keys import ClientKeys
from idp.oidc.clients import ClientRegistry
from idp.oidc.keys import KeyRing
from idp.oidc.logout_calls import LogoutCalls
from idp.oidc.token.assertions import Assertions
from idp.ports import Clock, Entropy, Ports, QrDrawer
from idp.services.clients import ApplyClient, apply_client
from idp.services.outbox import OutboxWorker
from idp.storage import migrate
from idp.storage.engine import open_store
from idp.storage.statements import Statements
from idp.storage.unit_of_work import Store
from idp.web.templating import templates_folder

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
    assertions: Assertions
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
    refuse_insecure_transport()
    clock, entropy = clock or SystemClock(), entropy or SystemEntropy()
    async with AsyncExitStack() as stack:
        sealer = SealingRing(settings.secrets.sealing_keys, entropy)
        templates_dir = settings.branding.templates or templates_folder()
        ports = ports_of(settings, clock, entropy, sealer, templates_dir, stack)
        dev_outbox = dev_outbox_of(settings, clock, entropy)
        mailer = mailer_of(settings, ports, dev_outbox)
        texter = texter_of(settings, clock, dev_outbox, stack)
        store = open_store(settings.database.url)
        stack.push_async_callback(store.close)
        await migrate.check_schema(store)
        await settle_sealing_key(store, sealer, clock)
        keys = await keys_of(settings, sealer, clock)
        statements = await Statements.open(store, ports.rules.tokens)
        stack.push_async_callback(statements.close)
        if apply_clients:
            await _apply_configured_clients(settings, store, ports)
        clients = ClientRegistry(store, clock)
        outbound, issuer = outbound_of(settings, stack), ports.rules.issuer
        logouts = LogoutCalls(clients, keys, outbound, clock, entropy, issuer)
        return Runtime(
            settings=settings,
            ports=ports,
            store=store,
            keys=keys,
            clients=clients,
            statements=statements,
            assertions=Assertions(store, clients, ClientKeys(outbound, clock), clock, issuer),
            outbox=OutboxWorker(store, ports, mailer, texter, logouts),
            qr=QrcodeDrawer(),
            dev_outbox=dev_outbox if settings.is_demo else None,
            templates_dir=templates_dir,
            _closing=stack.pop_all(),
        )


def refuse_insecure_transport() -> None:
    """Raises `errors.ConfigurationError` when the OAuth library was told to accept plain http anywhere."""
    if insecure_transport_allowed():
        raise ConfigurationError(
            "AUTHLIB_INSECURE_TRANSPORT is set, which switches checks of https off. Unset it; loopback needs no exception."
        )


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
