"""One server process a SQLite file: a second one refuses to start."""

from __future__ import annotations

import fcntl
import sys
from typing import IO

from backend.config import Config
from backend.storage.db import Database
from backend.storage.migrate import migrate

# Held open for the life of the process: closing it would let go of the lock.
_held: list[IO[str]] = []


def prepare(config: Config) -> None:
    """Take the lock (embedded mode) and bring the tables to this release."""
    config.data_dir.mkdir(parents=True, exist_ok=True)
    if config.is_embedded:
        _take_lock(config)
    db = Database(config.url, pool_size=1)
    migrate(db.engine)
    db.close()


def _take_lock(config: Config) -> None:
    path = config.data_dir / "server.lock"
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit(
            f"A server already runs on the SQLite file in {config.data_dir}. Stop it, choose"
            " another ZEROTEN_DATA, or set DATABASE_URL to PostgreSQL for many processes."
        )
    _held.append(lock)
