"""My MFA, with the words of the support article: Enable Multi-Factor Authentication (MFA), Reset MFA, Save."""

from __future__ import annotations

from dataclasses import replace

from idp.domain.assurance import Method
from idp.domain.audit import AuditEvent, Event
from idp.domain.policy import accounts_demanding_mfa, may_manage_mfa
from idp.errors import IdpError
from idp.ports import Ports
from idp.services.factors import remove_factors
from idp.services.notices import notify
from idp.services.self_service.owner import Caller, Owner, go_on_alone, recognise
from idp.storage.unit_of_work import Store, UnitOfWork


class MfaManaged(IdpError):
    """One of the person's accounts keeps MFA to its administrators."""

    code = "mfa_managed"

    def __init__(self, owner: Owner) -> None:
        account = next(m.account for m in owner.active if not m.may_manage_mfa)
        super().__init__(f"The administrators of {account.name} look after your MFA. Ask them to change it.")


class MfaDemanded(IdpError):
    """MFA cannot be turned off while an account of the person demands it. The text says whose demand it is, and whom to ask."""

    code = "mfa_demanded"

    def __init__(self, owner: Owner, support: str) -> None:
        account = accounts_demanding_mfa(owner.memberships)[0]
        whom = account.reseller.name if account.reseller else support
        super().__init__(
            f"{account.name} requires MFA, so it cannot be turned off here. Ask {whom} if that should change."
        )


def lock_of(owner: Owner, ports: Ports) -> MfaManaged | MfaDemanded | None:
    """Why the person cannot turn MFA off, or change anything about it at all; None when they can."""
    if not may_manage_mfa(owner.active):
        return MfaManaged(owner)
    if accounts_demanding_mfa(owner.memberships):
        return MfaDemanded(owner, ports.rules.support.name)
    return None


async def enable_mfa(store: Store, ports: Ports, caller: Caller) -> None:
    """From the next sign-in on a second factor is asked for, and enrolled by QR code if there is none.

    Sessions go on: what they proved stays true, and portals ask for the factor by themselves. Does nothing when MFA is on.
    Raises `NotSignedIn`, `ProofNeeded`, `MfaManaged`.
    """
    async with store.write() as uow:
        owner = await _manager(uow, ports, caller)
        if owner.person.mfa_enabled:
            return
        owner.require_proof()
        await uow.people.set_mfa_enabled(owner.person.id, True, owner.now)
        await _tell(uow, ports, owner, Event.MFA_ENABLED, "mfa_enabled")


async def disable_mfa(store: Store, ports: Ports, caller: Caller) -> str | None:
    """The password alone is enough again, and the authenticator app is forgotten. Other sessions and all tokens end.

    Returns the session's new token, None when MFA was off already. Raises `NotSignedIn`, `ProofNeeded`, `MfaManaged` and, while
    an account demands it, `MfaDemanded`.
    """
    async with store.write() as uow:
        owner = await _manager(uow, ports, caller)
        if accounts_demanding_mfa(owner.memberships):
            raise MfaDemanded(owner, ports.rules.support.name)
        if not owner.person.mfa_enabled:
            return None
        owner.require_proof()
        await uow.people.set_mfa_enabled(owner.person.id, False, owner.now)
        token = await _go_on_without(uow, ports, owner, await remove_factors(uow, owner.person))
        await _tell(uow, ports, owner, Event.MFA_DISABLED, "mfa_disabled")
    return token


async def reset_my_mfa(store: Store, ports: Ports, caller: Caller) -> str | None:
    """Voids the old secret: where MFA is asked for, the next sign-in registers an app again. Other sessions and tokens end.

    Returns the session's new token, None when there was nothing to reset. Raises `NotSignedIn`, `ProofNeeded`, `MfaManaged`.
    """
    async with store.write() as uow:
        owner = await _manager(uow, ports, caller)
        owner.require_proof()
        removed = await remove_factors(uow, owner.person)
        if not removed:
            return None
        token = await _go_on_without(uow, ports, owner, removed)
        await _tell(uow, ports, owner, Event.MFA_RESET, "mfa_reset")
    return token


async def _manager(uow: UnitOfWork, ports: Ports, caller: Caller) -> Owner:
    owner = await recognise(uow, ports, caller)
    if not may_manage_mfa(owner.active):
        raise MfaManaged(owner)
    return owner


async def _go_on_without(uow: UnitOfWork, ports: Ports, owner: Owner, removed: frozenset[Method]) -> str:
    """Whoever was let in by a factor that is gone is let in no longer; in this session it has proved nothing from now on."""
    session = replace(owner.session, evidence=owner.session.evidence.without(*removed))
    return await go_on_alone(uow, ports, owner, session)


async def _tell(uow: UnitOfWork, ports: Ports, owner: Owner, event: Event, template: str) -> None:
    await uow.audit.add(AuditEvent(event, owner.now, owner.actor, user_id=owner.person.id))
    await notify(uow, ports, owner.person, template, owner.actor)
