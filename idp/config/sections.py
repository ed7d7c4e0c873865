"""The tables of `config.toml`, one class each, with every key's default. `config.example.toml` explains them to operators."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from idp.config.base import (
    DatabaseUrl,
    Folder,
    Issuer,
    Networks,
    Numbers,
    OptionalFile,
    Secret,
    Secrets,
    Section,
    Texts,
)

Count = Annotated[int, Field(ge=1, le=1_000_000)]
Minutes = Annotated[int, Field(ge=1, le=10_080)]
Days = Annotated[int, Field(ge=1, le=3_650)]
Seconds = Annotated[int, Field(ge=1, le=7_776_000)]
Port = Annotated[int, Field(ge=0, le=65_535)]


def _without_colon(text: str) -> str:
    if ":" in text or not text.strip():
        raise ValueError("must be a name without a colon: authenticator apps split their label there. Leave it out.")
    return text


class Server(Section):
    issuer: Issuer = "http://localhost:9000"
    host: str = "127.0.0.1"
    port: Port = 9000
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    trusted_proxies: Networks = ()
    tls_cert: OptionalFile = None
    tls_key: OptionalFile = None


class Database(Section):
    url: DatabaseUrl = "sqlite:///data/idp.db"


class SecretKeys(Section):
    sealing_keys: Secrets = ()


class Passwords(Section):
    temporary_minutes: Annotated[int, Field(ge=1, le=1_440)] = 60
    max_age_days: Annotated[int, Field(ge=0, le=3_650)] = 0
    min_length: Annotated[int, Field(ge=8, le=64)] = 15
    min_length_with_second_factor: Annotated[int, Field(ge=8, le=64)] = 8
    breached_list: OptionalFile = None
    argon2_time_cost: Count = 3
    argon2_memory_kib: Annotated[int, Field(ge=1, le=4_194_304)] = 65_536
    argon2_parallelism: Count = 4
    argon2_threads: Annotated[int, Field(ge=0, le=256)] = 0


class Mfa(Section):
    enrolment_minutes: Annotated[int, Field(ge=1, le=60)] = 10
    finish_minutes: Annotated[int, Field(ge=1, le=60)] = 10
    steps_back: Annotated[int, Field(ge=0, le=2)] = 1
    steps_ahead: Annotated[int, Field(ge=0, le=2)] = 0
    tries_per_login: Annotated[int, Field(ge=1, le=20)] = 5


class Throttle(Section):
    address_failures: Count = 10
    address_window_minutes: Minutes = 5
    forgotten_per_hour: Count = 3
    forgotten_per_day: Count = 5
    forgotten_per_address_minute: Count = 20
    second_factor_per_five_minutes: Annotated[int, Field(ge=1, le=100)] = 5
    second_factor_per_hour: Annotated[int, Field(ge=1, le=100)] = 20
    second_factor_per_day: Annotated[int, Field(ge=1, le=100)] = 50
    second_factor_per_address: Count = 10


class Sms(Section):
    provider: Literal["outbox", "twilio", "twilio_verify", "webhook"] = "outbox"
    base_url: str = ""
    account_sid: str = ""
    auth_token: Secret = ""
    api_key_sid: str = ""
    sender: str = ""
    verify_service_sid: str = ""
    webhook_url: Secret = ""
    webhook_secret: Secret = ""
    timeout_seconds: Annotated[int, Field(ge=1, le=30)] = 4
    countries: Texts = ("GB",)
    default_region: str = "GB"
    drama_numbers: bool = False
    code_minutes: Annotated[int, Field(ge=1, le=10)] = 5
    tries_per_code: Annotated[int, Field(ge=1, le=10)] = 5
    resend_seconds: Numbers = (30, 60, 120, 240)
    per_ten_minutes: Count = 5
    per_day: Count = 10
    prefix_per_hour: Count = 20
    account_per_hour: Count = 60
    country_per_day: Count = 1000
    total_per_day: Count = 5000


class Mail(Section):
    transport: Literal["outbox", "smtp"] = "outbox"
    sender: str = Field(default="500 Telecom <no-reply@500.example>", alias="from")
    reply_to: str = ""
    host: str = ""
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    username: str = ""
    password: Secret = ""
    tls: Literal["starttls", "tls", "none"] = "starttls"
    timeout_seconds: Annotated[int, Field(ge=1, le=120)] = 20
    outbox_directory: Folder = Path("outbox")


class Sessions(Section):
    login_minutes: Annotated[int, Field(ge=5, le=120)] = 30
    idle_minutes: Minutes = 60
    absolute_hours: Annotated[int, Field(ge=1, le=720)] = 12
    browser_days: Days = 365
    fresh_minutes: Annotated[int, Field(ge=1, le=60)] = 10


class Tokens(Section):
    code_seconds: Annotated[int, Field(ge=5, le=600)] = 60
    access_seconds: Annotated[int, Field(ge=5, le=900)] = 600
    id_token_seconds: Annotated[int, Field(ge=5, le=3_600)] = 300
    refresh_idle_seconds: Seconds = 28_800
    refresh_absolute_seconds: Seconds = 43_200
    offline_idle_seconds: Seconds = 1_209_600
    offline_absolute_seconds: Seconds = 2_592_000
    refresh_grace_seconds: Annotated[int, Field(ge=0, le=10)] = 10


class Keys(Section):
    directory: Folder = Path("keys")
    algorithms: Texts = ("RS256", "ES256")
    rsa_bits: Annotated[int, Field(ge=2048, le=8192)] = 3072


class Support(Section):
    name: str = "500 Telecom support"
    email: str = "support@500.example"


class Outbound(Section):
    ca_bundle: OptionalFile = None
    allow_hosts: Texts = ()


class Branding(Section):
    provider: str = "500 Telecom"
    issuer: Annotated[str, AfterValidator(_without_colon)] = "500 Telecom"
    templates: OptionalFile = None
