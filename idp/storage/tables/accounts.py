"""The account tree and what is allocated to its nodes."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, Table, Text, true

from idp.storage.tables.metadata import KEY, instant, metadata

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("number_key", KEY, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("parent_id", Text, ForeignKey("accounts.id"), nullable=True, index=True),
    Column("path", KEY, nullable=False, unique=True),
    Column("status", Text, nullable=False),
    Column("mfa", Text, nullable=False),
    Column("password_max_age_days", Integer, nullable=False, server_default="0"),
    # Derived from the row and its ancestors, and rewritten for the whole subtree by the one function that changes
    # any of them: sign-in and tokens read one row instead of climbing the tree.
    Column("chain_active", Boolean, nullable=False, server_default=true()),
    Column("chain_mfa", Text, nullable=False),
    Column("lineage", Text, nullable=False),
    # Moves on when the subtree is suspended or moved: grants and sessions of an earlier epoch are dead for good.
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created_at"),
)

account_permissions = Table(
    "account_permissions",
    metadata,
    Column("account_id", Text, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("permission", Text, primary_key=True),
    Column("allocated_by", Text, nullable=False),
    instant("allocated_at"),
)

# Every account may use every first-party portal unless a row here says otherwise.
portal_denials = Table(
    "portal_denials",
    metadata,
    Column("account_id", Text, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("client_id", Text, ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True),
)
