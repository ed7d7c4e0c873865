"""The verify step: a code from the authenticator app or from a text message.

An attempt is counted before it is evaluated, in three places: the login (five tries, then it is destroyed), the person and
the address. All live in the database, so many processes share them (SECURITY-CASES TO05, F30).
"""

from __future__ import annotations

from dataclasses import dataclass

from idp.domain.assurance import Method
from idp.domain.audit import AuditEvent, Event
from idp.domain.logins import LoginState
from idp.domain.onetime import CodeVerdict, clean_code
from idp.domain.steps import Step
from idp.ports import Ports
from idp.services.sign_in.visit import OutOfTurn, Position, Visit, hold, keep_proof
from idp.services.text_codes import judge_code
from idp.services.throttles import attempt_all, second_factor_limits, succeed_all
from idp.storage.unit_of_work import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class CodeOutcome:
    """The verdict, and for how long to wait when a limit is reached (`EXHAUSTED` with `retry_after` > 0).

    `login_over`: this was the last try that the login had. A spent text message alone does not end it: another may be sent.
    """

    verdict: CodeVerdict
    retry_after: int = 0
    login_over: bool = False


async def verify_code(store: Store, ports: Ports, visit: Visit, method: Method, typed: str) -> CodeOutcome:
    """Checks one code of a method that this person is offered. Raises `OutOfTurn`, `LoginUnknown`, `LoginOver`."""
    async with store.write() as uow:
        position = await hold(uow, ports, visit, Step.VERIFY)
        if method not in position.situation.offered or method not in (Method.TOTP, Method.SMS):
            raise OutOfTurn(position.step)
        refusal = await count_try(uow, ports, visit, position)
        if refusal is not None:
            return refusal
        judge = _judge_totp if method is Method.TOTP else _judge_text
        verdict = await judge(uow, ports, position, typed)
        return await _settle(uow, ports, visit, position, method, verdict)


async def count_try(uow: UnitOfWork, ports: Ports, visit: Visit, position: Position) -> CodeOutcome | None:
    """Counts one attempt at a code; an outcome when it must not be evaluated."""
    now = ports.clock.now()
    person = position.person
    wait = await attempt_all(uow, ports, second_factor_limits(ports, person.id, visit.actor.address))
    if wait:
        await uow.audit.add(AuditEvent(Event.SECOND_FACTOR_THROTTLED, now, visit.actor, user_id=person.id))
        return CodeOutcome(CodeVerdict.EXHAUSTED, wait)
    await uow.logins.count_try(position.login.id_hash)
    return None


async def _judge_totp(uow: UnitOfWork, ports: Ports, position: Position, typed: str) -> CodeVerdict:
    stored = await uow.credentials.totp(position.person.id)
    code = clean_code(typed)
    if code is None or stored is None:
        return CodeVerdict.WRONG
    rules, now = ports.rules.mfa, ports.clock.now()
    secret = ports.sealer.open(stored.secret_sealed, totp_place(position.person.id)).decode()
    step = ports.totp.matching_step(secret, code, now, back=rules.steps_back, ahead=rules.steps_ahead)
    if step is not None:
        # Verifying and burning are one conditional write: of twenty parallel tries with one code, one wins (TO01).
        used = await uow.credentials.use_totp_step(position.person.id, step)
        return CodeVerdict.RIGHT if used else CodeVerdict.ALREADY_USED
    drifted = ports.totp.matching_step(secret, code, now, back=rules.drift_steps, ahead=rules.drift_steps)
    return CodeVerdict.CLOCK_OFF if drifted is not None else CodeVerdict.WRONG


async def _judge_text(uow: UnitOfWork, ports: Ports, position: Position, typed: str) -> CodeVerdict:
    return await judge_code(uow, ports, position.login.id_hash, position.person.id, typed)


async def _settle(
    uow: UnitOfWork, ports: Ports, visit: Visit, position: Position, method: Method, verdict: CodeVerdict
) -> CodeOutcome:
    now, person = ports.clock.now(), position.person
    details = {"method": method.value, "verdict": verdict.value}
    if verdict is CodeVerdict.RIGHT:
        await succeed_all(uow, ports, second_factor_limits(ports, person.id, visit.actor.address))
        await keep_proof(uow, position, position.login.evidence.having(method, now))
        event = AuditEvent(Event.SECOND_FACTOR_SUCCEEDED, now, visit.actor, user_id=person.id, details=details)
        await uow.audit.add(event)
        return CodeOutcome(verdict)
    await uow.audit.add(AuditEvent(Event.SECOND_FACTOR_FAILED, now, visit.actor, user_id=person.id, details=details))
    return await destroy_if_spent(uow, ports, position, verdict)


async def destroy_if_spent(uow: UnitOfWork, ports: Ports, position: Position, verdict: CodeVerdict) -> CodeOutcome:
    """After the last allowed try the login is over: going on means the password again, and the person's count stays."""
    if position.login.tries + 1 >= ports.rules.mfa.tries_per_login:
        await uow.logins.finish(position.login.id_hash, LoginState.DESTROYED)
        return CodeOutcome(CodeVerdict.EXHAUSTED, login_over=True)
    return CodeOutcome(verdict)


async def pick_method(store: Store, ports: Ports, visit: Visit, method: Method) -> None:
    """The person wants another of the offered methods. Raises `OutOfTurn` for one that is not offered."""
    async with store.write() as uow:
        position = await hold(uow, ports, visit, Step.VERIFY)
        if method not in position.situation.offered:
            raise OutOfTurn(position.step)
        await uow.logins.pick_method(position.login.id_hash, method)


def current_method(position: Position) -> Method:
    """The method that the verify page shows: the picked one while it is offered, else the first."""
    offered = position.situation.offered
    picked = position.login.method
    return picked if picked in offered else offered[0]


def totp_place(user_id: str) -> str:
    """Where a TOTP secret is sealed to; pending and confirmed alike, so that confirming does not open it."""
    return f"totp:secret:{user_id}"
