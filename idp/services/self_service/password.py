"""Changing one's own password, at any time once signed in (the Inbound article)."""

from __future__ import annotations

from dataclasses import replace

from idp.domain.assurance import Method
from idp.domain.passwords import fits, is_text, normalise
from idp.domain.policy import enforces_second_factor
from idp.domain.sessions import Session
from idp.errors import Conflict, InvalidInput, TooManyAttempts
from idp.ports import Ports
from idp.services import password_check
from idp.services.new_password import accepted, context_words, replace_password, secrets_of
from idp.services.password_check import Attempt
from idp.services.self_service.owner import Caller, Owner, go_on_alone, recognise
from idp.storage.unit_of_work import Store, UnitOfWork

CURRENT = "password"
WRONG = "That is not your current password. Enter it again."
MISSING = "Enter your current password."


def shortest(owner: Owner, ports: Ports) -> int:
    """How many characters the person's password needs: fewer where no sign-in gets by without a second factor."""
    rules = ports.rules.passwords
    enforced = enforces_second_factor(owner.person, owner.memberships)
    return rules.min_length_with_second_factor if enforced else rules.min_length


async def change_my_password(store: Store, ports: Ports, caller: Caller, current: str, wanted: str) -> str:
    """Replaces the password. Other sessions and all tokens end (PW19), a temporary password that is out is void.

    The current password is needed however lately it was given elsewhere (ASVS 6.2.3): with it stands that a stolen session, be
    it minutes old, takes no account over. A passkey of the last minutes does instead; whatever is given has to be right. Where a
    second factor guards the account, that has to be fresh as well, and a sign-in asks for it, not this form.

    Returns the session's new token. Raises `NotSignedIn`, `ProofNeeded`, `InvalidInput`, `TooManyAttempts`, `errors.Busy`, and
    `errors.Conflict` when the password was changed elsewhere meanwhile.
    """
    async with store.read() as uow:
        owner = await recognise(uow, ports, caller)
        stored = await secrets_of(uow, owner.person.id)
    if not owner.has_fresh_factor:
        owner.require_proof()
    session = owner.session
    if current or not owner.has_fresh_passkey:
        session = await _confirmed(store, ports, caller, owner, current)
    words = context_words(owner.person, owner.memberships, ports.rules.mfa.issuer_name)
    enforced = enforces_second_factor(owner.person, owner.memberships)
    new_hash = await accepted(ports, stored, wanted, words, has_second_factor=enforced)
    async with store.write() as uow:
        owner = await recognise(uow, ports, caller)
        if not await replace_password(uow, ports, owner.person, stored, new_hash, owner.actor):
            raise Conflict("Your password was changed elsewhere a moment ago. Sign in with the new one.")
        await _void_temporary(uow, owner)
        token = await go_on_alone(uow, ports, owner, session)
        await uow.browsers.remember(session.browser_hash, owner.person.id, owner.now)
    return token


async def _confirmed(store: Store, ports: Ports, caller: Caller, owner: Owner, current: str) -> Session:
    """The session with the current password proved now. Counted as the password step counts (SECURITY-CASES LG05)."""
    if not current:
        raise InvalidInput(CURRENT, MISSING)
    if not is_text(current) or not fits(current, ports.rules.passwords):
        raise InvalidInput(CURRENT, WRONG)
    password = normalise(current)
    async with store.write() as uow:
        await recognise(uow, ports, caller)
        attempt = await password_check.admit(uow, ports, owner.person.username, owner.session.browser_hash, owner.actor)
    method = await password_check.matching(ports, attempt, password)
    async with store.write() as uow:
        if method is not Method.PASSWORD or not await password_check.is_still_stored(uow, attempt, method):
            await password_check.record_failure(uow, ports, attempt, owner.actor)
        else:
            await password_check.clear(uow, ports, attempt)
            return replace(owner.session, evidence=owner.session.evidence.having(Method.PASSWORD, owner.now))
    raise _refusal(attempt)


def _refusal(attempt: Attempt) -> InvalidInput | TooManyAttempts:
    return InvalidInput(CURRENT, WRONG) if attempt.allowed else TooManyAttempts(attempt.retry_after)


async def _void_temporary(uow: UnitOfWork, owner: Owner) -> None:
    """One that waits in a mailbox must not undo what the person has just chosen."""
    temporary = await uow.credentials.temporary(owner.person.id)
    if temporary is not None:
        await uow.credentials.use_temporary(owner.person.id, temporary.id)
