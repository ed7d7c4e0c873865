"""Alembic's entry point. `idp/storage/migrate.py` supplies the connection, with a transaction open around all of it."""

from __future__ import annotations

from alembic import context

from idp.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
