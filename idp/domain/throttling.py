"""Throttles: slow an attacker, never lock the owner out of a known browser.

A throttle is a small state that `attempt` moves forward. Storage keeps one row per bucket and applies the function under
the row's lock, so two processes cannot both take the last free try (SECURITY-CASES LG06, F30).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from idp.domain.rules import DAY, HOUR, MINUTE, SmsRules, ThrottleRules


@dataclass(frozen=True, slots=True)
class ThrottleState:
    """What is remembered of a bucket: how many attempts failed in a row, when the next is allowed, and when recent ones were."""

    failures: int = 0
    free_at: int = 0
    recent: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an attempt may be evaluated; `retry_after` in seconds when not. `state` is what to store."""

    allowed: bool
    state: ThrottleState
    retry_after: int = 0


class Limit(Protocol):
    """A rule for one kind of bucket. `keep_seconds`: after so long without an attempt the row may be purged."""

    @property
    def keep_seconds(self) -> int: ...

    def attempt(self, state: ThrottleState, now: int) -> Verdict:
        """Counts an attempt *before* it is evaluated, so that parallel attempts cannot share one free try."""

    def forgive(self, state: ThrottleState) -> ThrottleState:
        """Takes the latest attempt back: something else stopped it, or it was right and says nothing about the others."""

    def succeed(self, state: ThrottleState) -> ThrottleState:
        """Takes the latest attempt back because it was right, which ends a run of failures."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Five free failures, then a delay that grows with the failures in a row (SECURITY-CASES section 4, login throttle).

    A refused attempt counts nothing: it is not evaluated, so it neither helps the attacker nor lengthens the owner's wait.
    """

    free: int = 5
    delays: tuple[tuple[int, int], ...] = ((9, 3), (25, 5), (100, 10))
    hard_delay: int = DAY
    keep_seconds: int = 7 * DAY

    def attempt(self, state: ThrottleState, now: int) -> Verdict:
        if now < state.free_at:
            return Verdict(False, state, state.free_at - now)
        failures = state.failures + 1
        return Verdict(True, ThrottleState(failures, now + self._delay(failures), ()))

    def forgive(self, state: ThrottleState) -> ThrottleState:
        return ThrottleState()

    def succeed(self, state: ThrottleState) -> ThrottleState:
        return ThrottleState()

    def _delay(self, failures: int) -> int:
        if failures < self.free:
            return 0
        for bound, seconds in self.delays:
            if failures < bound:
                return seconds
        return self.hard_delay


@dataclass(frozen=True, slots=True)
class Windows:
    """At most `count` attempts in any stretch of `seconds`, for each pair; with `spacing`, a growing pause between them.

    With `longest_run`, after so many failures in a row only one attempt a day: patience must not do what speed may not.
    """

    windows: tuple[tuple[int, int], ...]
    spacing: tuple[int, ...] = ()
    spacing_resets_seconds: int = 10 * MINUTE
    longest_run: int = 0

    @property
    def keep_seconds(self) -> int:
        return RUN_SECONDS if self.longest_run else self._longest_window

    @property
    def _longest_window(self) -> int:
        return max(seconds for _, seconds in self.windows)

    def attempt(self, state: ThrottleState, now: int) -> Verdict:
        recent = tuple(at for at in state.recent if at > now - self._longest_window)
        wait = max((self._wait(recent, now, count, seconds) for count, seconds in self.windows), default=0)
        wait = max(wait, self._pause(recent, now))
        if self.longest_run and state.failures >= self.longest_run:
            wait = max(wait, self._wait(recent, now, 1, DAY))
        if wait > 0:
            return Verdict(False, ThrottleState(state.failures, 0, recent), wait)
        return Verdict(True, ThrottleState(state.failures + 1, 0, (*recent, now)))

    def forgive(self, state: ThrottleState) -> ThrottleState:
        return ThrottleState(max(0, state.failures - 1), 0, state.recent[:-1])

    def succeed(self, state: ThrottleState) -> ThrottleState:
        return ThrottleState(0, 0, state.recent[:-1])

    @staticmethod
    def _wait(recent: tuple[int, ...], now: int, count: int, seconds: int) -> int:
        inside = [at for at in recent if at > now - seconds]
        return inside[-count] + seconds - now if len(inside) >= count else 0

    def _pause(self, recent: tuple[int, ...], now: int) -> int:
        run = [at for at in recent if at > now - self.spacing_resets_seconds]
        if not self.spacing or not run:
            return 0
        return run[-1] + self.spacing[min(len(run), len(self.spacing)) - 1] - now


RUN_SECONDS = 90 * DAY
"""How long a run of failures is remembered after the last of them."""
MOST_IN_A_ROW = 100
"""Six digits bear so many guesses and no more (NIST SP 800-63B-4 §3.2.2, SECURITY-CASES TO05)."""

PASSWORD = Curve()
"""Per username, or per username and known browser: separate buckets, so strangers cannot use up the owner's tries."""


def password_address(rules: ThrottleRules) -> Windows:
    return Windows(((rules.address_failures, rules.address_window_seconds),))


def forgotten_account(rules: ThrottleRules) -> Windows:
    return Windows(((rules.forgotten_per_hour, HOUR), (rules.forgotten_per_day, DAY)))


def forgotten_address(rules: ThrottleRules) -> Windows:
    return Windows(((rules.forgotten_per_address_minute, MINUTE),))


def second_factor(rules: ThrottleRules) -> Windows:
    return Windows(rules.second_factor, longest_run=MOST_IN_A_ROW)


def second_factor_address(rules: ThrottleRules) -> Windows:
    return Windows(rules.second_factor_address)


def sms_login(rules: SmsRules) -> Windows:
    """Within one login: a resend waits 30 s, then 60, 120, 240 (SECURITY-CASES SM02)."""
    return Windows(((rules.per_ten_minutes, 10 * MINUTE),), spacing=rules.resend_seconds)


def sms_person(rules: SmsRules) -> Windows:
    """Per person and, in another bucket, per number: one number may serve several people."""
    return Windows(((rules.per_ten_minutes, 10 * MINUTE), (rules.per_day, DAY)))


def sms_prefix(rules: SmsRules) -> Windows:
    """Per E.164 number without its last four digits: a range that fraudsters pump (SECURITY-CASES SM02, SM03)."""
    return Windows(((rules.prefix_per_hour, HOUR),))


def sms_account(rules: SmsRules) -> Windows:
    return Windows(((rules.account_per_hour, HOUR),))


def sms_country(rules: SmsRules) -> Windows:
    return Windows(((rules.country_per_day, DAY),))


def sms_total(rules: SmsRules) -> Windows:
    return Windows(((rules.total_per_day, DAY),))
