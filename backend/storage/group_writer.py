"""One thread that writes, and commits everything that waits as one transaction.

Many writers on one SQLite file spend their time waiting for its lock. With one writer the callers
queue in memory instead, and an fsync is paid once for all who wait (security model, section 8).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine

from backend.domain.errors import StorageUnavailableError

MAX_GROUP: Final = 64
ANSWER_WITHIN_S: Final = 14

T = TypeVar("T")
_Work = tuple[Callable[[Connection], Any], "Future[Any]"]


class GroupWriter:
    """Runs pieces of work one after another, each in a savepoint, commits, then answers all."""

    def __init__(self, engine: Engine, on_rollback: Callable[[], None]) -> None:
        self._engine = engine.execution_options(writes=True)
        self._on_rollback = on_rollback
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def submit(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on the writer's thread; return when its effect is on disk.

        Raises:
            StorageUnavailableError: the commit failed, took too long, or the writer is closed.
        """
        if self._is_closed:
            raise StorageUnavailableError("the server is stopping", retry_after_s=1)
        # Started by the first write: a thread does not survive gunicorn's fork.
        if self._thread is None:
            self._start()
        future: Future[T] = Future()
        self._queue.put((work, future))
        try:
            return future.result(ANSWER_WITHIN_S)
        except TimeoutError:
            # If it has not begun it never will; if it has, the answer is merely late.
            future.cancel()
            raise StorageUnavailableError(retry_after_s=2) from None

    def close(self) -> None:
        """Finish what waits and stop."""
        with self._lock:
            self._is_closed = True
            if self._thread is not None:
                self._queue.put(None)
                self._thread.join(10)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            group, goes_on = self._next_group()
            if group:
                self._write(group)
            if not goes_on:
                return

    def _next_group(self) -> tuple[list[_Work], bool]:
        """Wait for one piece of work and take all that has come meanwhile."""
        group: list[_Work] = []
        item = self._queue.get()
        while item is not None:
            if item[1].set_running_or_notify_cancel():
                group.append(item)
            if len(group) >= MAX_GROUP:
                return group, True
            try:
                item = self._queue.get_nowait()
            except Empty:
                return group, True
        return group, False

    def _write(self, group: list[_Work]) -> None:
        done: list[tuple[Future[Any], Any]] = []
        try:
            with self._engine.begin() as connection:
                for work, future in group:
                    self._run_in_savepoint(connection, work, future, done)
        except BaseException as error:  # every waiting caller must be told, whatever happened
            self._on_rollback()
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            return
        for future, result in done:
            future.set_result(result)

    def _run_in_savepoint(
        self,
        connection: Connection,
        work: Callable[[Connection], Any],
        future: Future[Any],
        done: list[tuple[Future[Any], Any]],
    ) -> None:
        """Run one piece; its failure undoes itself alone and is told at once."""
        connection.exec_driver_sql("SAVEPOINT piece")
        try:
            result = work(connection)
        except Exception as error:
            connection.exec_driver_sql("ROLLBACK TO piece")
            connection.exec_driver_sql("RELEASE piece")
            self._on_rollback()
            future.set_exception(error)
        else:
            connection.exec_driver_sql("RELEASE piece")
            done.append((future, result))
