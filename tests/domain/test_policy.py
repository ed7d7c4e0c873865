"""What guards a person's account, and who may decide about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp.domain.accounts import MfaState
from idp.domain.assurance import Evidence, Method
from idp.domain.people import Membership, Role
from idp.domain.policy import (
    FactorDemand,
    Factors,
    accounts_demanding_mfa,
    enforces_second_factor,
    is_proved_afresh,
    may_manage_mfa,
    standing_factor,
)
from tests.domain.people import DANA, NOW, QUAYSIDE, demanding, member, with_mfa

PWD, TOTP, SMS, PASSKEY = Method.PASSWORD, Method.TOTP, Method.SMS, Method.PASSKEY
MINUTES = 600
APP = standing_factor([member()], Factors(totp=True))
TEXTS = standing_factor([member(QUAYSIDE)], Factors(sms=True))


@pytest.mark.parametrize(
    ("memberships", "factors", "channel"),
    [
        ([member()], Factors(), None),
        ([member()], Factors(totp=True, sms=True), TOTP),
        ([member()], Factors(passkey=True), TOTP),
        ([member()], Factors(sms=True), None),  # a number that nobody sends codes to guards nothing
        ([member(QUAYSIDE)], Factors(sms=True), SMS),
        ([member(), member(QUAYSIDE)], Factors(sms=True), SMS),  # in whichever of the accounts
        ([member(QUAYSIDE)], Factors(), None),
    ],
)
def test_TO11_the_standing_factor(memberships: list[Membership], factors: Factors, channel: Method | None) -> None:
    found = standing_factor(memberships, factors)
    assert (found.channel if found else None) is channel


@pytest.mark.parametrize(
    ("proved_at", "standing", "fresh"),
    [
        ({PWD: NOW}, None, True),
        ({PWD: NOW - MINUTES}, None, True),
        ({PWD: NOW - MINUTES - 1}, None, False),
        ({}, None, False),
        ({TOTP: NOW}, APP, False),
        ({PWD: NOW}, APP, False),
        ({PWD: NOW, TOTP: NOW - MINUTES}, APP, True),
        ({PWD: NOW, TOTP: NOW - MINUTES - 1}, APP, False),
        ({PWD: NOW - MINUTES - 1, TOTP: NOW}, APP, False),
        ({PWD: NOW, SMS: NOW}, APP, False),
        ({PWD: NOW, Method.RECOVERY_CODE: NOW}, APP, True),
        ({PASSKEY: NOW}, APP, True),
        ({PWD: NOW, SMS: NOW}, TEXTS, True),
        ({PWD: NOW, TOTP: NOW}, TEXTS, True),
        ({PWD: NOW}, TEXTS, False),
    ],
)
def test_TO21_password_and_factor_within_ten_minutes(
    proved_at: dict[Method, int], standing: FactorDemand | None, fresh: bool
) -> None:
    assert is_proved_afresh(Evidence(proved_at), standing, NOW, MINUTES) is fresh


def test_every_account_of_the_person_may_demand_mfa() -> None:
    strict = demanding(MfaState.EVERYONE, QUAYSIDE)
    assert accounts_demanding_mfa([member(), member(strict)]) == (strict,)
    assert accounts_demanding_mfa([member(), member(demanding(MfaState.ADMINISTRATORS))]) == ()
    for_administrators = member(demanding(MfaState.ADMINISTRATORS), Role.ADMINISTRATOR)
    assert accounts_demanding_mfa([for_administrators]) == (for_administrators.account,)


def test_a_second_factor_is_enforced_by_the_person_or_by_every_account() -> None:
    strict = member(demanding(MfaState.EVERYONE, QUAYSIDE))
    assert not enforces_second_factor(DANA, [member()])
    assert not enforces_second_factor(DANA, [member(), strict])
    assert enforces_second_factor(DANA, [strict])
    assert enforces_second_factor(with_mfa(), [member()])


def test_one_account_that_manages_mfa_is_enough() -> None:
    managed = replace(member(QUAYSIDE), may_manage_mfa=False)
    assert may_manage_mfa([member()])
    assert not may_manage_mfa([member(), managed])
