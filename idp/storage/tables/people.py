"""Users and their memberships."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, Table, Text, UniqueConstraint, false, true

from idp.storage.tables.metadata import KEY, instant, metadata

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("username", Text, nullable=False),
    Column("username_key", KEY, nullable=False, unique=True),
    Column("email", Text, nullable=False),
    Column("email_key", KEY, nullable=False, index=True),
    Column("email_verified", Boolean, nullable=False, server_default=false()),
    Column("given_name", Text, nullable=False, server_default=""),
    Column("family_name", Text, nullable=False, server_default=""),
    Column("name", Text, nullable=False, server_default=""),
    Column("phone_number", Text, nullable=True),
    Column("phone_number_verified", Boolean, nullable=False, server_default=false()),
    instant("phone_changed_at", nullable=True),
    Column("standard_claims", Text, nullable=False, server_default="{}"),
    Column("status", Text, nullable=False),
    Column("mfa_enabled", Boolean, nullable=False, server_default=false()),
    # Moves on when everything issued earlier must die: password, factor or phone change, disabling.
    Column("auth_epoch", Integer, nullable=False, server_default="0"),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created_at"),
    instant("updated_at"),
)

memberships = Table(
    "memberships",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("role", Text, nullable=False),
    Column("may_manage_mfa", Boolean, nullable=False, server_default=true()),
    instant("created_at"),
    UniqueConstraint("user_id", "account_id"),
)
