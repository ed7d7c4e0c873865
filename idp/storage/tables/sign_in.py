"""Logins (sign-ins under way), the sessions that they end in, text-message codes and known browsers."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, LargeBinary, Table, Text, false

from idp.storage.tables.metadata import instant, metadata

logins = Table(
    "logins",
    metadata,
    Column("id_hash", LargeBinary, primary_key=True),
    Column("browser_hash", LargeBinary, nullable=False),
    # None: the sign-in leads to a page of our own, which is nobody's client.
    Column("client_id", Text, ForeignKey("clients.client_id", ondelete="CASCADE"), nullable=True),
    # The validated authorization request, or the page of ours; opaque to the ladder, which reads `asked`.
    Column("request", Text, nullable=False),
    Column("asked", Text, nullable=False),
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), nullable=True),
    Column("user_epoch", Integer, nullable=True),
    Column("evidence", Text, nullable=False, server_default="{}"),
    Column("temporary_id", Text, nullable=True),
    Column("membership_id", Text, ForeignKey("memberships.id", ondelete="SET NULL"), nullable=True),
    Column("method", Text, nullable=True),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("consented", Boolean, nullable=False, server_default=false()),
    Column("state", Text, nullable=False),
    instant("created_at"),
    instant("expires_at", index=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("user_epoch", Integer, nullable=False),
    Column("browser_hash", LargeBinary, nullable=False),
    Column("evidence", Text, nullable=False),
    # Which account the person chose at which portal: {client_id: membership_id}.
    Column("choices", Text, nullable=False, server_default="{}"),
    Column("address", Text, nullable=False, server_default=""),
    Column("user_agent", Text, nullable=False, server_default=""),
    instant("created_at"),
    instant("seen_at"),
    instant("expires_at", index=True),
    instant("ended_at", nullable=True),
)

# One live code per login (or other owner): a resend replaces it, so an earlier one is wrong from then on.
text_codes = Table(
    "text_codes",
    metadata,
    Column("owner_hash", LargeBinary, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("code_hash", LargeBinary, nullable=False),
    Column("phone_number", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    instant("sent_at"),
    instant("expires_at", index=True),
    instant("used_at", nullable=True),
)

# Browsers from which a person has signed in: they keep free tries of their own while a stranger guesses (LG08).
known_browsers = Table(
    "known_browsers",
    metadata,
    Column("browser_hash", LargeBinary, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    instant("seen_at"),
)
