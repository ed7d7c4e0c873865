"""What the house needs from the outside world, as small protocols.

Each port has a real implementation in `adapters/`; tests supply others (a clock that moves, an entropy that repeats).
`Ports` is the bundle that use cases receive. Nothing here knows which implementation it talks to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from idp.domain.delivery import LogoutNotice, Mail, TextMessage
from idp.domain.phones import PhoneNumber
from idp.domain.rules import Rules


class Clock(Protocol):
    def now(self) -> int:
        """Seconds since the Unix epoch, UTC; never less than an earlier answer of the same process (SECURITY-CASES F18)."""


class Entropy(Protocol):
    def bytes(self, count: int) -> bytes:
        """`count` bytes of a cryptographically secure source."""

    def below(self, bound: int) -> int:
        """A uniformly distributed integer from 0 up to, not including, `bound`."""


class PasswordHasher(Protocol):
    """Argon2id in an executor of its own, with a cap on concurrent work. Raises `errors.Busy` when its queue is full."""

    async def hash(self, password: str) -> str:
        """A PHC string of the password, which must be normalised already (`domain.passwords.normalise`)."""

    async def verify(self, phc: str | None, password: str) -> bool:
        """Whether `password` matches. None costs the same time and is False: an unknown user must not answer faster."""

    def is_outdated(self, phc: str) -> bool:
        """Whether the parameters of this hash are weaker than today's, so that it is renewed at the next sign-in."""


class PasswordStrength(Protocol):
    def is_breached(self, password: str) -> bool:
        """Whether the password stands on the shipped list of common and breached ones."""

    def advice(self, password: str, context: Sequence[str]) -> str | None:
        """A sentence on how to make a guessable password better; None when it is strong enough."""


class Sealer(Protocol):
    """AES-256-GCM with a key outside the database. `place` (`table:column:row`) is authenticated, so that a sealed value
    copied to another row does not open. Raises `errors.WrongSealingKey`."""

    def seal(self, secret: bytes, place: str) -> bytes: ...

    def open(self, sealed: bytes, place: str) -> bytes: ...


class Mac(Protocol):
    """Keyed digests for secrets too short to be hashed plainly, and for tokens that need no row."""

    def digest(self, purpose: str, *parts: str) -> bytes:
        """HMAC-SHA-256 (32 bytes) under a key derived for `purpose`; `parts` are length-prefixed, so none runs into the next."""

    def digests(self, purpose: str, *parts: str) -> tuple[bytes, ...]:
        """The digest under every configured key, the one of `digest` first: what outlives a change of keys is checked so."""


class KeyFiles(Protocol):
    """The folder of signing keys: small files that are there whole or not at all. Calls block; use an executor.

    Raises `OSError` when the folder cannot be used.
    """

    def names(self) -> frozenset[str]:
        """The key files that are there. Cheap enough to ask every few seconds."""

    def read(self, name: str) -> bytes | None:
        """None when it went away since `names` was asked."""

    def write(self, name: str, content: bytes) -> None:
        """Creates or replaces one file at once and durably, readable for its owner only."""

    def remove(self, name: str) -> None:
        """Removes one file; one that is gone already is no error."""

    def lock(self) -> AbstractContextManager[None]:
        """Waits until no other process changes the folder. A holder that dies lets go."""


class Totp(Protocol):
    def new_secret(self) -> str:
        """160 random bits in Base32 (RFC 4226 §4)."""

    def matching_step(self, secret: str, code: str, now: int, *, back: int, ahead: int) -> int | None:
        """The time step (RFC 6238 §4.2) within `[now - back, now + ahead]` steps whose code this is, or None."""

    def provisioning_uri(self, secret: str, issuer: str, label: str) -> str:
        """The `otpauth://` key URI."""


class QrDrawer(Protocol):
    def svg(self, text: str) -> str:
        """The text as a QR code: one SVG element without script, style or width that a strict CSP would refuse."""


class PhoneNumbers(Protocol):
    def parse(self, text: str) -> PhoneNumber:
        """What a person typed, as E.164. Raises `domain.phones.PhoneRefused` with the reason."""

    def describe(self, e164: str) -> PhoneNumber:
        """The same checks for a number that is stored already: the rules may have become stricter since."""


class Mailer(Protocol):
    async def send(self, mail: Mail) -> None:
        """Hands one mail to the transport. Raises `errors.DeliveryFailed` (temporary or for good)."""


class Texter(Protocol):
    async def send(self, text: TextMessage) -> None:
        """Hands one text message to the provider within its deadline. Raises `errors.DeliveryFailed`."""


class LogoutCaller(Protocol):
    async def send(self, notice: LogoutNotice) -> None:
        """Tells a client that a session is over. Raises `errors.DeliveryFailed`."""


class Outbound(Protocol):
    """The one way to addresses that a client registered: https to public hosts, no redirects, little time, small answers.

    Raises `errors.OutboundFailed`.
    """

    async def get(self, url: str) -> bytes:
        """The body of a 200; anything else fails."""

    async def post_form(self, url: str, form: Mapping[str, str]) -> int:
        """The status that the form was answered with; its body is not read."""


class Composer(Protocol):
    """Turns a template's name and values into a message (`templates/mail`, `templates/sms`)."""

    def mail(self, template: str, to: str, values: Mapping[str, str]) -> Mail: ...

    def text_message(self, template: str, to: str, values: Mapping[str, str]) -> TextMessage: ...


@dataclass(frozen=True, slots=True)
class Ports:
    """What every use case may need, and the rules by which the operator runs this house."""

    clock: Clock
    entropy: Entropy
    hasher: PasswordHasher
    strength: PasswordStrength
    sealer: Sealer
    mac: Mac
    totp: Totp
    phones: PhoneNumbers
    composer: Composer
    rules: Rules
