"""The change-password step: a temporary or overdue password is replaced by one of the person's choosing."""

from __future__ import annotations

from idp.domain.assurance import Method
from idp.domain.steps import Step
from idp.ports import Ports
from idp.services.new_password import StoredSecrets, accepted, context_words, replace_password, secrets_of
from idp.services.sessions import void_earlier_proofs
from idp.services.sign_in.visit import OutOfTurn, Position, Visit, expect, hold
from idp.storage.unit_of_work import Store, UnitOfWork


async def change_password(store: Store, ports: Ports, visit: Visit, wanted: str) -> None:
    """Replaces the password and ends everything that the old one had opened, in one transaction (F03, PW19).

    Raises `InvalidInput` with the reason when the password is not good enough: the step stays, nothing is stored. Of several
    browsers that try to replace one temporary password, the first wins and the others are out of turn (PW06).
    """
    async with store.read() as uow:
        position = await expect(uow, ports, visit, Step.CHANGE_PASSWORD)
        stored = await secrets_of(uow, position.person.id)
    there = position.situation
    words = context_words(position.person, there.memberships, there.client.client_name)
    new_hash = await accepted(ports, stored, wanted, words, has_second_factor=there.demand is not None)
    async with store.write() as uow:
        position = await hold(uow, ports, visit, Step.CHANGE_PASSWORD)
        await _settle(uow, ports, visit, position, stored, new_hash)


async def _settle(
    uow: UnitOfWork, ports: Ports, visit: Visit, position: Position, stored: StoredSecrets, new_hash: str
) -> None:
    now, person = ports.clock.now(), position.person
    temporary_id = position.login.temporary_id
    if temporary_id is not None and not await uow.credentials.use_temporary(person.id, temporary_id):
        raise OutOfTurn(position.step)
    if not await replace_password(uow, ports, person, stored, new_hash, visit.actor):
        raise OutOfTurn(position.step)
    epoch = await void_earlier_proofs(uow, ports, person.id, visit.actor)
    evidence = position.situation.evidence.without(Method.TEMPORARY_PASSWORD).having(Method.PASSWORD, now)
    expires_at = now + ports.rules.mfa.finish_seconds
    if not await uow.logins.identify(position.login.id_hash, person.id, epoch, evidence, None, now, expires_at):
        raise OutOfTurn(position.step)
