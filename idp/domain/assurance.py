"""How somebody proved who they are, and how strong that is: evidence, `amr` (RFC 8176) and `acr` (OIDC Core §2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Method(StrEnum):
    """A way to prove something. `TEMPORARY_PASSWORD` opens the change-password step and nothing else."""

    PASSWORD = "password"  # noqa: S105 - the name of a method
    TEMPORARY_PASSWORD = "temporary_password"  # noqa: S105
    TOTP = "totp"
    SMS = "sms"
    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery_code"


PRIMARY = frozenset({Method.PASSWORD, Method.TEMPORARY_PASSWORD, Method.PASSKEY})
SECOND = frozenset({Method.TOTP, Method.SMS, Method.PASSKEY, Method.RECOVERY_CODE})
AMR = {
    Method.PASSWORD: "pwd",
    Method.TEMPORARY_PASSWORD: "pwd",
    Method.TOTP: "otp",
    Method.SMS: "sms",
    Method.RECOVERY_CODE: "otp",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """Which methods were used, and when (seconds since the epoch). Immutable: proving more makes another value."""

    proved_at: Mapping[Method, int] = field(default_factory=dict)

    def has(self, method: Method) -> bool:
        return method in self.proved_at

    def having(self, method: Method, at: int) -> Evidence:
        return Evidence({**self.proved_at, method: at})

    def without(self, *methods: Method) -> Evidence:
        return Evidence({m: at for m, at in self.proved_at.items() if m not in methods})

    def joined(self, other: Evidence) -> Evidence:
        """Both together, the later proof of a method winning."""
        merged = dict(self.proved_at)
        for method, at in other.proved_at.items():
            merged[method] = max(at, merged.get(method, at))
        return Evidence(merged)

    def since(self, moment: int) -> Evidence:
        """What was proved at `moment` or later."""
        return Evidence({method: at for method, at in self.proved_at.items() if at >= moment})

    @property
    def primary_at(self) -> int | None:
        """When the person was last identified: `auth_time`. A later second factor does not make it younger."""
        times = [at for method, at in self.proved_at.items() if method in PRIMARY]
        return max(times) if times else None

    @property
    def has_second_factor(self) -> bool:
        """Whether two factors were shown. A passkey with user verification is both by itself (NIST SP 800-63B-4 §3.1.7)."""
        return any(method in SECOND for method in self.proved_at) and self.primary_at is not None

    @property
    def amr(self) -> tuple[str, ...]:
        """RFC 8176 values in a stable order: knowledge, possession, then `mfa`."""
        if self.has(Method.PASSKEY) and not self.has(Method.PASSWORD):
            return ("pop", "user", "mfa")
        values = list(dict.fromkeys(AMR[m] for m in Method if self.has(m) and m in AMR))
        return (*values, "mfa") if self.has_second_factor else tuple(values)

    def to_json(self) -> dict[str, int]:
        return {method.value: at for method, at in self.proved_at.items()}

    @classmethod
    def from_json(cls, value: Mapping[str, int]) -> Evidence:
        return cls({Method(method): at for method, at in value.items()})


class Level(StrEnum):
    """Authentication context classes, weakest first; the last is of OpenID EAP ACR Values 1.0."""

    PASSWORD = "pwd"  # noqa: S105
    MFA = "mfa"
    PHISHING_RESISTANT = "phr"

    @property
    def strength(self) -> int:
        return list(Level).index(self)


def acr_value(level: Level, issuer: str) -> str:
    return level.value if level is Level.PHISHING_RESISTANT else f"{issuer}/acr/{level.value}"


def level_of_acr(value: str, issuer: str) -> Level | None:
    """The level that an `acr` value names, or None for one that we do not know."""
    return next((level for level in Level if acr_value(level, issuer) == value), None)


def level_reached(evidence: Evidence) -> Level | None:
    """The level of what really happened; None before anybody was identified."""
    if evidence.primary_at is None:
        return None
    if evidence.has(Method.PASSKEY):
        return Level.PHISHING_RESISTANT
    return Level.MFA if evidence.has_second_factor else Level.PASSWORD


@dataclass(frozen=True, slots=True)
class Asked:
    """What the authorization request demands of the sign-in, in the ladder's own words.

    `levels` are acceptable ones in the order of preference (empty: any). `essential`: failing them is an error rather than a
    weaker sign-in (OIDC Core §5.5.1.1). `fresh`: evidence from before this login does not count (`prompt=login`). `max_age`: nor
    does any of a session whose person was identified so many seconds ago. `scopes` are what a third-party client needs consent
    for, `consent` asks for it even if it was given before. `account_hint` is the number or id of the account wanted,
    `select_account` shows the chooser although one is known. `subject` is the only person who may finish this login
    (`id_token_hint`). `step_up_since`: something about how the person proves who they are is to change, so only what was proved
    at that moment or later counts, and the factor that guards the account has to be among it, whatever portal and account ask
    for.
    """

    levels: tuple[Level, ...] = ()
    essential: bool = False
    fresh: bool = False
    max_age: int | None = None
    scopes: tuple[str, ...] = ()
    consent: bool = False
    account_hint: str = ""
    select_account: bool = False
    subject: str = ""
    step_up_since: int | None = None

    def admits(self, primary_at: int | None, now: int) -> bool:
        """Whether what a session proved may count, whose person was last identified at `primary_at`.

        It is asked whenever the ladder looks, so a login that waited in a tab, or is started again, meets the age of that
        moment. Whole seconds hide up to one, so equal counts as too old; that makes `max_age=0` the same as `prompt=login`.
        """
        if self.fresh or primary_at is None:
            return False
        return self.max_age is None or now - primary_at < self.max_age

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Asked:
        levels = tuple(Level(level) for level in value["levels"])
        return cls(**{**value, "levels": levels, "scopes": tuple(value["scopes"])})
