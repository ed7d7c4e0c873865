"""The ladder as a table: DESIGN section 3, rung by rung, and the order between rungs."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from idp.domain.accounts import MfaState
from idp.domain.assurance import Asked, Evidence, Level, Method
from idp.domain.people import Role, UserStatus
from idp.domain.policy import Factors
from idp.domain.rules import DAY
from idp.domain.steps import Situation, Step, interaction_error, next_step
from tests.domain.people import (
    DANA,
    HARBOUR,
    INBOUND,
    NOW,
    PLAIN,
    QUAYSIDE,
    TRUNK,
    demanding,
    member,
    proved,
    situation,
    with_mfa,
)

PWD, TEMP, TOTP, SMS = Method.PASSWORD, Method.TEMPORARY_PASSWORD, Method.TOTP, Method.SMS
APP, PHONE, BOTH = Factors(totp=True), Factors(sms=True), Factors(totp=True, sms=True)
QUAY = member(QUAYSIDE)
MFA_ASKED = Asked(levels=(Level.MFA,))
ESSENTIAL = Asked(levels=(Level.MFA,), essential=True)
STEP_UP = Asked(step_up_since=NOW)
PHR = Asked(levels=(Level.PHISHING_RESISTANT,), essential=True)

TABLE: list[tuple[str, Situation, Step]] = [
    ("nobody yet", Situation(INBOUND, Asked(), NOW), Step.PASSWORD),
    ("a person without proof", situation(INBOUND), Step.PASSWORD),
    ("a code alone is no sign-in", situation(INBOUND, TOTP), Step.PASSWORD),
    ("password is enough", situation(INBOUND, PWD), Step.DONE),
    ("portal without channel", situation(PLAIN, PWD), Step.DONE),
    # refusals
    ("disabled", situation(INBOUND, PWD, person=replace(DANA, status=UserStatus.DISABLED)), Step.REFUSED),
    ("no membership left", situation(INBOUND, PWD, memberships=(), chosen=None), Step.REFUSED),
    # accounts
    ("two accounts", situation(INBOUND, PWD, memberships=(member(), QUAY), chosen=None), Step.CHOOSE_ACCOUNT),
    ("disabled comes before choosing", situation(INBOUND, PWD, person=replace(DANA, status=UserStatus.DISABLED),
        memberships=(member(), QUAY), chosen=None), Step.REFUSED),
    # Inbound: MFA by authenticator app
    ("MFA on, enrolled", situation(INBOUND, PWD, person=with_mfa(), factors=APP), Step.VERIFY),
    ("MFA on, verified", situation(INBOUND, PWD, TOTP, person=with_mfa(), factors=APP), Step.DONE),
    ("MFA on, not enrolled", situation(INBOUND, PWD, person=with_mfa()), Step.ENROL_TOTP),
    ("a text message is too weak here", situation(INBOUND, PWD, SMS, person=with_mfa(), factors=BOTH), Step.VERIFY),
    ("a phone does not enrol an app", situation(INBOUND, PWD, person=with_mfa(), factors=PHONE), Step.ENROL_TOTP),
    ("MFA off, app enrolled", situation(INBOUND, PWD, factors=APP), Step.DONE),
    # SIP Trunk Plus: Use 2FA by text message
    ("use 2FA, phone", situation(TRUNK, PWD, membership=QUAY, factors=PHONE), Step.VERIFY),
    ("use 2FA, texted", situation(TRUNK, PWD, SMS, membership=QUAY, factors=PHONE), Step.DONE),
    ("use 2FA, no phone", situation(TRUNK, PWD, membership=QUAY), Step.NO_PHONE),
    ("use 2FA, no phone but an app", situation(TRUNK, PWD, membership=QUAY, factors=APP), Step.VERIFY),
    ("use 2FA, the app counts", situation(TRUNK, PWD, TOTP, membership=QUAY, factors=BOTH), Step.DONE),
    ("use 2FA is for SMS portals", situation(INBOUND, PWD, membership=QUAY, factors=PHONE), Step.DONE),
    ("use 2FA off", situation(TRUNK, PWD, factors=PHONE), Step.DONE),
    # the account's MFA state
    ("account: available", situation(INBOUND, PWD, membership=member(demanding(MfaState.AVAILABLE))), Step.DONE),
    ("account: everyone", situation(INBOUND, PWD, membership=member(demanding(MfaState.EVERYONE))), Step.ENROL_TOTP),
    ("account: administrators, a user",
        situation(INBOUND, PWD, membership=member(demanding(MfaState.ADMINISTRATORS))), Step.DONE),
    ("account: administrators, one of them",
        situation(INBOUND, PWD, membership=member(demanding(MfaState.ADMINISTRATORS), Role.ADMINISTRATOR)),
        Step.ENROL_TOTP),
    # what the request asks
    ("acr mfa, enrolled", situation(INBOUND, PWD, asked=MFA_ASKED, factors=APP), Step.VERIFY),
    ("acr mfa, to enrol", situation(INBOUND, PWD, asked=MFA_ASKED), Step.ENROL_TOTP),
    ("acr mfa at the SMS portal", situation(TRUNK, PWD, asked=ESSENTIAL, factors=PHONE), Step.VERIFY),
    ("acr mfa or password, nothing enrolled",
        situation(INBOUND, PWD, asked=Asked(levels=(Level.MFA, Level.PASSWORD))), Step.DONE),
    ("acr password", situation(INBOUND, PWD, asked=Asked(levels=(Level.PASSWORD,), essential=True)), Step.DONE),
    ("essential passkey, none there", situation(INBOUND, PWD, asked=PHR), Step.UNMET),
    ("essential passkey at the SMS portal", situation(TRUNK, PWD, asked=PHR), Step.UNMET),
    ("essential passkey, an app is not one", situation(INBOUND, PWD, TOTP, asked=PHR, factors=APP), Step.UNMET),
    # passwords
    ("temporary", situation(INBOUND, TEMP), Step.CHANGE_PASSWORD),
    ("temporary, factor first", situation(INBOUND, TEMP, person=with_mfa(), factors=APP), Step.VERIFY),
    ("temporary, factor shown", situation(INBOUND, TEMP, TOTP, person=with_mfa(), factors=APP), Step.CHANGE_PASSWORD),
    ("temporary, app enrolled though MFA is off", situation(INBOUND, TEMP, factors=APP), Step.VERIFY),
    ("temporary, texts in use elsewhere", situation(INBOUND, TEMP, membership=QUAY, factors=PHONE), Step.VERIFY),
    ("temporary, change before enrolling", situation(INBOUND, TEMP, person=with_mfa()), Step.CHANGE_PASSWORD),
    ("temporary, no phone", situation(TRUNK, TEMP, membership=QUAY), Step.NO_PHONE),
    ("too old", situation(INBOUND, PWD, password_max_age_days=90, password_changed_at=NOW - 90 * DAY),
        Step.CHANGE_PASSWORD),
    ("one second left", situation(INBOUND, PWD, password_max_age_days=90, password_changed_at=NOW - 90 * DAY + 1),
        Step.DONE),
    # TO11, TO12: a password alone enrols nothing past a factor that is there
    ("enrolling, texts guard the account", situation(INBOUND, PWD, person=with_mfa(), membership=QUAY, factors=PHONE),
        Step.VERIFY),
    ("enrolling, guard shown", situation(INBOUND, PWD, SMS, person=with_mfa(), membership=QUAY, factors=PHONE),
        Step.ENROL_TOTP),
    ("enrolling by acr, texts guard another account", situation(INBOUND, PWD, asked=MFA_ASKED,
        memberships=(member(), QUAY), factors=PHONE), Step.VERIFY),
    ("enrolling, password long ago", situation(INBOUND, PWD, person=with_mfa(), is_stale=True), Step.PASSWORD),
    ("enrolling, password long ago and texts in use",
        situation(INBOUND, PWD, person=with_mfa(), membership=QUAY, factors=PHONE, is_stale=True), Step.PASSWORD),
    ("enrolled, password long ago", situation(INBOUND, PWD, TOTP, person=with_mfa(), factors=APP, is_stale=True),
        Step.DONE),
    ("temporary, texts guard the account, app wanted",
        situation(INBOUND, TEMP, person=with_mfa(), membership=QUAY, factors=PHONE), Step.VERIFY),
    # TO21: what changes a proof asks for the factor that guards the account
    ("step-up, password only", situation(INBOUND, PWD, asked=STEP_UP), Step.DONE),
    ("step-up, app enrolled though MFA is off", situation(INBOUND, PWD, asked=STEP_UP, factors=APP), Step.VERIFY),
    ("step-up, a text is not the app", situation(INBOUND, PWD, SMS, asked=STEP_UP, factors=BOTH), Step.VERIFY),
    ("step-up, app shown", situation(INBOUND, PWD, TOTP, asked=STEP_UP, factors=APP), Step.DONE),
    ("step-up, texts in use", situation(INBOUND, PWD, asked=STEP_UP, membership=QUAY, factors=PHONE), Step.VERIFY),
    ("step-up, texts not in use", situation(INBOUND, PWD, asked=STEP_UP, factors=PHONE), Step.DONE),
    # consent comes last
    ("consent", situation(INBOUND, PWD, consent_needed=True), Step.CONSENT),
    ("factor before consent", situation(INBOUND, PWD, person=with_mfa(), factors=APP, consent_needed=True), Step.VERIFY),
]  # fmt: skip


@pytest.mark.parametrize(("there", "step"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_ladder(there: Situation, step: Step) -> None:
    assert next_step(there) is step


def test_a_missing_phone_asks_for_nothing_else_first() -> None:
    blocked = situation(TRUNK, TEMP, membership=QUAY, consent_needed=True)
    assert next_step(blocked) is Step.NO_PHONE


def test_every_end_of_the_ladder_is_a_complete_sign_in() -> None:
    """Whatever is combined: DONE is reached with the right factors or not at all."""
    proofs = [(), (PWD,), (TEMP,), (PWD, TOTP), (PWD, SMS), (TEMP, TOTP), (PWD, TEMP), (TOTP, SMS)]
    asks = [Asked(), MFA_ASKED, ESSENTIAL, PHR]
    for client, shown, asked, factors, account, mfa in product(
        (INBOUND, TRUNK, PLAIN), proofs, asks, (Factors(), APP, PHONE, BOTH), (HARBOUR, QUAYSIDE), (False, True)
    ):
        there = situation(
            client,
            *shown,
            asked=asked,
            factors=factors,
            membership=member(account),
            person=replace(DANA, mfa_enabled=mfa),
        )
        if next_step(there) is not Step.DONE:
            continue
        assert PWD in shown
        assert TEMP not in shown
        if mfa or asked in (MFA_ASKED, ESSENTIAL):
            assert {TOTP, SMS} & set(shown)
        if client is TRUNK and account is QUAYSIDE:
            assert {TOTP, SMS} & set(shown)
        assert asked is not PHR


def test_AZ37_the_end_fails_closed() -> None:
    """A situation that slipped past the rungs is an error and no sign-in."""
    suspended = member(replace(HARBOUR, chain_active=False))
    with pytest.raises(AssertionError):
        next_step(situation(INBOUND, PWD, membership=suspended))


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (Step.DONE, None),
        (Step.PASSWORD, "login_required"),
        (Step.CHOOSE_ACCOUNT, "account_selection_required"),
        (Step.CONSENT, "consent_required"),
        (Step.VERIFY, "interaction_required"),
        (Step.NO_PHONE, "interaction_required"),
        (Step.CHANGE_PASSWORD, "interaction_required"),
        (Step.ENROL_TOTP, "interaction_required"),
        (Step.REFUSED, "access_denied"),
        (Step.UNMET, "unmet_authentication_requirements"),
    ],
)
def test_AZ19_prompt_none_never_skips_a_step(step: Step, error: str | None) -> None:
    assert interaction_error(step) == error


def test_offered_methods_put_the_portals_channel_first() -> None:
    assert situation(TRUNK, PWD, membership=QUAY, factors=BOTH).offered == (SMS, TOTP)
    assert situation(INBOUND, PWD, person=with_mfa(), factors=BOTH).offered == (TOTP,)


@pytest.mark.parametrize(
    ("methods", "amr"),
    [
        ((PWD,), ("pwd",)),
        ((PWD, TOTP), ("pwd", "otp", "mfa")),
        ((PWD, SMS), ("pwd", "sms", "mfa")),
        ((PWD, TOTP, SMS), ("pwd", "otp", "sms", "mfa")),
        ((PWD, Method.RECOVERY_CODE), ("pwd", "otp", "mfa")),
    ],
)
def test_amr_says_what_really_happened(methods: tuple[Method, ...], amr: tuple[str, ...]) -> None:
    assert proved(*methods).amr == amr


def test_auth_time_is_when_the_person_was_identified() -> None:
    evidence = Evidence({PWD: NOW, SMS: NOW + 500})
    assert evidence.primary_at == NOW
