"""Which page a step shows: from the position of a visit to a page value. Nothing here changes anything."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from starlette.requests import Request

from idp.domain.assurance import Method
from idp.domain.onetime import CodeVerdict
from idp.domain.phones import mask
from idp.domain.rules import MINUTE, Rules
from idp.domain.steps import Step
from idp.oidc.authorization import AuthorizationRequest
from idp.services.sign_in.enrol import PendingEnrolment
from idp.services.sign_in.second_factor import CodeOutcome
from idp.services.sign_in.visit import Position, Visit
from idp.services.text_codes import TextStatus
from idp.web.pages import frame as frames
from idp.web.pages import problems
from idp.web.pages.frame import Page, Problem
from idp.web.pages.outcomes import ConsentPage, NoPhonePage, RefusalReason, RefusedPage, ScopeLine, SmsUnavailablePage
from idp.web.pages.sign_in import (
    AccountChoice,
    ChangePasswordPage,
    ChangeReason,
    ChooseAccountPage,
    EnrolTotpPage,
    PasswordPage,
    VerifySmsPage,
    VerifyTotpPage,
)
from idp.web.sign_in.doorway import Addresses, can_leave, step_frame
from idp.web.sign_in.errands import errand_of
from idp.web.templating import duration

METHOD_LABELS = {
    Method.TOTP: "Use your authenticator app",
    Method.SMS: "Get a text message",
    Method.PASSKEY: "Use a passkey",
    Method.RECOVERY_CODE: "Use a recovery code",
}
SENT_AGAIN = "sent=again"
"""The query of the verify step's address after another text message was asked for, so that the page says so."""
SCOPE_LINES = {
    "profile": ScopeLine("Your name", "First and last name, and your username."),
    "email": ScopeLine("Your e-mail address", "The address that we write to."),
    "phone": ScopeLine("Your mobile number", "The number that we have for you."),
    "address": ScopeLine("Your postal address", "The address that we have for you."),
    "offline_access": ScopeLine("Access while you are away", "Until you or we withdraw it."),
}


def password_page(
    request: Request, visit: Visit, position: Position, *, username: str = "", wrong: tuple[Problem, ...] = ()
) -> Page:
    hint = errand_of(position.login).login_hint
    frame = step_frame(request, visit, position)
    return PasswordPage(frame=frame, username=username or hint or "", problems=wrong)


def account_page(request: Request, visit: Visit, position: Position, wrong: tuple[Problem, ...] = ()) -> Page:
    choices = tuple(
        AccountChoice(
            m.account.id, m.account.name, m.account.number, m.account.reseller.name if m.account.reseller else ""
        )
        for m in position.situation.memberships
    )
    return ChooseAccountPage(frame=step_frame(request, visit, position), choices=choices, problems=wrong)


def change_password_page(
    request: Request, visit: Visit, position: Position, rules: Rules, wrong: tuple[Problem, ...] = ()
) -> Page:
    there = position.situation
    passwords = rules.passwords
    minimum = passwords.min_length if there.demand is None else passwords.min_length_with_second_factor
    return ChangePasswordPage(
        frame=step_frame(request, visit, position),
        username=position.person.username,
        reason=ChangeReason.TEMPORARY if there.has_temporary_password else ChangeReason.TOO_OLD,
        min_length=minimum,
        max_age_days=there.password_max_age_days,
        problems=wrong,
    )


def enrol_page(
    request: Request,
    visit: Visit,
    position: Position,
    pending: PendingEnrolment,
    qr_svg: str,
    wrong: tuple[Problem, ...] = (),
) -> Page:
    return EnrolTotpPage(
        frame=step_frame(request, visit, position),
        secret=pending.secret,
        otpauth_uri=pending.uri,
        qr_svg=qr_svg,
        problems=wrong,
    )


def totp_page(
    request: Request, visit: Visit, position: Position, rules: Rules, wrong: tuple[Problem, ...] = ()
) -> Page:
    contact_name, contact_email = _contact(position, rules)
    return VerifyTotpPage(
        frame=step_frame(request, visit, position),
        contact_name=contact_name,
        contact_email=contact_email,
        other_methods=other_methods(position, Method.TOTP),
        other_action=Addresses.of(request, visit.login_token).to("method"),
        problems=wrong,
    )


def sms_page(
    request: Request,
    visit: Visit,
    position: Position,
    rules: Rules,
    status: TextStatus,
    wrong: tuple[Problem, ...] = (),
) -> Page:
    addresses = Addresses.of(request, visit.login_token)
    contact_name, contact_email = _contact(position, rules)
    return VerifySmsPage(
        frame=step_frame(request, visit, position),
        number=mask(status.number),
        contact_name=contact_name,
        contact_email=contact_email,
        notice="" if wrong or request.url.query != SENT_AGAIN else "We have sent another text message.",
        minutes=rules.sms.code_seconds // MINUTE,
        resend_action=addresses.to("resend"),
        wait_seconds=status.wait_seconds,
        exhausted=status.wait_seconds > max(rules.sms.resend_seconds),
        other_methods=other_methods(position, Method.SMS),
        other_action=addresses.to("method"),
        problems=wrong,
    )


def sms_unavailable_page(
    request: Request, visit: Visit, position: Position, reference: str, wait_seconds: int = 0
) -> Page:
    addresses = Addresses.of(request, visit.login_token)
    frame = replace(step_frame(request, visit, position), action=addresses.to("resend"))
    return SmsUnavailablePage(
        frame=frame,
        reference=reference,
        wait_seconds=wait_seconds,
        other_methods=other_methods(position, Method.SMS),
        other_action=addresses.to("method"),
    )


def other_methods(position: Position, shown: Method) -> tuple[frames.Method, ...]:
    """The offered methods besides the one that is shown."""
    return tuple(
        frames.Method(method.value, METHOD_LABELS[method])
        for method in position.situation.offered
        if method is not shown
    )


def blocked_page(request: Request, visit: Visit, position: Position, rules: Rules, reference: str) -> Page:
    """The terminal pages: no phone number (the text of the 2FA article), disabled, suspended, no access."""
    leave = Addresses.of(request, visit.login_token).to("cancel") if can_leave(position) else ""
    frame = replace(step_frame(request, visit, position), cancel="", action="")
    contact_name, contact_email = _contact(position, rules)
    if position.step is Step.NO_PHONE:
        account = position.chosen.account
        return NoPhonePage(
            frame=frame,
            username=position.person.username,
            person=position.person.display_name,
            account_name=account.name,
            account_number=account.number,
            contact_name=contact_name,
            contact_email=contact_email,
            reference=reference,
            return_action=leave,
        )
    return RefusedPage(
        frame=frame,
        reason=_refusal_reason(position),
        account_name=_suspended_account(position),
        contact_name=contact_name,
        contact_email=contact_email,
        reference=reference,
        return_action=leave,
    )


def _refusal_reason(position: Position) -> RefusalReason:
    """Suspended when nothing else is in the way: one active account that may not use this portal makes it a lack of access."""
    held = position.situation.held
    if not position.person.is_active:
        return RefusalReason.DISABLED
    if held and not any(m.account.chain_active for m in held):
        return RefusalReason.SUSPENDED
    return RefusalReason.NO_ACCESS


def _suspended_account(position: Position) -> str:
    """The name of the person's one account; of several none is the one to name."""
    held = position.situation.held
    return held[0].account.name if len(held) == 1 else ""


def _contact(position: Position, rules: Rules) -> tuple[str, str]:
    """Whom to turn to: the nearest reseller above, whose address is not ours to give, or support.

    Before an account is chosen, the reseller that all of the person's accounts have in common."""
    chosen = position.situation.chosen
    accounts = [chosen.account] if chosen else [m.account for m in position.situation.held]
    resellers = {account.reseller for account in accounts}
    reseller = resellers.pop() if len(resellers) == 1 else None
    return (reseller.name, "") if reseller else (rules.support.name, rules.support.email)


def consent_page(request: Request, visit: Visit, position: Position) -> Page:
    account = position.chosen.account
    yours = ScopeLine("Your account", f"{account.name} ({account.number}), and your role in it.")
    lines = SCOPE_LINES | {"account": yours}
    stored = AuthorizationRequest.from_json(position.login.request)
    return ConsentPage(
        frame=step_frame(request, visit, position),
        host=urlsplit(stored.redirect_uri).hostname or stored.redirect_uri.split(":")[0],
        scopes=tuple(lines[scope] for scope in position.login.asked.scopes if scope in lines),
    )


def code_problem(outcome: CodeOutcome, method: Method) -> Problem:
    """The words for a code that was not accepted."""
    if outcome.retry_after:
        return problems.slowed_down("code", duration(outcome.retry_after))
    of_app = {
        CodeVerdict.ALREADY_USED: problems.USED_APP_CODE,
        CodeVerdict.CLOCK_OFF: problems.CLOCK_WRONG,
        CodeVerdict.EXPIRED: Problem(
            "code", "That key has expired. Scan the new QR code, then enter the code it shows."
        ),
    }
    of_text = {
        CodeVerdict.EXPIRED: problems.EXPIRED_TEXT_CODE,
        CodeVerdict.EXHAUSTED: problems.SPENT_TEXT_CODE,
    }
    if method is Method.SMS:
        return of_text.get(outcome.verdict, problems.WRONG_TEXT_CODE)
    return of_app.get(outcome.verdict, problems.WRONG_APP_CODE)
