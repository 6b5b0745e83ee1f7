"""Set-up and the long-running processes: `zeroten init | secret | demo seed | worker | serve`"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from alembic.util.exc import CommandError

import backend
from backend.cli.common import CliError, database, show
from backend.config import Config
from backend.services.clock import utc_now
from backend.services.vault import new_key
from backend.storage.db import Database
from backend.storage.migrate import head_revision, migrate


def init(config: Config, given: Namespace) -> None:
    """Bring the tables to this release."""
    config.data_dir.mkdir(parents=True, exist_ok=True)
    db = Database(config.url, pool_size=1)
    try:
        migrate(db.engine)
    except CommandError as error:
        raise CliError(
            "The database was made by a newer release: install that one, or restore a backup."
        ) from error
    finally:
        db.close()
    show({"revision": head_revision()}, given)


def secret(_config: Config, _given: Namespace) -> None:
    """Print a new encryption key; put it first in ENCRYPTION_KEYS to rotate."""
    sys.stdout.write(new_key() + "\n")


def seed_demo(config: Config, given: Namespace) -> None:
    """Add the demo project with its people, usage and answers."""
    from backend.services import demo

    with database(config) as db:
        made = demo.seed(
            db,
            now=utc_now(),
            seed=given.seed,
            origins=given.origin,
            progress=_tell,
        )
    show(asdict(made), given)


def worker(config: Config, _given: Namespace) -> None:
    """Run the background jobs until SIGTERM or Ctrl-C."""
    from backend.jobs.worker import run

    with database(config):
        pass
    run(config)


def serve(config: Config, _given: Namespace) -> None:
    """Become gunicorn; it brings the tables up to date before it takes requests."""
    config.data_dir.mkdir(parents=True, exist_ok=True)
    settings = Path(backend.__file__).parent / "gunicorn_conf.py"
    arguments = [sys.executable, "-m", "gunicorn", "--config", str(settings), "backend.wsgi:app"]
    os.execv(sys.executable, arguments)  # noqa: S606 - these very words, no shell


def _tell(step: str) -> None:
    sys.stderr.write(f"{step}\n")
