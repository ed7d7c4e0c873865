"""One-time codes by text message: sent within budgets that fail closed, judged once (SECURITY-CASES SM01-SM12).

A code belongs to an owner, which is a login or a session, and to one number. Nobody asks here for a number of their own
choosing without having proved who they are first (SM01): that is the caller's part.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from idp.domain import throttling
from idp.domain.audit import Actor, AuditEvent, Event
from idp.domain.delivery import DeliveryState
from idp.domain.onetime import CodeVerdict, TextCode, clean_code, new_code
from idp.domain.phones import PhoneRefused
from idp.domain.throttling import Limit
from idp.ports import Ports
from idp.services.notices import post_text
from idp.services.throttles import attempt_all, bucket
from idp.storage.unit_of_work import Store, UnitOfWork

CODE_TEMPLATE = "code"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets a code, where and for what. `owner_hash` names the login or session; `place` is what the text message says the
    code is for."""

    owner_hash: bytes
    user_id: str
    number: str
    account_id: str
    place: str


@dataclass(frozen=True, slots=True)
class TextOutcome:
    """What became of asking for a text message.

    `message_id` when a new one is on its way. Otherwise `retry_after` says how long to wait, or `unusable` that this number
    cannot be texted at all.
    """

    message_id: str | None = None
    retry_after: int = 0
    unusable: bool = False


@dataclass(frozen=True, slots=True)
class TextStatus:
    """What the page tells about an owner's latest text message: where it went, whether it could be handed over, and when
    another one may be asked for."""

    number: str
    failed: bool
    wait_seconds: int


async def send_code(uow: UnitOfWork, ports: Ports, to: Recipient, actor: Actor) -> TextOutcome:
    """Sends a new code; the owner's earlier one is void from here on (SM11)."""
    now = ports.clock.now()
    try:
        # Checked again at send: the allow-list may have become stricter since the number was stored (SM05).
        region = ports.phones.describe(to.number).region
    except PhoneRefused as refused:
        details = {"reason": refused.problem.name}
        await uow.audit.add(AuditEvent(Event.SMS_FAILED, now, actor, user_id=to.user_id, details=details))
        return TextOutcome(unusable=True)
    wait = await attempt_all(uow, ports, _budgets(ports, to, region))
    if wait:
        await uow.audit.add(AuditEvent(Event.SMS_BUDGET_EXCEEDED, now, actor, user_id=to.user_id))
        return TextOutcome(retry_after=wait)
    earlier = await uow.text_codes.get(to.owner_hash)
    if earlier is not None and await _is_waiting(uow, earlier.id):
        await uow.outbox.abandon(earlier.id, "replaced by a newer code", now)
    return TextOutcome(await _post(uow, ports, to, actor))


async def _is_waiting(uow: UnitOfWork, message_id: str) -> bool:
    found = await uow.outbox.state(message_id)
    return found is not None and found.state is DeliveryState.QUEUED


async def _post(uow: UnitOfWork, ports: Ports, to: Recipient, actor: Actor) -> str:
    now = ports.clock.now()
    code = new_code(ports.entropy.below)
    expires_at = now + ports.rules.sms.code_seconds
    values = {"code": code, "portal": to.place, "host": urlsplit(ports.rules.issuer).hostname or ""}
    message_id = await post_text(uow, ports, CODE_TEMPLATE, to.number, values, expires_at=expires_at)
    text_code = TextCode(
        id=message_id,
        code_hash=_digest(ports, to.owner_hash, to.user_id, code),
        phone_number=to.number,
        sent_at=now,
        expires_at=expires_at,
    )
    await uow.text_codes.put(to.owner_hash, to.user_id, text_code, message_id)
    await uow.audit.add(AuditEvent(Event.SMS_REQUESTED, now, actor, user_id=to.user_id))
    return message_id


def _budgets(ports: Ports, to: Recipient, region: str) -> list[tuple[str, Limit]]:
    """Every limit that one text message takes from: owner, person, number, range, account, country, and all together."""
    rules = ports.rules.sms
    return [
        (_owner_bucket(ports, to.owner_hash), throttling.sms_login(rules)),
        (bucket(ports, "sms-person", to.user_id), throttling.sms_person(rules)),
        (bucket(ports, "sms-number", to.number), throttling.sms_person(rules)),
        (bucket(ports, "sms-prefix", to.number[:-4]), throttling.sms_prefix(rules)),
        (bucket(ports, "sms-account", to.account_id), throttling.sms_account(rules)),
        (bucket(ports, "sms-country", region), throttling.sms_country(rules)),
        (bucket(ports, "sms-total"), throttling.sms_total(rules)),
    ]


def _owner_bucket(ports: Ports, owner_hash: bytes) -> str:
    return bucket(ports, "sms-login", owner_hash.hex())


async def code_status(store: Store, ports: Ports, owner_hash: bytes) -> TextStatus | None:
    """The status of the owner's text message, or None when none was sent."""
    async with store.read() as uow:
        text_code = await uow.text_codes.get(owner_hash)
        if text_code is None:
            return None
        sent = await uow.outbox.state(text_code.id)
        limit = throttling.sms_login(ports.rules.sms)
        verdict = await uow.throttles.peek(_owner_bucket(ports, owner_hash), limit, ports.clock.now())
    failed = sent is not None and sent.state is not DeliveryState.SENT and bool(sent.last_error)
    return TextStatus(text_code.phone_number, failed, 0 if verdict.allowed else verdict.retry_after)


async def judge_code(uow: UnitOfWork, ports: Ports, owner_hash: bytes, user_id: str, typed: str) -> CodeVerdict:
    """The verdict on what was typed. A right code is used up by it, a wrong one counts against the code (SM09, SM11)."""
    stored = await uow.text_codes.get(owner_hash)
    code = clean_code(typed)
    if stored is None or code is None:
        return CodeVerdict.WRONG
    tries = await uow.text_codes.count_try(owner_hash)
    if tries > ports.rules.sms.tries_per_code:
        return CodeVerdict.EXHAUSTED
    digest = _digest(ports, owner_hash, user_id, code)
    now = ports.clock.now()
    if await uow.text_codes.use(owner_hash, digest, now):
        return CodeVerdict.RIGHT
    return stored.judge(digest == stored.code_hash, now, ports.rules.sms.tries_per_code)


def _digest(ports: Ports, owner_hash: bytes, user_id: str, code: str) -> bytes:
    """What is stored of a code: a keyed digest bound to the owner and the person (SECURITY-CASES section 3)."""
    return ports.mac.digest("text-code", owner_hash.hex(), user_id, code)
