"""What the kernel says of processes and of the machine (Linux: /proc)."""

from __future__ import annotations

import os
import platform
import resource
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
USER, SYSTEM = 11, 12
"""Places of the two times behind the name in /proc/PID/stat."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor time."""

    cpu_seconds: float

    def __sub__(self, other: Usage) -> Usage:
        return Usage(self.cpu_seconds - other.cpu_seconds)

    @classmethod
    def of_children(cls) -> Usage:
        """Of this process's children that have ended."""
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return cls(ended.ru_utime + ended.ru_stime)


def family(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _read(task).split():
            found += family(int(child))
    return found


def usage_of(roots: Iterable[int]) -> Usage:
    """The processor time of these processes and those below them, so far."""
    total = 0
    for root in roots:
        for pid in family(root):
            fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
            total += int(fields[USER]) + int(fields[SYSTEM]) if fields else 0
    return Usage(total / TICKS)


def resident_mebibytes(root: int) -> float:
    """Resident memory of a process and those below it; pages that several share count for each."""
    total = 0
    for pid in family(root):
        line = next((line for line in _read(Path(f"/proc/{pid}/status")).splitlines() if line.startswith("VmRSS")), "")
        total += int(line.split()[1]) if line else 0
    return total / 1024


def busy_seconds() -> float:
    """Processor time that anybody has taken since the machine started, other guests of its host included."""
    user, nice, system, _idle, _waiting, irq, softirq, steal, *_ = map(int, _read(Path("/proc/stat")).split()[1:11])
    return (user + nice + system + irq + softirq + steal) / TICKS


def described() -> dict[str, str]:
    """The machine in a few words, for the report."""
    lines = _read(Path("/proc/cpuinfo")).splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": f"{model}, {os.cpu_count()} cores",
        "memory": f"{pages / 1024**3:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def load_average() -> float:
    """Of the last minute."""
    return os.getloadavg()[0]


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""  # it has just ended
