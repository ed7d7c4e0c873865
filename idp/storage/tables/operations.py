"""What keeps the house running: throttles, the outbox, the audit trail and its own few sealed values."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from idp.storage.tables.metadata import instant, metadata

# `bucket` is a keyed digest of what is throttled: usernames that were merely tried are nobody's to read.
throttles = Table(
    "throttles",
    metadata,
    Column("bucket", Text, primary_key=True),
    Column("state", Text, nullable=False),
    instant("expires_at", index=True),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("message_sealed", LargeBinary, nullable=True),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_error", Text, nullable=False, server_default=""),
    instant("created_at"),
    instant("next_attempt_at"),
    instant("expires_at"),
    instant("done_at", nullable=True),
    Index("ix_outbox_due", "state", "next_attempt_at"),
)

audit_events = Table(
    "audit_events",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("event", Text, nullable=False),
    instant("at", index=True),
    Column("actor_id", Text, nullable=False, server_default=""),
    Column("address", Text, nullable=False, server_default=""),
    Column("user_agent", Text, nullable=False, server_default=""),
    Column("request_id", Text, nullable=False, server_default=""),
    Column("user_id", Text, nullable=True, index=True),
    Column("account_id", Text, nullable=True, index=True),
    Column("client_id", Text, nullable=True),
    Column("reference", Text, nullable=True, index=True),
    Column("details", Text, nullable=False, server_default="{}"),
)

# Values of the house itself. `sealing_check` is a known text under the sealing key: a start with another key is refused
# before anything is read or written with it (SECURITY-CASES F41).
house = Table(
    "house",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value_sealed", LargeBinary, nullable=False),
    instant("created_at"),
)
