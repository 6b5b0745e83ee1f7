"""Brings SQLite's log to disk beside the writer: a group is written during the fsync of another.

The writer's connection commits into the log without waiting for the disk (`synchronous=NORMAL`:
in order all the same, and synced before the log is copied or begun anew). Each group has the log
synced before anybody is answered; what was committed later may be on disk by then too, never what
was committed before not.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any, Final

import structlog

from backend.domain.errors import StorageUnavailableError

RETRY_AFTER_S: Final = 2
# Without the file's times, which nobody needs; not every system has it.
_sync: Final[Callable[[int], None]] = getattr(os, "fdatasync", os.fsync)

log = structlog.get_logger()


class LogSync:
    """Syncs what the writer committed; those who wait at the same time share an fsync."""

    def __init__(self, sync: Callable[[int], None] = _sync) -> None:
        self._sync = sync
        self._lock = threading.Lock()
        self._file: int | None = None
        self._committed = 0
        self._synced = 0
        self._is_broken = False

    def open(self, driver: Any) -> None:
        """Take over the syncing of what is committed on `driver`.

        Where there is no log, SQLite goes on to sync each commit itself.
        """
        # A new database has its log from the first look on.
        driver.execute("SELECT 1 FROM sqlite_master").fetchall()
        _, _, path = driver.execute("PRAGMA database_list").fetchone()
        with self._lock:
            self._close()
            try:
                # Closing a descriptor of the database itself would drop the locks that POSIX
                # gives to a process; nobody ever locks the log.
                self._file = os.open(f"{path}-wal", os.O_RDWR)
            except FileNotFoundError:
                return
        driver.execute("PRAGMA synchronous=NORMAL")

    def close(self) -> None:
        """Let go of the log once all that was committed is on disk."""
        with self._lock:
            self._close()

    def committed(self) -> int:
        """Return what to `wait` for, after a commit."""
        self._committed += 1
        return self._committed

    def wait(self, number: int) -> None:
        """Return when the commit with this number is on disk.

        Raises:
            StorageUnavailableError: the disk failed. What was committed can be read, and may or
                may not outlive a loss of power.
        """
        with self._lock:
            if self._synced < number:
                self._sync_all()
            if self._synced < number:
                raise StorageUnavailableError(retry_after_s=RETRY_AFTER_S)

    def repair(self, driver: Any) -> None:
        """After a failure, copy all of the log into the file before anything is added to it.

        Only the first sync after a fault tells of it: the next may succeed without what was lost.

        Raises:
            StorageUnavailableError: somebody still reads what was there before.
            sqlite3.OperationalError: the disk still fails.
        """
        if not self._is_broken:
            return
        is_busy, pages, copied = driver.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
        if is_busy or pages != copied:
            raise StorageUnavailableError(retry_after_s=RETRY_AFTER_S)
        with self._lock:
            self._is_broken = False
            self._synced = self._committed

    def _sync_all(self) -> None:
        if self._is_broken:
            return
        last = self._committed
        if self._file is None or self._try(self._file):
            self._synced = last
        else:
            self._is_broken = True

    def _try(self, file: int) -> bool:
        """Sync; say whether the disk took it."""
        try:
            self._sync(file)
        except OSError as error:
            log.warning("log-sync-failed", reason=error.strerror)
            return False
        return True

    def _close(self) -> None:
        if self._file is not None:
            # Somebody may be about to wait for what was committed last.
            if self._synced < self._committed:
                self._sync_all()
            os.close(self._file)
        self._file = None
