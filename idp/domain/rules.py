"""What the operator may tune, as values. `config.Settings` produces them; the rules themselves stand beside."""

from __future__ import annotations

from dataclasses import dataclass, field

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class PasswordRules:
    temporary_seconds: int = 60 * MINUTE
    max_age_days: int = 0
    """0: passwords do not age. A portal or an account may set a shorter age; the shortest wins."""
    min_length: int = 15
    """Where the password is the only factor (NIST SP 800-63B-4)."""
    min_length_with_second_factor: int = 8
    max_characters: int = 256
    max_bytes: int = 1024


@dataclass(frozen=True, slots=True)
class MfaRules:
    issuer_name: str = "500 Telecom"
    """Shown in the authenticator app. No colon: it would split the label (otpauth key URI)."""
    enrolment_seconds: int = 10 * MINUTE
    steps_back: int = 1
    steps_ahead: int = 0
    drift_steps: int = 10
    """A code this many steps away is answered with "check your phone's clock"."""
    tries_per_login: int = 5
    finish_seconds: int = 10 * MINUTE
    """After the password: how long the second step may take."""


@dataclass(frozen=True, slots=True)
class SmsRules:
    code_seconds: int = 5 * MINUTE
    tries_per_code: int = 5
    resend_seconds: tuple[int, ...] = (30, 60, 120, 240)
    per_ten_minutes: int = 5
    per_day: int = 10
    prefix_per_hour: int = 20
    account_per_hour: int = 60
    country_per_day: int = 1000
    total_per_day: int = 5000
    sent_by: str = "outbox"


@dataclass(frozen=True, slots=True)
class SessionRules:
    login_seconds: int = 30 * MINUTE
    idle_seconds: int = 60 * MINUTE
    absolute_seconds: int = 12 * HOUR
    browser_seconds: int = 365 * DAY
    fresh_seconds: int = 10 * MINUTE
    """How old the proof may be on whose strength a person changes how they prove themselves."""


@dataclass(frozen=True, slots=True)
class TokenRules:
    code_seconds: int = 60
    access_seconds: int = 10 * MINUTE
    id_token_seconds: int = 5 * MINUTE
    refresh_idle_seconds: int = 8 * HOUR
    refresh_absolute_seconds: int = 12 * HOUR
    offline_idle_seconds: int = 14 * DAY
    offline_absolute_seconds: int = 30 * DAY
    refresh_grace_seconds: int = 10


@dataclass(frozen=True, slots=True)
class ThrottleRules:
    address_failures: int = 10
    address_window_seconds: int = 5 * MINUTE
    forgotten_per_hour: int = 3
    forgotten_per_day: int = 5
    forgotten_per_address_minute: int = 20
    second_factor: tuple[tuple[int, int], ...] = ((5, 5 * MINUTE), (20, HOUR), (50, DAY))
    """(attempts, seconds): at most so many attempts of one person in any such stretch of time."""
    second_factor_address: tuple[tuple[int, int], ...] = ((10, 5 * MINUTE),)


@dataclass(frozen=True, slots=True)
class Support:
    name: str = "500 Telecom support"
    email: str = "support@500.example"


@dataclass(frozen=True, slots=True)
class Rules:
    issuer: str = "http://localhost:9000"
    passwords: PasswordRules = field(default_factory=PasswordRules)
    mfa: MfaRules = field(default_factory=MfaRules)
    sms: SmsRules = field(default_factory=SmsRules)
    sessions: SessionRules = field(default_factory=SessionRules)
    tokens: TokenRules = field(default_factory=TokenRules)
    throttle: ThrottleRules = field(default_factory=ThrottleRules)
    support: Support = field(default_factory=Support)
