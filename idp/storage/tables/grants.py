"""Grants: one row per token family, from the authorization code to its last refresh token.

A code is redeemed once and a refresh token is a keyed digest of the family and its generation, so neither needs a table of
its own: redemption, rotation and reuse detection are each one conditional UPDATE of this row (docs/adr/0006).
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from idp.storage.tables.metadata import instant, metadata

grants = Table(
    "grants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("clients.client_id", ondelete="CASCADE"), nullable=False),
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("membership_id", Text, ForeignKey("memberships.id", ondelete="CASCADE"), nullable=False),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    Column("session_id", Text, ForeignKey("sessions.id", ondelete="SET NULL"), nullable=True),
    # What the subject's and account's epochs were at sign-in: when either moves on, the grant is dead without a write.
    Column("user_epoch", Integer, nullable=False),
    Column("account_epoch", Integer, nullable=False),
    Column("scope", Text, nullable=False),
    Column("claims", Text, nullable=False, server_default="{}"),
    Column("nonce", Text, nullable=True),
    Column("acr", Text, nullable=False),
    Column("amr", Text, nullable=False),
    instant("auth_time"),
    Column("auth_time_asked", Boolean, nullable=False),
    Column("offline", Boolean, nullable=False),
    Column("code_hash", LargeBinary, nullable=False, unique=True),
    Column("code_challenge", Text, nullable=True),
    Column("redirect_uri", Text, nullable=False),
    instant("code_expires_at"),
    instant("code_used_at", nullable=True),
    # 0: no refresh token was issued. `rotated_at` is when the latest generation replaced the one before: the grace
    # for a lost answer runs from that first use and never starts again (SECURITY-CASES TK33).
    Column("generation", Integer, nullable=False, server_default="0"),
    instant("rotated_at", nullable=True),
    instant("idle_expires_at", nullable=True),
    instant("expires_at"),
    instant("revoked_at", nullable=True),
    Column("revoked_because", Text, nullable=True),
    instant("created_at"),
    Index("ix_grants_user_id", "user_id"),
    Index("ix_grants_session_id", "session_id"),
    Index("ix_grants_expires_at", "expires_at"),
)
