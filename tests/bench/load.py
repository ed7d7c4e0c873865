"""One stretch of load by `wrk` against one server on loopback, and what it cost."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.machine import Usage, busy_seconds, usage_of

SCRIPT = Path(__file__).with_name("load.lua")
GRACE_SECONDS = 30


class LoadRefused(RuntimeError):
    """The load did not run as it should have: a number from it would mean nothing."""


@dataclass(frozen=True, slots=True)
class Requests:
    """What is sent. `way` and its `lines` are those of load.lua; `prefix` stands before each line in the body."""

    path: str
    method: str = "GET"
    way: str = "same"
    authorization: str = ""
    prefix: str = ""
    lines: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Measured:
    """One stretch. Latencies in milliseconds, CPU in microseconds for each request; `foreign` is the part of the machine's
    time that neither server nor database nor wrk took."""

    rate: float
    p50: float
    p99: float
    cpu: float
    database_cpu: float
    foreign: float
    requests: int


def wrk_program() -> str:
    """Raises `LoadRefused`."""
    found = shutil.which("wrk")
    if found is None:
        raise LoadRefused("The benchmarks need wrk. Run `make bench`, which installs it (Debian: apt-get install wrk).")
    return found


def run_load(
    base_url: str, requests: Requests, concurrency: int, seconds: float, server: Sequence[int], database: Sequence[int]
) -> Measured:
    """`server` and `database` are the processes whose time is counted. Raises `LoadRefused`, also for a single refusal."""
    with tempfile.NamedTemporaryFile("w", prefix="idp-bench-", suffix=".txt", encoding="ascii") as lines:
        lines.write("".join(f"{line}\n" for line in requests.lines))
        lines.flush()
        ours, theirs, everybody = usage_of(server), usage_of(database), busy_seconds()
        found, own = _wrk(base_url, requests, lines.name if requests.lines else "", concurrency, seconds)
        ours, theirs = usage_of(server) - ours, usage_of(database) - theirs
        everybody = busy_seconds() - everybody
    if found["refused"] or found["broken"] or not found["requests"]:
        raise LoadRefused(f"{base_url}{requests.path} at {concurrency}: {found}")
    count = int(found["requests"])
    known = ours.cpu_seconds + theirs.cpu_seconds + own
    return Measured(
        rate=count / found["seconds"],
        p50=found["p50"] / 1000,
        p99=found["p99"] / 1000,
        cpu=ours.cpu_seconds / count * 1e6,
        database_cpu=theirs.cpu_seconds / count * 1e6,
        foreign=max(0.0, everybody - known) / found["seconds"],
        requests=count,
    )


def _wrk(
    base_url: str, requests: Requests, file: str, concurrency: int, seconds: float
) -> tuple[dict[str, float], float]:
    """What load.lua reports, and the processor seconds that wrk itself took."""
    command = [
        wrk_program(), "--threads", "1", "--connections", str(concurrency), "--duration", f"{max(1, round(seconds))}s",
        "--timeout", "10s", "--script", str(SCRIPT), base_url + requests.path,
        "--", requests.way, requests.method, requests.authorization, file, requests.prefix,
    ]  # fmt: skip
    before = Usage.of_children()
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + GRACE_SECONDS, check=False)
    own = Usage.of_children() - before
    result = next((line for line in done.stdout.splitlines() if line.startswith("RESULT ")), None)
    if result is None:
        raise LoadRefused(f"wrk failed: {done.stdout[-500:]}{done.stderr[-500:]}")
    found: dict[str, float] = json.loads(result.removeprefix("RESULT "))
    return found, own.cpu_seconds
