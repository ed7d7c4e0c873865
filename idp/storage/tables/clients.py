"""Relying parties and the consents that people gave them."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, Table, Text

from idp.storage.tables.metadata import instant, metadata

clients = Table(
    "clients",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("metadata", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("secrets", Text, nullable=False, server_default="[]"),
    Column("status", Text, nullable=False),
    # Where it came from: a configuration file owns its clients and may overwrite them, the command line's it may not.
    Column("source", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created_at"),
)

consents = Table(
    "consents",
    metadata,
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("client_id", Text, ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True),
    Column("scope", Text, nullable=False),
    instant("given_at"),
)
