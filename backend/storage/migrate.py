"""Brings the database's tables to this release's shape."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

_ROOT: Final = Path(__file__).resolve().parent.parent.parent


def migrate(engine: Engine, revision: str = "head") -> None:
    """Run the migrations up to `revision`, all in one transaction."""
    with engine.execution_options(writes=True).begin() as connection:
        command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Run the migrations back to `revision` (`base` for none)."""
    with engine.execution_options(writes=True).begin() as connection:
        command.downgrade(_config(connection), revision)


def current_revision(connection: Connection) -> str | None:
    """Return the revision the tables are at, or None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str | None:
    """Return the revision this release needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config(connection: Connection | None = None) -> AlembicConfig:
    config = AlembicConfig(_ROOT / "alembic.ini")
    config.attributes["connection"] = connection
    return config
