"""The proof that the configured sealing keys are those of this database (SECURITY-CASES F41)."""

from __future__ import annotations

from datetime import UTC, datetime

from idp.adapters.clock import SystemClock
from idp.adapters.entropy import SystemEntropy
from idp.adapters.sealing import SealingRing, new_key
from idp.errors import WrongSealingKey
from idp.ports import Clock
from idp.storage.unit_of_work import Store

CANARY = "sealing_check"
TEXT = b"the sealing key fits this database"
PLACE = f"house:value_sealed:{CANARY}"


async def sealing_key_fits(store: Store, sealer: SealingRing) -> bool:
    """Whether the value that the first start sealed opens; False when there was no start yet.

    Raises `errors.WrongSealingKey`, also when people are in a database without that value.
    """
    async with store.read() as uow:
        sealed = await uow.house.get(CANARY)
        if sealed is None:
            if await uow.people.in_account("/", limit=1):
                raise WrongSealingKey(detail=f"there are people, but no {CANARY}")
            return False
    if sealer.open(sealed, PLACE) != TEXT:
        raise WrongSealingKey(detail=f"{CANARY} opens, but holds another text")
    return True


async def settle_sealing_key(store: Store, sealer: SealingRing, clock: Clock) -> None:
    """Lets the first start seal the value, later ones prove their keys by it, and renews it under a newer key.

    Raises `errors.WrongSealingKey`.
    """
    if not await sealing_key_fits(store, sealer):
        async with store.write() as uow:
            await uow.house.add(CANARY, sealer.seal(TEXT, PLACE), clock.now())
        await sealing_key_fits(store, sealer)  # another process may have been first, with another key
        return
    async with store.read() as uow:
        sealed = await uow.house.get(CANARY)
    if sealed is not None and not sealer.is_current(sealed):
        async with store.write() as uow:
            await uow.house.replace(CANARY, sealer.seal(TEXT, PLACE))


def fresh_sealing_key(key_id: str) -> str:
    """A new key for `secrets.sealing_keys`."""
    return new_key(key_id, SystemEntropy())


def today() -> str:
    """The date as eight digits, UTC."""
    return datetime.fromtimestamp(SystemClock().now(), UTC).strftime("%Y%m%d")
