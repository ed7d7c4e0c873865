"""The clocks and the entropy of the tests keep the promises of `idp/ports.py`."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from idp.ports import Clock, Entropy
from tests.support.ports import FileClock, ManualClock, SeededEntropy


def test_a_manual_clock_moves_only_when_told(clock: ManualClock) -> None:
    port: Clock = clock
    start = port.now()
    assert port.now() == start
    assert clock.advance(90) == port.now() == start + 90
    assert clock.set(start + 100) == port.now() == start + 100


def test_a_manual_clock_never_goes_back(clock: ManualClock) -> None:
    with pytest.raises(ValueError, match="never goes back"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="never goes back"):
        clock.set(clock.now() - 1)


def test_a_file_clock_moves_in_another_process_too(tmp_path: Path) -> None:
    path = tmp_path / "offset"
    port: Clock = FileClock(path)
    assert abs(port.now() - time.time()) < 5
    FileClock(path).advance(3600)
    there = "import pathlib, sys\nfrom tests.support.ports import FileClock\nprint(FileClock(pathlib.Path(sys.argv[1])).now())"
    told = subprocess.run([sys.executable, "-c", there, str(path)], capture_output=True, text=True, check=True)
    assert abs(int(told.stdout) - time.time() - 3600) < 10
    assert abs(port.now() - time.time() - 3600) < 10


def test_a_file_clock_never_goes_back(tmp_path: Path) -> None:
    clock = FileClock(tmp_path / "offset")
    later = clock.advance(600)
    (tmp_path / "offset").unlink()
    assert clock.now() >= later
    with pytest.raises(ValueError, match="never goes back"):
        clock.advance(-1)


def test_seeded_entropy_repeats(entropy: SeededEntropy) -> None:
    port: Entropy = entropy
    again = SeededEntropy()
    drawn = [port.bytes(32) for _ in range(5)]
    assert drawn == [again.bytes(32) for _ in range(5)]
    assert len(set(drawn)) == 5
    assert {len(value) for value in drawn} == {32}
    assert SeededEntropy(2).bytes(32) not in drawn


def test_seeded_entropy_reaches_every_value_below_its_bound(entropy: SeededEntropy) -> None:
    assert {entropy.below(6) for _ in range(200)} == set(range(6))
