"""What people prove themselves with. Hashes and sealed values only (SECURITY-CASES section 3)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, Table, Text

from idp.storage.tables.metadata import instant, metadata

passwords = Table(
    "passwords",
    metadata,
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("password_hash", Text, nullable=False),
    instant("changed_at"),
)

# One outstanding at most: a new one replaces the row, and with it the earlier password.
temporary_passwords = Table(
    "temporary_passwords",
    metadata,
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    instant("created_at"),
    instant("expires_at"),
)

totp_credentials = Table(
    "totp_credentials",
    metadata,
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("secret_sealed", LargeBinary, nullable=False),
    # The last accepted time step: it only moves forward, and no step counts twice (RFC 6238 §5.2).
    Column("last_step", BigInteger, nullable=False),
    instant("confirmed_at"),
)

# One pending secret per person, the newest; shown only to the login or session that owns it.
totp_enrolments = Table(
    "totp_enrolments",
    metadata,
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("owner_hash", LargeBinary, nullable=False),
    Column("secret_sealed", LargeBinary, nullable=False),
    instant("expires_at"),
)
