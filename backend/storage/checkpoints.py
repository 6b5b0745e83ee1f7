"""Copies SQLite's log into the file beside the writer, so that no commit waits for it.

SQLite does this at the end of a commit, in the way of everybody who waits: with many rows stored
nearly each row is a page of its own, written once to the log and once more here. A passive
checkpoint runs while others write. The log begins anew once all of it is copied, which under
constant load never happens by itself: what is left then is copied in the writer's own turn.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

import structlog
from sqlalchemy import Engine

from backend.domain.errors import ShuttingDownError, StorageUnavailableError

# Changed rows, of which each is a page or less: pages changed meanwhile again are copied once.
ROWS_BETWEEN: Final = 16_000
# In the log: above this the writer waits for the rest.
MOST_PAGES: Final = 32_000
# What SQLite itself does at a commit, should the thread not keep up.
LAST_RESORT_PAGES: Final = 128_000

log = structlog.get_logger()


class Checkpoints:
    """A thread, started by the first commit that leaves enough, on a connection of its own.

    Args:
        in_turn: runs what it is given while nobody writes, outside any transaction.
    """

    def __init__(self, engine: Engine, in_turn: Callable[[Callable[[Any], Any]], Any]) -> None:
        self._engine = engine
        self._in_turn = in_turn
        self._due = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._done_at = 0

    def committed(self, driver: Any) -> None:
        """Note that the writer's connection has committed."""
        changed = driver.total_changes
        if changed < self._done_at:
            self._done_at = 0  # another connection, which counts anew
        if changed - self._done_at < ROWS_BETWEEN:
            return
        self._done_at = changed
        self._due.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop; whoever closes the last connection copies the rest."""
        self._is_closed = True
        self._due.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while self._due.wait() and not self._is_closed:
            self._due.clear()
            try:
                if self._checkpoint() > MOST_PAGES:
                    self._in_turn(_passive)
            except (ShuttingDownError, StorageUnavailableError):
                continue
            except Exception as error:
                # The next commits bring it up again, and SQLite's own limit stands behind.
                log.warning("checkpoint-failed", kind=type(error).__name__)

    def _checkpoint(self) -> int:
        """Copy what is committed; return how many pages the log has."""
        connection = self._engine.raw_connection()
        try:
            return _passive(connection.dbapi_connection)
        finally:
            connection.close()


def _passive(driver: Any) -> int:
    _, pages, _ = driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return int(pages)
