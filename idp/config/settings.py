"""`Settings`: the whole configuration as one frozen value, and the rules that it makes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from idp.config import sections
from idp.config.base import LOOPBACK, OptionalFile, is_loopback_url, is_sqlite, located
from idp.config.environment import Environment
from idp.domain.rules import (
    DAY,
    HOUR,
    MINUTE,
    MfaRules,
    PasswordRules,
    Rules,
    SessionRules,
    SmsRules,
    Support,
    ThrottleRules,
    TokenRules,
)


def _with_located_secret(client: dict[str, Any]) -> dict[str, Any]:
    name = client.get("client_secret_file")
    return client | {"client_secret_file": str(located(Path(name)))} if isinstance(name, str) else client


ClientTable = Annotated[dict[str, Any], AfterValidator(_with_located_secret)]


class Settings(BaseSettings):
    """What the operator configured. `clients` are registrations as they stand in the file; `services/clients.py` judges them.

    Build it with `load_settings`, which turns every fault into one sentence. Environment variables override the file.
    """

    model_config = SettingsConfigDict(extra="forbid", frozen=True, validate_default=True, hide_input_in_errors=True)

    profile: Literal["production", "demo"] = "production"
    clients_dir: OptionalFile = None
    server: sections.Server = sections.Server()
    database: Annotated[sections.Database, Field(default_factory=sections.Database)]
    secrets: sections.SecretKeys = sections.SecretKeys()
    passwords: sections.Passwords = sections.Passwords()
    mfa: sections.Mfa = sections.Mfa()
    throttle: sections.Throttle = sections.Throttle()
    sms: sections.Sms = sections.Sms()
    mail: Annotated[sections.Mail, Field(default_factory=sections.Mail)]
    sessions: sections.Sessions = sections.Sessions()
    tokens: sections.Tokens = sections.Tokens()
    keys: Annotated[sections.Keys, Field(default_factory=sections.Keys)]
    support: sections.Support = sections.Support()
    outbound: sections.Outbound = sections.Outbound()
    branding: sections.Branding = sections.Branding()
    clients: tuple[ClientTable, ...] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return Environment(settings_cls), init_settings

    @property
    def issuer_is_loopback(self) -> bool:
        return is_loopback_url(self.server.issuer)

    @property
    def is_demo(self) -> bool:
        return self.profile == "demo"

    @model_validator(mode="after")
    def _keep_the_demo_at_home(self) -> Self:
        """What shows passwords and codes to whoever looks must not be reachable by anybody else (UX Q6)."""
        if self.is_demo and not self.issuer_is_loopback:
            raise ValueError(
                'profile = "demo" is for a loopback server.issuer. Set profile = "production", or the issuer to '
                "http://localhost:9000."
            )
        if self.is_demo and self.server.host not in LOOPBACK:
            raise ValueError(
                'server.host must be a loopback address with profile = "demo", because the outbox page shows passwords. '
                "Set it to 127.0.0.1."
            )
        if self.sms.drama_numbers and not self.is_demo:
            raise ValueError('sms.drama_numbers is for profile = "demo" only. Set it to false.')
        for key, chosen, mend in (
            ("mail.transport", self.mail.transport, '"smtp"'),
            ("sms.provider", self.sms.provider, '"twilio", "twilio_verify" or "webhook"'),
        ):
            if chosen == "outbox" and not self.issuer_is_loopback:
                raise ValueError(
                    f'{key} = "outbox" only writes messages to a file, which is for loopback issuers. Set it to {mend}.'
                )
        return self

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.server.workers > 1 and is_sqlite(self.database.url):
            raise ValueError(
                "server.workers is more than 1, but database.url is SQLite: its writers queue within one process, and several "
                "would hold each other up. Set it to 1, or database.url to a PostgreSQL database."
            )
        if (self.server.tls_cert is None) != (self.server.tls_key is None):
            raise ValueError("server.tls_cert and server.tls_key belong together. Set both or neither.")
        if self.mail.transport == "smtp" and not self.mail.host:
            raise ValueError(
                'mail.host is empty, but mail.transport is "smtp". Set it to the name of your mail server.'
            )
        if self.passwords.min_length_with_second_factor > self.passwords.min_length:
            raise ValueError("passwords.min_length_with_second_factor is more than passwords.min_length. Swap the two.")
        if self.sessions.idle_minutes > self.sessions.absolute_hours * 60:
            raise ValueError("sessions.idle_minutes is longer than sessions.absolute_hours. Set it to less.")
        for kind in ("refresh", "offline"):
            if getattr(self.tokens, f"{kind}_idle_seconds") > getattr(self.tokens, f"{kind}_absolute_seconds"):
                raise ValueError(
                    f"tokens.{kind}_idle_seconds is more than tokens.{kind}_absolute_seconds. Set it to less."
                )
        return self

    def rules(self) -> Rules:
        """The operator's choices as the domain's rules."""
        return Rules(
            issuer=self.server.issuer,
            passwords=self._password_rules(),
            mfa=self._mfa_rules(),
            sms=self._sms_rules(),
            sessions=self._session_rules(),
            tokens=TokenRules(**self.tokens.model_dump()),
            throttle=self._throttle_rules(),
            support=Support(self.support.name, self.support.email),
        )

    def _password_rules(self) -> PasswordRules:
        chosen = self.passwords
        return PasswordRules(
            temporary_seconds=chosen.temporary_minutes * MINUTE,
            max_age_days=chosen.max_age_days,
            min_length=chosen.min_length,
            min_length_with_second_factor=chosen.min_length_with_second_factor,
        )

    def _mfa_rules(self) -> MfaRules:
        chosen = self.mfa
        return MfaRules(
            issuer_name=self.branding.issuer,
            enrolment_seconds=chosen.enrolment_minutes * MINUTE,
            steps_back=chosen.steps_back,
            steps_ahead=chosen.steps_ahead,
            tries_per_login=chosen.tries_per_login,
            finish_seconds=chosen.finish_minutes * MINUTE,
        )

    def _sms_rules(self) -> SmsRules:
        chosen = self.sms
        return SmsRules(
            code_seconds=chosen.code_minutes * MINUTE,
            tries_per_code=chosen.tries_per_code,
            resend_seconds=chosen.resend_seconds,
            per_ten_minutes=chosen.per_ten_minutes,
            per_day=chosen.per_day,
            prefix_per_hour=chosen.prefix_per_hour,
            account_per_hour=chosen.account_per_hour,
            country_per_day=chosen.country_per_day,
            total_per_day=chosen.total_per_day,
            sent_by=chosen.provider,
        )

    def _session_rules(self) -> SessionRules:
        chosen = self.sessions
        return SessionRules(
            login_seconds=chosen.login_minutes * MINUTE,
            idle_seconds=chosen.idle_minutes * MINUTE,
            absolute_seconds=chosen.absolute_hours * HOUR,
            browser_seconds=chosen.browser_days * DAY,
            fresh_seconds=chosen.fresh_minutes * MINUTE,
        )

    def _throttle_rules(self) -> ThrottleRules:
        chosen = self.throttle
        return ThrottleRules(
            address_failures=chosen.address_failures,
            address_window_seconds=chosen.address_window_minutes * MINUTE,
            forgotten_per_hour=chosen.forgotten_per_hour,
            forgotten_per_day=chosen.forgotten_per_day,
            forgotten_per_address_minute=chosen.forgotten_per_address_minute,
            second_factor=(
                (chosen.second_factor_per_five_minutes, 5 * MINUTE),
                (chosen.second_factor_per_hour, HOUR),
                (chosen.second_factor_per_day, DAY),
            ),
            second_factor_address=((chosen.second_factor_per_address, 5 * MINUTE),),
        )

    @property
    def host_name(self) -> str:
        """The issuer's host without a port, as text messages and cookies name it."""
        return urlsplit(self.server.issuer).hostname or ""
