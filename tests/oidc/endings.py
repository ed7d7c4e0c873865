"""What ends a grant from outside the protocol, each as the transaction of a page or command would do it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from idp.domain.clients import ClientStatus
from idp.domain.people import UserStatus
from idp.storage.unit_of_work import UnitOfWork

Ending = Callable[[UnitOfWork, int], Awaitable[object]]


async def disable_the_person(uow: UnitOfWork, now: int) -> None:
    await uow.people.set_status("usr_dana", UserStatus.DISABLED, now)


async def change_password_or_factor(uow: UnitOfWork, now: int) -> None:
    await uow.people.bump_epoch("usr_dana")


async def suspend_the_account(uow: UnitOfWork, now: int) -> None:
    await uow.accounts.suspend("acc_harbour", now)


async def suspend_its_reseller(uow: UnitOfWork, now: int) -> None:
    await uow.accounts.suspend("acc_north", now)


async def suspend_and_resume_its_reseller(uow: UnitOfWork, now: int) -> None:
    await uow.accounts.suspend("acc_north", now)
    await uow.accounts.resume("acc_north", now)


async def sign_out(uow: UnitOfWork, now: int) -> None:
    for session in await uow.sessions.of_user("usr_dana", now):
        await uow.sessions.end(session.id, now)


async def disable_the_client(uow: UnitOfWork, now: int) -> None:
    await uow.clients.set_status("inbound", ClientStatus.DISABLED)


async def revoke_the_grants(uow: UnitOfWork, now: int) -> None:
    await uow.grants.revoke_of_user("usr_dana", "test", now)


OF_THE_PERSON: tuple[Ending, ...] = (
    disable_the_person,
    change_password_or_factor,
    suspend_the_account,
    suspend_its_reseller,
    suspend_and_resume_its_reseller,
    sign_out,
    revoke_the_grants,
)
