"""Tables of medians from the raw numbers, and their place in the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.workloads import LATENCY_TARGET, MEMORY_TARGET, WORKLOADS, Workload

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
MEASURED = 16
QUIET = 0.15
"""Processor time of others, in cores, above which a run is not worth its name."""
SUBJECTS = {
    "house-pg-1": "PostgreSQL, 1 worker",
    "house-pg-2": "PostgreSQL, 2 workers",
    "house-sqlite-1": "SQLite",
    "peer-pg-1": "peer, 1 worker",
    "peer-pg-2": "peer, 2 workers",
}
RIVALS = {"house-pg-1": "peer-pg-1", "house-pg-2": "peer-pg-2", "house-sqlite-1": "peer-pg-1"}


class Found:
    """The raw numbers of one run, asked for their medians over the rounds."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self._cells: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
        for cell in raw["cells"]:
            self._cells.setdefault((cell["subject"], cell["workload"], cell["concurrency"]), []).append(cell)

    def median(self, subject: str, workload: str, concurrency: int, what: str) -> float | None:
        cells = self._cells.get((subject, workload, concurrency))
        return float(median(cell[what] for cell in cells)) if cells else None

    def spread(self, subject: str, workload: str, concurrency: int) -> float:
        """How far the rates of the rounds lie apart, as a part of their median."""
        rates = [cell["rate"] for cell in self._cells.get((subject, workload, concurrency), [])]
        return float((max(rates) - min(rates)) / median(rates)) if rates else 0.0

    def floor(self, name: str) -> float:
        return float(median(costs[name] for costs in self.raw["floors"]))

    @property
    def foreign(self) -> float:
        return float(median(cell["foreign"] for cell in self.raw["cells"]))

    @property
    def concurrencies(self) -> list[int]:
        return sorted({cell["concurrency"] for cell in self.raw["cells"]})


def tables(raw: dict[str, Any]) -> str:
    """The whole report as Markdown."""
    found = Found(raw)
    parts = [_conditions(found), _targets(found), _detail(found), _others(found), _process(found), _floors(found)]
    return "\n\n".join(part for part in parts if part) + "\n"


def write_into(document: Path, text: str) -> None:
    """Puts the report between its two marks. Raises ValueError when they are not there."""
    before, begin, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{document} has no place for the report")
    document.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")


def _conditions(found: Found) -> str:
    raw = found.raw
    noise = (
        f"**Not a quiet machine**: others took {found.foreign:.2f} cores while this was measured (median), and the load was "
        f"{raw['load_before']:.1f} before. Ratios are interleaved and hold roughly, absolute numbers do not."
        if found.foreign > QUIET
        else f"Others took {found.foreign:.2f} cores (median)."
    )
    return (
        f"{raw['at']}, commit {raw['commit']}{' with changes' if raw['changed'] else ''}. {raw['processor']}, "
        f"{raw['memory']}, {raw['system']}; Python {raw['python']}, Node {raw['node']}, PostgreSQL {raw['postgresql']}; "
        f"peer: oidc-provider {raw['peer']}. {len(raw['floors'])} rounds in {raw['minutes']:.0f} minutes. {noise}"
    )


def _targets(found: Found) -> str:
    rows = []
    for workload in WORKLOADS:
        for server, rival in RIVALS.items():
            rates = [found.median(name, workload.name, MEASURED, "rate") for name in (server, rival)]
            tails = [found.median(name, workload.name, MEASURED, "p99") for name in (server, rival)]
            if None in rates:
                continue
            times, tail = _ratio(rates), _ratio(tails)
            target = workload.targets.get(server.removeprefix("house-"))
            rows.append(
                (
                    workload.title,
                    SUBJECTS[server],
                    f"{rates[0]:.0f}",
                    f"{rates[1]:.0f}",
                    f"{times:.2f} x",
                    f"{target} x {_verdict(times >= target)}" if target else "",
                    f"{tail:.2f} x {_verdict(tail <= LATENCY_TARGET)}",
                )
            )
    head = ("at concurrency 16", "", "requests/s", "peer", "ratio", "target", f"p99 (target {LATENCY_TARGET} x)")
    return "### Against the peer\n\n" + _table(head, rows)


def _detail(found: Found) -> str:
    rows = []
    for workload in WORKLOADS:
        for subject, title in SUBJECTS.items():
            rate = found.median(subject, workload.name, MEASURED, "rate")
            if rate is None:
                continue
            p50, p99, cpu, database = (
                found.median(subject, workload.name, MEASURED, what) or 0
                for what in ("p50", "p99", "cpu", "database_cpu")
            )
            share = f"{_floor_of(found, workload, subject) / cpu:.0%}" if subject.startswith("house") else ""
            spread = found.spread(subject, workload.name, MEASURED)
            rows.append(
                (workload.title, title, f"{rate:.0f}", f"±{spread / 2:.0%}", f"{p50:.1f}", f"{p99:.1f}", f"{cpu:.0f}",
                 f"{database:.0f}", share)
            )  # fmt: skip
    head = (
        "at concurrency 16", "", "requests/s", "rounds", "p50 ms", "p99 ms", "CPU µs", "database CPU µs", "of the floor",
    )  # fmt: skip
    return "### In detail\n\n" + _table(head, rows)


def _others(found: Found) -> str:
    others = [concurrency for concurrency in found.concurrencies if concurrency != MEASURED]
    if not others:
        return ""
    rows = []
    for workload in WORKLOADS:
        for subject, title in SUBJECTS.items():
            cells = [
                tuple(found.median(subject, workload.name, concurrency, what) for what in ("rate", "p50", "p99"))
                for concurrency in others
            ]
            if None not in cells[0]:
                rows.append(
                    (
                        workload.title,
                        title,
                        *(f"{number:.{n and 1}f}" for cell in cells for n, number in enumerate(cell)),
                    )
                )
    head = [
        "",
        "",
        *(f"{what} at {concurrency}" for concurrency in others for what in ("requests/s", "p50 ms", "p99 ms")),
    ]
    return "### At other concurrencies\n\n" + _table(head, rows)


def _process(found: Found) -> str:
    raw, rows = found.raw, []
    for subject, title in SUBJECTS.items():
        memory = raw["resident"][subject]
        rival = RIVALS.get(subject)
        ratio = memory / raw["resident"][rival] if rival else None
        verdict = f"{ratio:.2f} x {_verdict(ratio <= MEMORY_TARGET)}" if ratio is not None else ""
        starts = raw["starts"].get(subject)
        rows.append(
            (
                title,
                f"{raw['resident_idle'][subject]:.0f}",
                f"{memory:.0f}",
                verdict,
                f"{median(starts):.2f}" if starts else "",
            )
        )
    head = ("", "MiB at start", "MiB after the load", f"of the peer (target {MEMORY_TARGET} x)", "start-up s")
    return "### Memory and start-up\n\n" + _table(head, rows)


def _floors(found: Found) -> str:
    rows = [
        ("bare ASGI answer on uvicorn", f"{found.floor('asgi'):.0f} µs"),
        ("ES256 signature", f"{found.floor('es256'):.0f} µs"),
        ("ES256 verification", f"{found.floor('verify'):.0f} µs"),
        ("RS256 signature, 2048 bits", f"{found.floor('rs256'):.0f} µs"),
        ("PostgreSQL, one row read by its key, client's side", f"{found.floor('read'):.0f} µs"),
        ("PostgreSQL, one row changed and committed, client's side", f"{found.floor('commit'):.0f} µs"),
        ("PostgreSQL, such changes, 16 at once", f"{found.floor('commits_a_second'):.0f} a second"),
        ("SQLite, one row read by its key", f"{found.floor('sqlite_read'):.0f} µs"),
        ("SQLite, one row changed in a commit that 16 share", f"{found.floor('sqlite_commit'):.0f} µs"),
        ("SQLite, a commit alone, by the clock", f"{found.floor('sqlite_commit_alone'):.0f} µs"),
    ]
    return "### Pure costs\n\n" + _table(("one of", "processor time"), rows)


def _floor_of(found: Found, workload: Workload, subject: str) -> float:
    lite = "sqlite_" if "sqlite" in subject else ""
    names = [f"{lite}{work}" if work in ("read", "commit") else work for work in workload.work]
    return found.floor("asgi") + sum(found.floor(name) for name in names)


def _ratio(pair: Sequence[float | None]) -> float:
    mine, other = pair
    return (mine or 0) / other if other else 0.0


def _verdict(reached: bool) -> str:
    return "reached" if reached else "**missed**"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |"

    return "\n".join([line(head), "|" + "---|" * len(head), *map(line, rows)])
