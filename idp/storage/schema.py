"""Which schema this program needs, and which one a database has. The revisions are Alembic's.

They lie in `migrations/` beside the package in a checkout, in `idp/_migrations` in an installed one.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import idp
from idp.errors import ConfigurationError


@cache
def head() -> str:
    """The revision that this program needs. Raises `errors.ConfigurationError` when its migrations are missing."""
    revision = _scripts().get_current_head()
    if revision is None:
        raise ConfigurationError(f"The migrations are missing from {_scripts().dir}. Install the program again.")
    return revision


@cache
def known_revisions() -> frozenset[str]:
    return frozenset(script.revision for script in _scripts().walk_revisions())


def revision_of(connection: Connection) -> str | None:
    """The revision of the database; None when it holds nothing yet."""
    return MigrationContext.configure(connection).get_current_revision()


def configuration() -> Config:
    """Alembic's configuration, which no file needs to hold."""
    package = Path(idp.__file__).parent
    installed = package / "_migrations"
    config = Config()
    config.set_main_option("script_location", str(installed if installed.is_dir() else package.parent / "migrations"))
    return config


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(configuration())
