"""The schema, as SQLAlchemy Core tables on one metadata, for pages, back channel and migrations alike.

Instants are seconds since the Unix epoch (`_at`), bearer secrets are SHA-256 (`_hash`), recoverable ones sealed
(`_sealed`), structured values JSON in a text column that is written and read whole. Rows never leave `storage`.
"""

from idp.storage.tables.accounts import account_permissions, accounts, portal_denials
from idp.storage.tables.clients import clients, consents
from idp.storage.tables.credentials import passwords, temporary_passwords, totp_credentials, totp_enrolments
from idp.storage.tables.grants import grants
from idp.storage.tables.metadata import metadata
from idp.storage.tables.operations import audit_events, house, outbox, throttles
from idp.storage.tables.people import memberships, users
from idp.storage.tables.protocol import posted_requests, used_assertions
from idp.storage.tables.sign_in import known_browsers, logins, sessions, text_codes

__all__ = [
    "account_permissions",
    "accounts",
    "audit_events",
    "clients",
    "consents",
    "grants",
    "house",
    "known_browsers",
    "logins",
    "memberships",
    "metadata",
    "outbox",
    "passwords",
    "portal_denials",
    "posted_requests",
    "sessions",
    "temporary_passwords",
    "text_codes",
    "throttles",
    "totp_credentials",
    "totp_enrolments",
    "used_assertions",
    "users",
]
