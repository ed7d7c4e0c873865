"""One metadata with named constraints, so that a migration can address every one of them on both databases."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, MetaData, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

KEY = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is compared and ordered byte by byte, in SQLite as in PostgreSQL: a range of it is a prefix search that uses the
index, pages come in one order everywhere, and a new version of the system's collations leaves the indexes right."""


def instant(name: str, *, nullable: bool = False, index: bool = False) -> Column[int]:
    """A column of seconds since the Unix epoch, UTC."""
    return Column(name, BigInteger, nullable=nullable, index=index)
