"""Sending the code of the verify step by text message: to the stored number only, within budgets that fail closed (SM01-SM05)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from idp.domain import throttling
from idp.domain.assurance import Method
from idp.domain.audit import AuditEvent, Event
from idp.domain.delivery import DeliveryState
from idp.domain.onetime import TextCode, new_code
from idp.domain.phones import PhoneRefused
from idp.domain.steps import Step
from idp.domain.throttling import Limit
from idp.ports import Ports
from idp.services.notices import post_text
from idp.services.sign_in.visit import OutOfTurn, Position, Visit, expect
from idp.services.throttles import attempt_all, bucket
from idp.storage.unit_of_work import Store, UnitOfWork

CODE_TEMPLATE = "code"


@dataclass(frozen=True, slots=True)
class TextOutcome:
    """What became of asking for a text message.

    `message_id` when a new one is on its way. Otherwise `retry_after` says how long to wait, or `unusable` that this number
    cannot be texted at all.
    """

    message_id: str | None = None
    retry_after: int = 0
    unusable: bool = False


async def enter_text_step(store: Store, ports: Ports, visit: Visit) -> TextOutcome:
    """The step was entered: sends a code unless this login has one already. Reloading the page sends nothing."""
    async with store.read() as uow:
        if await uow.text_codes.get(visit.login_hash) is not None:
            return TextOutcome()
    return await _send(store, ports, visit, again=False)


async def resend_text(store: Store, ports: Ports, visit: Visit) -> TextOutcome:
    """The person asked for another code: the earlier one is void, the tries so far stay counted (SM11, SM12)."""
    return await _send(store, ports, visit, again=True)


@dataclass(frozen=True, slots=True)
class TextStatus:
    """What the page tells about the latest text message of a login: where it went, whether it could be handed over, and
    when another one may be asked for."""

    number: str
    failed: bool
    wait_seconds: int


async def text_status(store: Store, ports: Ports, visit: Visit) -> TextStatus | None:
    """The status of this login's text message, or None when none was sent."""
    async with store.read() as uow:
        text_code = await uow.text_codes.get(visit.login_hash)
        if text_code is None:
            return None
        sent = await uow.outbox.state(text_code.id)
        name = bucket(ports, "sms-login", visit.login_hash.hex())
        verdict = await uow.throttles.peek(name, throttling.sms_login(ports.rules.sms), ports.clock.now())
    failed = sent is not None and sent.state is not DeliveryState.SENT and bool(sent.last_error)
    return TextStatus(text_code.phone_number, failed, 0 if verdict.allowed else verdict.retry_after)


async def _send(store: Store, ports: Ports, visit: Visit, *, again: bool) -> TextOutcome:
    async with store.write() as uow:
        position = await expect(uow, ports, visit, Step.VERIFY)
        person = position.person
        if Method.SMS not in position.situation.offered or person.phone_number is None:
            raise OutOfTurn(position.step)
        earlier = await uow.text_codes.get(visit.login_hash)
        if earlier is not None and not again:
            return TextOutcome()
        now = ports.clock.now()
        try:
            # Checked again at send: the allow-list may have become stricter since the number was stored (SM05).
            region = ports.phones.describe(person.phone_number).region
        except PhoneRefused as refused:
            details = {"reason": refused.problem.name}
            await uow.audit.add(AuditEvent(Event.SMS_FAILED, now, visit.actor, user_id=person.id, details=details))
            return TextOutcome(unusable=True)
        wait = await attempt_all(uow, ports, _budgets(ports, position, person.phone_number, region))
        if wait:
            await uow.audit.add(AuditEvent(Event.SMS_BUDGET_EXCEEDED, now, visit.actor, user_id=person.id))
            return TextOutcome(retry_after=wait)
        if earlier is not None and await _is_waiting(uow, earlier.id):
            await uow.outbox.abandon(earlier.id, "replaced by a newer code", now)
        return TextOutcome(await _post_code(uow, ports, visit, position, person.phone_number))


async def _is_waiting(uow: UnitOfWork, message_id: str) -> bool:
    found = await uow.outbox.state(message_id)
    return found is not None and found.state is DeliveryState.QUEUED


async def _post_code(uow: UnitOfWork, ports: Ports, visit: Visit, position: Position, number: str) -> str:
    now, user_id = ports.clock.now(), position.person.id
    code = new_code(ports.entropy.below)
    expires_at = now + ports.rules.sms.code_seconds
    values = {
        "code": code,
        "portal": position.situation.client.client_name,
        "host": urlsplit(ports.rules.issuer).hostname or "",
    }
    message_id = await post_text(uow, ports, CODE_TEMPLATE, number, values, expires_at=expires_at)
    digest = code_digest(ports, visit.login_hash, user_id, code)
    text_code = TextCode(id=message_id, code_hash=digest, phone_number=number, sent_at=now, expires_at=expires_at)
    await uow.text_codes.put(visit.login_hash, user_id, text_code, message_id)
    await uow.audit.add(AuditEvent(Event.SMS_REQUESTED, now, visit.actor, user_id=user_id))
    return message_id


def _budgets(ports: Ports, position: Position, number: str, region: str) -> list[tuple[str, Limit]]:
    """Every limit that one text message takes from: login, person, number, range, account, country, and all together."""
    rules = ports.rules.sms
    return [
        (bucket(ports, "sms-login", position.login.id_hash.hex()), throttling.sms_login(rules)),
        (bucket(ports, "sms-person", position.person.id), throttling.sms_person(rules)),
        (bucket(ports, "sms-number", number), throttling.sms_person(rules)),
        (bucket(ports, "sms-prefix", number[:-4]), throttling.sms_prefix(rules)),
        (bucket(ports, "sms-account", position.chosen.account.id), throttling.sms_account(rules)),
        (bucket(ports, "sms-country", region), throttling.sms_country(rules)),
        (bucket(ports, "sms-total"), throttling.sms_total(rules)),
    ]


def code_digest(ports: Ports, owner_hash: bytes, user_id: str, code: str) -> bytes:
    """What is stored of a code: a keyed digest bound to the login and the person (SECURITY-CASES section 3)."""
    return ports.mac.digest("text-code", owner_hash.hex(), user_id, code)
