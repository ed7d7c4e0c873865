"""Sending the code of the verify step by text message: to the stored number only (SECURITY-CASES SM01)."""

from __future__ import annotations

from idp.domain.assurance import Method
from idp.domain.steps import Step
from idp.ports import Ports
from idp.services.sign_in.visit import OutOfTurn, Visit, hold
from idp.services.text_codes import Recipient, TextOutcome, TextStatus, code_status, send_code
from idp.storage.unit_of_work import Store


async def enter_text_step(store: Store, ports: Ports, visit: Visit) -> TextOutcome:
    """The step was entered: sends a code unless this login has one already. Reloading the page sends nothing."""
    async with store.read() as uow:
        if await uow.text_codes.get(visit.login_hash) is not None:
            return TextOutcome()
    return await _send(store, ports, visit, again=False)


async def resend_text(store: Store, ports: Ports, visit: Visit) -> TextOutcome:
    """The person asked for another code: the earlier one is void, the tries so far stay counted (SM11, SM12)."""
    return await _send(store, ports, visit, again=True)


async def text_status(store: Store, ports: Ports, visit: Visit) -> TextStatus | None:
    """The status of this login's text message, or None when none was sent."""
    return await code_status(store, ports, visit.login_hash)


async def _send(store: Store, ports: Ports, visit: Visit, *, again: bool) -> TextOutcome:
    async with store.write() as uow:
        position = await hold(uow, ports, visit, Step.VERIFY)
        person = position.person
        if Method.SMS not in position.situation.offered or person.phone_number is None:
            raise OutOfTurn(position.step)
        if not again and await uow.text_codes.get(visit.login_hash) is not None:
            return TextOutcome()
        to = Recipient(
            owner_hash=visit.login_hash,
            user_id=person.id,
            number=person.phone_number,
            account_id=position.chosen.account.id,
            place=position.situation.client.client_name,
        )
        return await send_code(uow, ports, to, visit.actor)
