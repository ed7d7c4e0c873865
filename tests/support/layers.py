"""The layer rule as tables, and a checker that reads a module's syntax tree. `tests/test_layers.py` applies it.

An import counts wherever it stands: inside a function, under `TYPE_CHECKING`, relative or through `importlib`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import PurePosixPath

_CORE = {"domain", "ports", "errors"}

MAY_IMPORT: dict[str, set[str]] = {
    "__init__": set(),
    "domain": set(),
    "errors": {"domain"},
    "ports": {"domain", "errors"},
    "config": {"domain", "errors"},
    "storage": _CORE,
    "adapters": _CORE,
    "services": _CORE | {"storage"},
    "oidc": _CORE | {"storage"},
    "web": _CORE | {"storage", "services", "oidc"},
    "bootstrap": _CORE | {"config", "storage", "adapters", "services", "oidc", "web"},
    # A client of the IdP that also seeds and starts it: it sees no protocol code, only endpoints.
    "demo": _CORE | {"config", "storage", "services", "web", "bootstrap"},
    "cli": _CORE | {"config", "storage", "services", "oidc", "web", "bootstrap", "demo"},
    "__main__": {"cli"},
}
"""Which of our layers each layer may import, besides itself. `services` and `oidc` meet only in `web`."""

_LOGGING_LAYERS = {"storage", "adapters", "services", "oidc", "web", "bootstrap", "cli", "demo"}

IMPORTERS: dict[str, set[str]] = {
    "sqlalchemy": {"storage"},
    "alembic": {"storage"},
    "asyncpg": {"storage"},
    "aiosqlite": {"storage"},
    "sqlite3": {"storage"},
    "authlib": {"oidc", "demo"},
    "joserfc": {"oidc", "demo"},
    "starlette": {"web", "demo"},
    "python_multipart": {"web"},
    "itsdangerous": {"web", "demo"},
    "jinja2": {"web", "adapters/composer.py", "demo"},
    "markupsafe": {"web", "adapters/composer.py", "demo"},
    "aiosmtplib": {"adapters"},
    "argon2": {"adapters"},
    "phonenumbers": {"adapters"},
    "pyotp": {"adapters"},
    "qrcode": {"adapters"},
    "requests": {"adapters/twilio.py"},  # only for the errors that the SDK lets through
    "twilio": {"adapters"},
    "zxcvbn": {"adapters"},
    "cryptography": {"adapters", "oidc"},
    "httpx": {"demo", "cli"},
    "httpx2": {"adapters", "demo", "cli"},
    "pydantic": {"config", "web", "cli"},
    "pydantic_core": {"config", "web", "cli"},
    "pydantic_settings": {"config"},
    "typer": {"cli"},
    "click": {"cli"},
    "rich": {"cli"},
    "uvicorn": {"web"},
    "uvloop": {"web"},
    "structlog": _LOGGING_LAYERS,
}
"""Who may import a framework or driver: a layer, or one module of it. What is not listed here nobody may import."""

IMPURE = {
    "asyncio", "http", "logging", "os", "pathlib", "random", "secrets", "socket", "sqlite3", "subprocess", "threading",
    "time",
}  # fmt: skip
"""What `domain` leaves alone in the standard library: it is a function of its arguments."""

COMMITTERS = ("storage/unit_of_work.py", "storage/statements*.py", "storage/statements/*.py")
"""Where a transaction may end; everywhere else returning commits and raising rolls back."""

ENVIRONMENT_READER = "config/environment.py"


def violations(path: str, source: str) -> list[str]:
    """What the module at `path` (relative to `idp/`, with forward slashes) breaks, one sentence each."""
    layer = path.split("/")[0].removesuffix(".py")
    if layer not in MAY_IMPORT:
        return [f"{path}: {layer} is not a layer; name it in tests/support/layers.py"]
    found: list[str] = []
    for node in ast.walk(ast.parse(source, path)):
        line = getattr(node, "lineno", 0)
        for target in _imported(node, path):
            found += [f"{path}:{line}: {fault}" for fault in _import_faults(path, layer, target)]
        if _commits(node) and not any(PurePosixPath(path).match(allowed) for allowed in COMMITTERS):
            found.append(f"{path}:{line}: only the unit of work and the statements commit")
        if path != ENVIRONMENT_READER and _reads_environment(node):
            found.append(f"{path}:{line}: only {ENVIRONMENT_READER} reads the environment")
    return list(dict.fromkeys(found))  # `from a import b, c` is one fault, not two


def _import_faults(path: str, layer: str, target: str) -> Iterator[str]:
    top, _, rest = target.partition(".")
    if top == "idp":
        other = rest.partition(".")[0]
        if other and other != layer and other not in MAY_IMPORT[layer]:
            yield f"{layer} may not import {other}"
    elif top in IMPORTERS:
        if not IMPORTERS[top] & {layer, path}:
            yield f"{top} may be imported by {', '.join(sorted(IMPORTERS[top]))} only"
    elif top not in sys.stdlib_module_names:
        yield f"{top} has no importer yet; name it in tests/support/layers.py"
    if layer == "domain" and top in IMPURE:
        yield f"domain is pure and may not import {top}"


def _imported(node: ast.AST, path: str) -> Iterator[str]:
    """Full dotted names that a statement imports; for `from a import b` it is `a.b`, which may be a module."""
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=module, names=names, level=level):
            package = ["idp", *path.split("/")[:-1]]
            base = package[: len(package) - level + 1] if level else []
            start = ".".join([*base, *([module] if module else [])])
            yield from (f"{start}.{alias.name}" for alias in names)
        case ast.Call(
            func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__"), args=args
        ):
            yield from (arg.value for arg in args[:1] if isinstance(arg, ast.Constant) and isinstance(arg.value, str))


def _commits(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr="commit"):
            return True
        case ast.Constant(value=str(text)):
            return text.strip().rstrip(";").upper() in {"COMMIT", "COMMIT TRANSACTION", "END TRANSACTION"}
    return False


def _reads_environment(node: ast.AST) -> bool:
    names = {"environ", "environb", "getenv", "getenvb"}
    match node:
        case ast.Attribute(value=ast.Name(id="os"), attr=attribute):
            return attribute in names
        case ast.ImportFrom(module="os", names=imported):
            return any(alias.name in names for alias in imported)
    return False
