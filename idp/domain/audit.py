"""The closed vocabulary of security events, `subject.action`. Written in the transaction of what they tell about."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Event(StrEnum):
    SIGN_IN_SUCCEEDED = "sign_in.succeeded"
    SIGN_IN_FAILED = "sign_in.failed"
    SIGN_IN_THROTTLED = "sign_in.throttled"
    SIGN_IN_REFUSED = "sign_in.refused"
    SIGN_IN_BLOCKED_NO_PHONE = "sign_in.blocked_no_phone"
    SIGN_IN_CANCELLED = "sign_in.cancelled"
    SECOND_FACTOR_SUCCEEDED = "second_factor.succeeded"
    SECOND_FACTOR_FAILED = "second_factor.failed"
    SECOND_FACTOR_THROTTLED = "second_factor.throttled"
    SESSION_STARTED = "session.started"
    SESSION_ENDED = "session.ended"
    TEMPORARY_PASSWORD_SENT = "temporary_password.sent"  # noqa: S105 - names of events
    TEMPORARY_PASSWORD_EXPIRED = "temporary_password.expired"  # noqa: S105
    PASSWORD_CHANGED = "password.changed"  # noqa: S105
    TOTP_ENROLLED = "totp.enrolled"
    MFA_ENABLED = "mfa.enabled"
    MFA_DISABLED = "mfa.disabled"
    MFA_RESET = "mfa.reset"
    PHONE_CHANGED = "phone.changed"
    SMS_REQUESTED = "sms.requested"
    SMS_BUDGET_EXCEEDED = "sms.budget_exceeded"
    SMS_FAILED = "sms.failed"
    CODE_ISSUED = "code.issued"
    CODE_REPLAYED = "code.replayed"
    REFRESH_REUSED = "refresh.reused"
    GRANT_REVOKED = "grant.revoked"
    CLIENT_CREATED = "client.created"
    CLIENT_CHANGED = "client.changed"
    CLIENT_SECRET_ROTATED = "client.secret_rotated"  # noqa: S105
    CLIENT_AUTHENTICATION_FAILED = "client.authentication_failed"
    CONSENT_GIVEN = "consent.given"
    ACCOUNT_CREATED = "account.created"
    ACCOUNT_MOVED = "account.moved"
    ACCOUNT_SUSPENDED = "account.suspended"
    ACCOUNT_RESUMED = "account.resumed"
    PERMISSION_ALLOCATED = "permission.allocated"
    PERMISSION_WITHDRAWN = "permission.withdrawn"
    USER_CREATED = "user.created"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    USER_CHANGED = "user.changed"
    KEY_ROTATED = "key.rotated"
    KEY_REVOKED = "key.revoked"
    DELIVERY_FAILED = "delivery.failed"
    LOGOUT_FAILED = "logout.failed"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, from where: a user id, a client id, or `cli`; address and browser as the request gave them."""

    id: str = ""
    address: str = ""
    user_agent: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One fact. `details` holds short strings, never a secret; `reference` is what the person was shown."""

    event: Event
    at: int
    actor: Actor = Actor()
    user_id: str | None = None
    account_id: str | None = None
    client_id: str | None = None
    reference: str | None = None
    details: dict[str, str] = field(default_factory=dict)
