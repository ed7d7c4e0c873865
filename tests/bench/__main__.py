"""`make bench`: the house and its peer in turns, on loopback, with numbers for every stretch and a table of their medians."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench import floors, report
from tests.bench import house as house_subject
from tests.bench import peer_subject as peer
from tests.bench.load import LoadRefused, Measured, run_load, wrk_program
from tests.bench.machine import described, load_average
from tests.bench.subject import FRESH, Subject, SubjectFailed
from tests.bench.workloads import WORKLOADS, Workload
from tests.support.node import NodeUnavailable, node_program
from tests.support.postgres import PostgresCluster, PostgresUnavailable, server_programs

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).with_name("results")
DOCUMENT = ROOT / "docs" / "reference" / "performance.md"
MEASURED = 16
"""The concurrency at which targets are judged."""
POSTGRESQL = {"shared_buffers": "256MB", "max_wal_size": "2GB", "checkpoint_timeout": "30min", "max_connections": "200"}
"""As on a small server. Durability stays on; a checkpoint in the middle would hit one and spare the other."""
CODES_A_SECOND = {"house": 5000, "peer": 2500}
"""More than can be exchanged in a second, so that none is sent twice."""


@dataclass(frozen=True, slots=True)
class Plan:
    rounds: int
    seconds: dict[int, int]
    """By concurrency."""
    starts: int
    workloads: tuple[Workload, ...]

    def codes(self, whose: str) -> int:
        return FRESH + CODES_A_SECOND[whose] * max(self.seconds.values())


@dataclass(frozen=True, slots=True)
class Contestant:
    """A subject, and how its codes become new again."""

    subject: Subject
    renew: Callable[[], None]


def main() -> None:
    arguments = _arguments()
    chosen = tuple(w for w in WORKLOADS if not arguments.only or w.name in arguments.only)
    plan = Plan(3, {1: 1, MEASURED: 3, 64: 1}, 3, chosen)
    if arguments.quick:
        plan = Plan(1, {MEASURED: 1}, 1, chosen)
    try:
        wrk_program()
        node_program()
        found = _run(plan)
    except (LoadRefused, SubjectFailed, NodeUnavailable, PostgresUnavailable) as reason:
        sys.exit(f"bench: {reason}")
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    file.write_text(json.dumps(found, indent=1))
    table = report.tables(found)
    (RESULTS / "latest.md").write_text(table)
    print(table)
    print(f"Raw numbers: {file.relative_to(ROOT)}")
    if not arguments.quick and not arguments.only:
        report.write_into(DOCUMENT, table)
        print(f"Table: {DOCUMENT.relative_to(ROOT)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/bench/run", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one short round at concurrency 16; nothing is written to docs"
    )
    names = [workload.name for workload in WORKLOADS]
    parser.add_argument("--only", nargs="+", choices=names, help="these workloads; nothing is written to docs")
    return parser.parse_args()


def _run(plan: Plan) -> dict[str, Any]:
    begun = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="idp-bench-"))
    try:
        with ExitStack() as stack:
            cluster = stack.enter_context(PostgresCluster(POSTGRESQL))
            found = _conditions(cluster)
            found["starts"] = _starts(plan, cluster, folder)
            contestants = _contestants(stack, plan, cluster, folder)
            found["resident_idle"] = {one.subject.name: one.subject.memory for one in contestants}
            found |= _rounds(plan, contestants, cluster, folder)
            found["resident"] = {one.subject.name: one.subject.memory for one in contestants}
        found["load_after"] = load_average()
        found["minutes"] = (time.monotonic() - begun) / 60
        return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _contestants(stack: ExitStack, plan: Plan, cluster: PostgresCluster, folder: Path) -> list[Contestant]:
    found = []
    for workers in (1, 2):
        url = cluster.create_database()
        ours = stack.enter_context(
            house_subject.house(f"house-pg-{workers}", folder, url, workers, plan.codes("house"))
        )
        found.append(Contestant(ours, lambda url=url: house_subject.renew(url)))  # type: ignore[misc]
        url = cluster.create_database()
        theirs = stack.enter_context(peer.peer(f"peer-pg-{workers}", folder, url, workers, plan.codes("peer")))
        codes = list(theirs.codes)
        found.append(Contestant(theirs, lambda url=url, codes=codes: peer.renew(url, codes)))  # type: ignore[misc]
    url = f"sqlite:///{folder}/idp.db"
    ours = stack.enter_context(house_subject.house("house-sqlite-1", folder, url, 1, plan.codes("house")))
    found.append(Contestant(ours, lambda: house_subject.renew(url)))
    return found


def _starts(plan: Plan, cluster: PostgresCluster, folder: Path) -> dict[str, list[float]]:
    """Seconds from starting a program to its first answer, over a database that is there and keys that are made."""
    found: dict[str, list[float]] = {"house-pg-1": [], "peer-pg-1": []}
    url = cluster.create_database()
    found["house-pg-1"] = house_subject.starts(folder / "starts", url, plan.starts)
    for n in range(plan.starts):
        with peer.peer(f"starting-{n}", folder, cluster.create_database(), 1, 0) as subject:
            found["peer-pg-1"].append(subject.started_in)
    return found


def _rounds(plan: Plan, contestants: list[Contestant], cluster: PostgresCluster, folder: Path) -> dict[str, Any]:
    cells: list[dict[str, Any]] = []
    costs: list[dict[str, float]] = []
    floor_url = cluster.create_database()
    for one in contestants:  # until just-in-time compilers and caches are warm
        for workload in plan.workloads:
            _measure(workload, one, MEASURED, 1, cluster)
    for turn in range(plan.rounds):
        costs.append(asdict(floors.measure(floor_url, folder, 2)))
        for workload in plan.workloads:
            for concurrency, seconds in plan.seconds.items():
                for one in contestants[turn:] + contestants[:turn]:
                    measured = _measure(workload, one, concurrency, seconds, cluster)
                    where = {"round": turn, "workload": workload.name, "concurrency": concurrency}
                    cells.append({**where, "subject": one.subject.name, **asdict(measured)})
                    print(
                        f"{turn + 1} {workload.name:<10} {concurrency:>3} {one.subject.name:<15} {measured.rate:>8.0f}/s "
                        f"p99 {measured.p99:>7.1f} ms  {measured.cpu:>6.0f} µs  others {measured.foreign:.0%}",
                        file=sys.stderr,
                    )
    return {"cells": cells, "floors": costs}


def _measure(workload: Workload, one: Contestant, concurrency: int, seconds: int, cluster: PostgresCluster) -> Measured:
    if workload.name == "code":
        one.renew()
    server = workload.server_of(one.subject)
    requests = workload.requests(one.subject, concurrency)
    return run_load(server.url, requests, concurrency, seconds, [server.process.pid], [cluster.pid])


def _conditions(cluster: PostgresCluster) -> dict[str, Any]:
    def said(*command: str | Path) -> str:
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout.strip()

    lock = json.loads((peer.FOLDER / "package-lock.json").read_text())["packages"]
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "commit": said("git", "rev-parse", "--short", "HEAD"),
        "changed": bool(said("git", "status", "--porcelain", "--", "idp")),
        **described(),
        "node": said(node_program(), "--version"),
        "peer": lock["node_modules/oidc-provider"]["version"],
        "postgresql": said(server_programs() / "postgres", "--version").split()[2],
        "load_before": load_average(),
    }


if __name__ == "__main__":
    main()
