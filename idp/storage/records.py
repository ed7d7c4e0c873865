"""Rows that have no word of their own in the domain, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from idp.domain.delivery import Channel, DeliveryState


@dataclass(frozen=True, slots=True)
class PasswordRecord:
    password_hash: str
    changed_at: int


@dataclass(frozen=True, slots=True)
class TemporaryRecord:
    id: str
    password_hash: str
    created_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class TotpRecord:
    secret_sealed: bytes
    last_step: int
    confirmed_at: int


@dataclass(frozen=True, slots=True)
class OutboxState:
    state: DeliveryState
    attempts: int
    last_error: str


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A message that this worker has claimed until its lease runs out."""

    id: str
    channel: Channel
    template: str
    recipient: str
    message_sealed: bytes
    attempts: int
    created_at: int
    expires_at: int
