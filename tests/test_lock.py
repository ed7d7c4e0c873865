"""requirements.lock is complete and true: it is installed without resolving, so a gap would show at run time only."""

from __future__ import annotations

import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
RUNTIME, DEVELOPMENT = (ROOT / "requirements.lock").read_text(encoding="ascii").split("\n# Development\n")


def pins(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


def needed(declared: list[str]) -> dict[str, list[Requirement]]:
    """Every distribution that these requirements pull in, directly or not, with what is asked of its version."""
    found: dict[str, list[Requirement]] = {}
    open_ends = [Requirement(line) for line in declared]
    while open_ends:
        requirement = open_ends.pop()
        name = canonicalize_name(requirement.name)
        seen = found.setdefault(name, [])
        if any(str(requirement) == str(other) for other in seen):
            continue
        seen.append(requirement)
        for line in distribution(name).requires or []:
            further = Requirement(line)
            if further.marker is None or any(further.marker.evaluate({"extra": e}) for e in ("", *requirement.extras)):
                open_ends.append(further)
    return found


@pytest.mark.parametrize("part", ["runtime", "development"])
def test_the_lock_has_everything_in_versions_that_fit(part: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared: list[str] = project["project"]["dependencies"]
    locked = pins(RUNTIME)
    if part == "development":
        declared = declared + project["dependency-groups"]["dev"]
        locked |= pins(DEVELOPMENT)
    requirements = needed(declared)
    assert set(requirements) <= set(locked), "run make lock"  # a few are for other versions of Python only
    for name, asked in requirements.items():
        assert distribution(name).version == locked[name], f"{name} differs from the lock: run make install"
        for requirement in asked:
            assert requirement.specifier.contains(locked[name], prereleases=True), f"{requirement}: run make lock"


def test_the_lock_holds_names_and_versions_only() -> None:
    lines = [line for line in (RUNTIME + DEVELOPMENT).splitlines() if line and not line.startswith("#")]
    assert all(line.count("==") == 1 and not set(line) & set(" /:;@[") for line in lines)
    assert not pins(RUNTIME).keys() & pins(DEVELOPMENT).keys()
