"""Changing one's own mobile number: a fresh proof, then a code to the new number before it counts (SECURITY-CASES SM14)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from idp.domain.assurance import Method
from idp.domain.audit import AuditEvent, Event
from idp.domain.ids import secret_hash
from idp.domain.onetime import CodeVerdict
from idp.domain.phones import PhoneRefused
from idp.errors import InvalidInput
from idp.ports import Ports
from idp.services.notices import notify, post_text
from idp.services.self_service.owner import Caller, Owner, go_on_alone, recognise
from idp.services.text_codes import Recipient, TextOutcome, TextStatus, code_status, judge_code, send_code
from idp.services.throttles import attempt_all, second_factor_limits
from idp.storage.unit_of_work import Store, UnitOfWork

FIELD = "phone_number"
NOTICE = "phone_changed"
SAME = "That is the number we have for you already. Enter another one."


@dataclass(frozen=True, slots=True)
class PhoneOutcome:
    """The verdict on the code; the session's new token when it was right; how long to wait when a limit is reached."""

    verdict: CodeVerdict
    token: str | None = None
    retry_after: int = 0


async def begin_phone_change(store: Store, ports: Ports, caller: Caller, typed: str) -> TextOutcome:
    """Texts a code to the number that was typed. Nothing about the person changes yet.

    Raises `NotSignedIn`, `ProofNeeded`, and `InvalidInput` with the reason why the number will not do.
    """
    async with store.write() as uow:
        owner = await recognise(uow, ports, caller)
        owner.require_proof()
        return await _send(uow, ports, owner, _parsed(ports, owner, typed))


async def resend_phone_code(store: Store, ports: Ports, caller: Caller) -> TextOutcome:
    """Another code to the same new number; the earlier one is void. Raises `NotSignedIn`, `ProofNeeded`, `InvalidInput`."""
    async with store.write() as uow:
        owner = await recognise(uow, ports, caller)
        owner.require_proof()
        pending = await uow.text_codes.get(_owner_hash(owner))
        if pending is None or pending.used_at is not None:
            raise InvalidInput(FIELD, "Enter your new mobile number again.")
        return await _send(uow, ports, owner, pending.phone_number)


async def pending_phone(store: Store, ports: Ports, owner: Owner) -> TextStatus | None:
    """The number that waits for its code, and the status of the text message; None when there is none."""
    async with store.read() as uow:
        pending = await uow.text_codes.get(_owner_hash(owner))
    if pending is None or pending.used_at is not None:
        return None
    return await code_status(store, ports, _owner_hash(owner))


async def confirm_phone(store: Store, ports: Ports, caller: Caller, typed: str) -> PhoneOutcome:
    """Takes the code as proof that the new number is the person's. The old one counts no more, and is told.

    The code itself carries the fresh proof on: it was sent on the strength of one, to this session, minutes ago. Tries are
    counted with those at the second factor, and a right one wipes nothing out: it is no proof of who this is (TO05).
    Raises `NotSignedIn`.
    """
    async with store.write() as uow:
        owner = await recognise(uow, ports, caller)
        wait = await attempt_all(uow, ports, second_factor_limits(ports, owner.person.id, owner.actor.address))
        if wait:
            event = AuditEvent(Event.SECOND_FACTOR_THROTTLED, owner.now, owner.actor, user_id=owner.person.id)
            await uow.audit.add(event)
            return PhoneOutcome(CodeVerdict.EXHAUSTED, retry_after=wait)
        pending = await uow.text_codes.get(_owner_hash(owner))
        verdict = await judge_code(uow, ports, _owner_hash(owner), owner.person.id, typed)
        if verdict is not CodeVerdict.RIGHT or pending is None:
            return PhoneOutcome(verdict)
        return PhoneOutcome(verdict, await _settle(uow, ports, owner, pending.phone_number))


def _parsed(ports: Ports, owner: Owner, typed: str) -> str:
    try:
        number = ports.phones.parse(typed).e164
    except PhoneRefused as refused:
        raise InvalidInput(FIELD, refused.problem.value) from refused
    if number == owner.person.phone_number and owner.person.phone_number_verified:
        raise InvalidInput(FIELD, SAME)
    return number


async def _send(uow: UnitOfWork, ports: Ports, owner: Owner, number: str) -> TextOutcome:
    to = Recipient(
        owner_hash=_owner_hash(owner),
        user_id=owner.person.id,
        number=number,
        account_id=owner.active[0].account.id,
        place=ports.rules.mfa.issuer_name,
    )
    return await send_code(uow, ports, to, owner.actor)


async def _settle(uow: UnitOfWork, ports: Ports, owner: Owner, number: str) -> str:
    """Sessions and tokens that a text message opened end; in this one the old number has proved nothing from now on."""
    old = owner.person.phone_number
    await uow.people.set_phone(owner.person.id, number, True, owner.now)
    session = replace(owner.session, evidence=owner.session.evidence.without(Method.SMS))
    token = await go_on_alone(uow, ports, owner, session)
    await uow.audit.add(AuditEvent(Event.PHONE_CHANGED, owner.now, owner.actor, user_id=owner.person.id))
    await notify(uow, ports, owner.person, NOTICE, owner.actor, phone_ending=number[-3:])
    if old is not None and old != number:
        await _tell_old_number(uow, ports, old)
    return token


async def _tell_old_number(uow: UnitOfWork, ports: Ports, old: str) -> None:
    """Whoever holds the old number learns of it, where a text may still be sent and the provider sends more than codes."""
    if ports.rules.sms.sent_by == "twilio_verify":
        return
    try:
        ports.phones.describe(old)
    except PhoneRefused:
        return
    values = {"provider": ports.rules.mfa.issuer_name, "support": ports.rules.support.name}
    await post_text(uow, ports, NOTICE, old, values)


def _owner_hash(owner: Owner) -> bytes:
    """The session owns the code: neither another session nor a sign-in can use it."""
    return secret_hash(f"phone change of {owner.session.id}")
