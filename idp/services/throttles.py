"""Buckets: what is counted together. Names are keyed digests, so the table tells nobody which usernames were tried."""

from __future__ import annotations

from idp.domain import throttling
from idp.domain.people import identifier_key
from idp.domain.throttling import Limit
from idp.ports import Ports
from idp.storage.unit_of_work import UnitOfWork


def bucket(ports: Ports, kind: str, *parts: str) -> str:
    """The name of the bucket that counts `kind` for these parts."""
    return f"{kind}:{ports.mac.digest('throttle', kind, *parts).hex()[:32]}"


def password_bucket(ports: Ports, username: str, browser_hash: bytes | None) -> str:
    """One bucket for all spellings of a username (LG04); a known browser of that person counts for itself (LG08)."""
    return bucket(ports, "password", identifier_key(username), browser_hash.hex() if browser_hash else "")


async def attempt_all(uow: UnitOfWork, ports: Ports, limits: list[tuple[str, Limit]]) -> int:
    """Takes one attempt from every bucket, or from none: 0, or the seconds to wait.

    Always in the same order, so that two transactions that hold rows of each other cannot wait for each other.
    """
    now = ports.clock.now()
    taken: list[tuple[str, Limit]] = []
    for name, limit in sorted(limits, key=lambda pair: pair[0]):
        verdict = await uow.throttles.attempt(name, limit, now)
        if not verdict.allowed:
            for earlier, its_limit in taken:
                await uow.throttles.forgive(earlier, its_limit, now)
            return max(1, verdict.retry_after)
        taken.append((name, limit))
    return 0


def second_factor_limits(ports: Ports, user_id: str, address: str) -> list[tuple[str, Limit]]:
    """The person's second-factor attempts, whatever the method and the login (TO05, RC02), and the address's."""
    rules = ports.rules.throttle
    limits: list[tuple[str, Limit]] = [(bucket(ports, "factor", user_id), throttling.second_factor(rules))]
    if address:
        limits.append((bucket(ports, "factor-address", address), throttling.second_factor_address(rules)))
    return limits


async def succeed_all(uow: UnitOfWork, ports: Ports, limits: list[tuple[str, Limit]]) -> None:
    """The attempt that was taken from these buckets was right. In the order of `attempt_all`."""
    for name, limit in sorted(limits, key=lambda pair: pair[0]):
        await uow.throttles.succeed(name, limit, ports.clock.now())
