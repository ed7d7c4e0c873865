"""Throttles under a moved clock: the figures of SECURITY-CASES section 4."""

from __future__ import annotations

from idp.domain.rules import DAY, HOUR, MINUTE, SmsRules, ThrottleRules
from idp.domain.throttling import (
    PASSWORD,
    Limit,
    ThrottleState,
    Verdict,
    forgotten_account,
    second_factor,
    sms_login,
    sms_person,
)

START = 1_800_000_000


class Attacker:
    """Tries one bucket again and again, and counts what is let through."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.now = START
        self.state = ThrottleState()

    def attempt(self) -> Verdict:
        verdict = self.limit.attempt(self.state, self.now)
        self.state = verdict.state
        return verdict

    def allowed_within(self, seconds: int, every: int = 1) -> int:
        """How many attempts are let through when one is made every so many seconds."""
        allowed = 0
        for _ in range(seconds // every):
            allowed += self.attempt().allowed
            self.now += every
        return allowed


def test_LG06_five_failures_are_free_then_the_curve_begins() -> None:
    attacker = Attacker(PASSWORD)
    assert [attacker.attempt().allowed for _ in range(6)] == [True, True, True, True, True, False]
    assert attacker.attempt().retry_after == 3
    attacker.now += 2
    assert not attacker.attempt().allowed
    attacker.now += 1
    assert attacker.attempt().allowed


def test_LG08_an_attacker_gets_a_hundred_tries_a_day_at_most() -> None:
    attacker = Attacker(PASSWORD)
    assert attacker.allowed_within(DAY) == 100


def test_LG09_a_refused_attempt_changes_nothing() -> None:
    attacker = Attacker(PASSWORD)
    for _ in range(5):
        attacker.attempt()
    before = attacker.state
    assert not attacker.attempt().allowed
    assert attacker.state == before


def test_TO05_second_factor_windows() -> None:
    attacker = Attacker(second_factor(ThrottleRules()))
    assert attacker.allowed_within(5 * MINUTE) == 5
    assert attacker.allowed_within(55 * MINUTE) == 15
    assert attacker.allowed_within(DAY - HOUR) == 30


def test_TO05_after_a_hundred_failures_in_a_row_one_try_a_day_until_a_right_one() -> None:
    limit = second_factor(ThrottleRules())
    attacker = Attacker(limit)
    assert attacker.allowed_within(2 * DAY, every=MINUTE) == 100
    assert attacker.allowed_within(5 * DAY, every=MINUTE) == 5
    attacker.now += limit.keep_seconds - 1
    assert attacker.attempt().allowed
    assert not attacker.attempt().allowed  # the run is remembered for months
    attacker.state = limit.succeed(attacker.state)
    assert attacker.allowed_within(DAY, every=MINUTE) == 50


def test_a_right_code_gives_its_own_attempt_back_and_no_other() -> None:
    limit = second_factor(ThrottleRules())
    attacker = Attacker(limit)
    for _ in range(4):
        attacker.attempt()
    attacker.attempt()
    attacker.state = limit.forgive(attacker.state)
    assert attacker.attempt().allowed
    assert not attacker.attempt().allowed


def test_PW03_three_mails_an_hour_and_five_a_day() -> None:
    attacker = Attacker(forgotten_account(ThrottleRules()))
    assert attacker.allowed_within(HOUR) == 3
    assert attacker.allowed_within(23 * HOUR) == 2


def test_SM02_resends_wait_longer_each_time() -> None:
    person = Attacker(sms_login(SmsRules()))
    waits = []
    for _ in range(4):
        assert person.attempt().allowed
        waits.append(person.attempt().retry_after)
        person.now += waits[-1]
    assert waits == [30, 60, 120, 240]


def test_SM02_ten_texts_a_day() -> None:
    assert Attacker(sms_person(SmsRules())).allowed_within(DAY) == 10
