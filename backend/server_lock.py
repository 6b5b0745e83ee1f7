"""One server process a SQLite file: a second one refuses to start."""

from __future__ import annotations

import fcntl
import sys
from typing import IO

import structlog

from backend.config import Config
from backend.services.erasure import Means
from backend.services.ledger import Ledger
from backend.services.restoring import ForeignLedgerError, reconcile
from backend.services.vault import Vault
from backend.storage.db import Database
from backend.storage.migrate import migrate
from backend.storage.usage.opening import open_usage

log = structlog.get_logger()

# Held open for the life of the process: closing it would let go of the lock.
_held: list[IO[str]] = []


def prepare(config: Config) -> None:
    """Take the lock (embedded mode) and bring the tables to this release."""
    config.data_dir.mkdir(parents=True, exist_ok=True)
    if config.is_embedded:
        _take_lock(config)
    db = Database(config.url, pool_size=1)
    migrate(db.engine)
    _keep_erased(config, db)
    db.close()


def _keep_erased(config: Config, db: Database) -> None:
    """Erase again whoever a restored backup brought back, before anybody is answered."""
    vault = Vault.open(config.encryption_keys, config.data_dir)
    usage = open_usage(config.usage_url)
    try:
        removed = reconcile(Means(db, vault, usage, Ledger(config.data_dir)))
    except (ForeignLedgerError, ValueError) as error:
        sys.exit(f"zeroten: {error}")
    finally:
        usage.close()
    if removed:
        log.warning("erased-again-after-restore", ids=removed)


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
