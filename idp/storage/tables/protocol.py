"""What the protocol keeps for minutes: requests that were posted to us, and assertions that were used."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, Table, Text

from idp.storage.tables.metadata import instant, metadata

# Validated, so that no token of the request lies here. Bound to no browser: it is what anybody may send.
posted_requests = Table(
    "posted_requests",
    metadata,
    Column("id_hash", LargeBinary, primary_key=True),
    Column("endpoint", Text, nullable=False),
    Column("request", Text, nullable=False),
    instant("expires_at", index=True),
)

# One row for each client assertion (RFC 7523 §3, `jti`), until it has expired anyway. Replicas of two versions meet here
# during a rolling upgrade: what `assertion_hash` is made of must never change.
used_assertions = Table(
    "used_assertions",
    metadata,
    Column("assertion_hash", LargeBinary, primary_key=True),
    instant("expires_at", index=True),
)
