"""A login may lead to a page of our own, which is nobody's client."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("logins") as logins:
        logins.alter_column("client_id", existing_type=sa.Text(), nullable=True)
