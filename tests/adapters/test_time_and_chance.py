"""The system's clock and randomness."""

from __future__ import annotations

import time

import pytest

from idp.adapters.clock import SystemClock
from idp.adapters.entropy import SystemEntropy


def test_the_clock_is_the_systems_in_whole_seconds() -> None:
    assert abs(SystemClock().now() - time.time()) < 2


def test_f18_the_clock_does_not_follow_a_step_back(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([1000.9, 400.0, 999.0, 1002.0])
    monkeypatch.setattr("time.time", lambda: next(moments))
    clock = SystemClock()
    assert [clock.now() for _ in range(4)] == [1000, 1000, 1000, 1002]


def test_entropy_is_as_long_and_as_bounded_as_asked() -> None:
    entropy = SystemEntropy()
    assert len(entropy.bytes(20)) == 20
    assert entropy.bytes(20) != entropy.bytes(20)
    assert {entropy.below(3) for _ in range(200)} == {0, 1, 2}
