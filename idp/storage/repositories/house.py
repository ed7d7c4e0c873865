"""The house's own few sealed values, by name."""

from __future__ import annotations

from sqlalchemy import select, update

from idp.storage.repositories.repository import Repository
from idp.storage.tables import house


class House(Repository):
    async def get(self, name: str) -> bytes | None:
        """The sealed value; None when it was never stored."""
        row = await self._first(select(house.c.value_sealed).where(house.c.name == name))
        return row["value_sealed"] if row else None

    async def add(self, name: str, value_sealed: bytes, now: int) -> bool:
        """Stores a value for the first time. False: one is there already, and stays."""
        insert = self._insert(house).values(name=name, value_sealed=value_sealed, created_at=now)
        return await self._happened(insert.on_conflict_do_nothing().returning(house.c.name))

    async def replace(self, name: str, value_sealed: bytes) -> None:
        """The same value under a newer key."""
        await self._run(update(house).where(house.c.name == name).values(value_sealed=value_sealed))
