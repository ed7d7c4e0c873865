"""The adapters that a configuration asks for, each behind its port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from idp.adapters.argon2 import ArgonHasher, default_threads
from idp.adapters.composer import JinjaComposer
from idp.adapters.dev_outbox import DevOutbox
from idp.adapters.key_files import KeyDirectory
from idp.adapters.outbound import GuardedClient
from idp.adapters.phones import NumberPlans
from idp.adapters.sealing import SealingRing
from idp.adapters.smtp import SmtpMailer, SmtpServer
from idp.adapters.strength import ZxcvbnStrength
from idp.adapters.totp import PyotpTotp
from idp.adapters.twilio import TwilioAccount, TwilioTexter, TwilioVerifyTexter
from idp.config import Settings
from idp.errors import ConfigurationError
from idp.oidc.keys import KeyRing
from idp.ports import Clock, Entropy, Mailer, Ports, Texter


def ports_of(
    settings: Settings, clock: Clock, entropy: Entropy, sealer: SealingRing, templates: Path, stack: AsyncExitStack
) -> Ports:
    chosen = settings.passwords
    hasher = ArgonHasher(
        entropy,
        time_cost=chosen.argon2_time_cost,
        memory_kib=chosen.argon2_memory_kib,
        parallelism=chosen.argon2_parallelism,
        threads=chosen.argon2_threads or max(1, default_threads() // settings.server.workers),
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


def dev_outbox_of(settings: Settings, clock: Clock, entropy: Entropy) -> DevOutbox | None:
    """The transport that writes to a file, which `Settings` allows under loopback issuers only."""
    if "outbox" not in (settings.mail.transport, settings.sms.provider):
        return None
    with _usable("mail.outbox_directory", settings.mail.outbox_directory):
        return DevOutbox(settings.mail.outbox_directory, clock, entropy)


def mailer_of(settings: Settings, ports: Ports, dev_outbox: DevOutbox | None) -> Mailer:
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


def texter_of(settings: Settings, clock: Clock, dev_outbox: DevOutbox | None, stack: AsyncExitStack) -> Texter:
    sms, ca_bundle = settings.sms, settings.outbound.ca_bundle
    if sms.provider == "outbox" and dev_outbox is not None:
        return dev_outbox
    if sms.provider == "webhook":
        from idp.adapters.webhook import WebhookTexter  # noqa: PLC0415  its HTTP client takes a tenth of a second

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


def outbound_of(settings: Settings, stack: AsyncExitStack) -> GuardedClient:
    """A house on loopback is a developer's: its clients are on the same machine. Anywhere else that would be a hole."""
    chosen = settings.outbound
    client = GuardedClient(
        allow_hosts=chosen.allow_hosts, allow_loopback=settings.issuer_is_loopback, ca_bundle=chosen.ca_bundle
    )
    stack.push_async_callback(client.close)
    return client


async def keys_of(settings: Settings, sealer: SealingRing, clock: Clock) -> KeyRing:
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
