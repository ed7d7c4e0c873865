"""The layer rule holds for every module, and the checker still sees each way of breaking it."""

from __future__ import annotations

from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.layers import IMPORTERS, MAY_IMPORT, violations

IDP = Path(__file__).resolve().parents[1] / "idp"


def test_every_module_keeps_the_layer_rule() -> None:
    modules = sorted(IDP.rglob("*.py"))
    assert len(modules) > 30
    found = [
        fault
        for module in modules
        for fault in violations(module.relative_to(IDP).as_posix(), module.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


def test_the_rule_itself_has_no_circle() -> None:
    TopologicalSorter(MAY_IMPORT).prepare()
    assert "oidc" not in MAY_IMPORT["services"]
    assert "services" not in MAY_IMPORT["oidc"]
    assert [layer for layer, others in MAY_IMPORT.items() if "adapters" in others] == ["bootstrap"]
    assert {place.split("/")[0] for places in IMPORTERS.values() for place in places} <= set(MAY_IMPORT)


@pytest.mark.parametrize(
    ("path", "source", "fault"),
    [
        ("domain/steps.py", "import idp.errors", "domain may not import errors"),
        ("domain/steps.py", "from ..storage.tables import people", "domain may not import storage"),
        ("domain/steps.py", "import sqlalchemy", "sqlalchemy may be imported by storage only"),
        ("domain/steps.py", "from time import time", "domain is pure and may not import time"),
        ("domain/__init__.py", "from . import steps\nfrom .. import ports", "domain may not import ports"),
        ("ports.py", "from idp.storage import types", "ports may not import storage"),
        ("storage/engine.py", "from idp.services import sign_in", "storage may not import services"),
        ("storage/engine.py", "from idp.config import Settings", "storage may not import config"),
        ("services/sign_in.py", "from idp.oidc.claims import a, b", "services may not import oidc"),
        ("services/sign_in.py", "from idp import oidc", "services may not import oidc"),
        ("services/sign_in.py", "def f():\n    import idp.oidc.claims", "services may not import oidc"),
        ("services/sign_in.py", "if TYPE_CHECKING:\n    from idp.web import app", "services may not import web"),
        (
            "services/sign_in.py",
            "import importlib\nimportlib.import_module('idp.oidc')",
            "services may not import oidc",
        ),
        ("services/sign_in.py", "__import__('idp.adapters.clock')", "services may not import adapters"),
        ("oidc/token/issue.py", "from ...services import sign_in", "oidc may not import services"),
        ("oidc/token/issue.py", "import starlette.requests", "starlette may be imported by demo, web only"),
        ("web/app.py", "from idp.adapters.clock import SystemClock", "web may not import adapters"),
        ("web/app.py", "import authlib.oauth2", "authlib may be imported by demo, oidc only"),
        ("web/app.py", "import sqlite3", "sqlite3 may be imported by storage only"),
        ("cli/user.py", "from idp.adapters import clock", "cli may not import adapters"),
        ("adapters/smtp.py", "import jinja2", "jinja2 may be imported by adapters/composer.py, demo, web only"),
        ("adapters/smtp.py", "import boto3", "boto3 has no importer yet"),
        ("bootstrap.py", "from idp.demo import seed", "bootstrap may not import demo"),
        ("managers/users.py", "", "managers is not a layer"),
        ("services/sign_in.py", "await session.commit()", "only the unit of work and the statements commit"),
        (
            "storage/repositories/people.py",
            "finish = session.commit",
            "only the unit of work and the statements commit",
        ),
        ("storage/engine.py", "connection.execute(' commit; ')", "only the unit of work and the statements commit"),
        ("bootstrap.py", "import os\nos.environ['IDP_X']", "only config/environment.py reads the environment"),
        ("adapters/smtp.py", "from os import environ as e", "only config/environment.py reads the environment"),
        ("config/settings.py", "import os\nos.environ.items()", "only config/environment.py reads the environment"),
        ("demo/run.py", "import os\nos.getenv('HOME')", "only config/environment.py reads the environment"),
    ],
)
def test_a_breach_is_seen(path: str, source: str, fault: str) -> None:
    found = violations(path, source)
    assert len(found) == 1
    assert fault in found[0]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("domain/steps.py", "import enum\nfrom . import policy\nfrom idp.domain.rules import Rules"),
        ("storage/unit_of_work.py", "import sqlalchemy\nawait session.commit()"),
        ("storage/statements.py", "connection.execute('COMMIT')"),
        ("storage/statements_sqlite.py", "connection.commit()"),
        ("storage/statements/refresh.py", "connection.commit()"),
        ("services/sign_in.py", "from idp.storage import unit_of_work\nfrom ..ports import Clock"),
        ("oidc/keys.py", "import joserfc\nfrom idp import errors"),
        ("web/sign_in/dispatch.py", "from idp.services import sign_in\nfrom idp.oidc import claims\nimport starlette"),
        ("adapters/composer.py", "import jinja2"),
        ("config/environment.py", "import os\nos.environ.get('IDP_PORT')"),
        ("bootstrap.py", "from idp.adapters import clock\nfrom idp.web import app"),
    ],
)
def test_what_is_allowed_passes(path: str, source: str) -> None:
    assert violations(path, source) == []
