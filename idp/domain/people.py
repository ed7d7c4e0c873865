"""People: users, their memberships, and the names by which they sign in."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from idp.domain.accounts import Account


class Role(StrEnum):
    """What a membership allows. `SUPPORT` exists in the operator's account only."""

    USER = "user"
    ADMINISTRATOR = "administrator"
    SUPPORT = "support"


class UserStatus(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Person:
    """A user as rules see one. `id` is the `sub` of tokens: opaque, stable, never reused."""

    id: str
    username: str
    email: str
    given_name: str = ""
    family_name: str = ""
    name: str = ""
    status: UserStatus = UserStatus.ACTIVE
    phone_number: str | None = None
    phone_number_verified: bool = False
    email_verified: bool = False
    mfa_enabled: bool = False
    auth_epoch: int = 0
    """Moves on whenever earlier sessions and tokens must die: password, factor or phone change, disabling."""
    updated_at: int = 0
    standard_claims: dict[str, Any] = field(default_factory=dict)
    """OpenID Connect standard claims without a column of their own (OIDC Core §5.1), address included."""

    @property
    def display_name(self) -> str:
        return self.name or f"{self.given_name} {self.family_name}".strip() or self.username

    @property
    def is_active(self) -> bool:
        return self.status is UserStatus.ACTIVE

    def is_called(self, username: str) -> bool:
        """Whether this is the person's username, however it was typed."""
        return identifier_key(username) == identifier_key(self.username)


@dataclass(frozen=True, slots=True)
class Membership:
    """A person's place in one account."""

    id: str
    account: Account
    role: Role = Role.USER
    may_manage_mfa: bool = True

    @property
    def is_administrator(self) -> bool:
        return self.role is not Role.USER


USERNAME_PATTERN = re.compile(r"[^\s@<>\"'`\\,;:/]{1,64}(@[^\s@<>\"'`\\,;:/]{1,190})?")
EMAIL_PATTERN = re.compile(r"[^\s@<>\"'\\,;:()\[\]]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,186}[A-Za-z0-9])?")
INVISIBLE = {"Cf", "Cc", "Zl", "Zp", "Cs", "Co", "Cn"}


def identifier_key(text: str) -> str:
    """The form under which a username or e-mail address is looked up, throttled and unique.

    Case, width, composition, invisible characters, outer blanks and a trailing dot do not make another person
    (SECURITY-CASES LG04; the idea of RFC 8265 UsernameCaseMapped, stricter).
    """
    visible = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) not in INVISIBLE)
    return unicodedata.normalize("NFKC", visible.strip().rstrip(".").casefold()).strip()


def is_valid_username(text: str) -> bool:
    """Whether a new user may be called so: printable, one word, at most 255 characters, in its normal form already.

    What is stored is what people see; a name that only differs invisibly from its key would be a confusable double.
    """
    return (
        bool(USERNAME_PATTERN.fullmatch(text))
        and len(text) <= 255
        and unicodedata.normalize("NFKC", text) == text
        and not any(unicodedata.category(c) in INVISIBLE for c in text)
        and not text.endswith(".")
    )


def is_valid_email(text: str) -> bool:
    """One bare address: no display name, no list, no header injection (SECURITY-CASES PW23)."""
    return bool(EMAIL_PATTERN.fullmatch(text)) and len(text) <= 254 and text.isprintable() and ".." not in text
