"""One writer at a time, who commits everything that waits as one transaction.

Many writers on one SQLite file spend their time waiting for its lock. Here callers wait in memory
instead: whoever comes to write does the work of all who queued meanwhile, and an fsync is paid
once for all of them (security model, section 8). A thread of its own for this cost two switches a
request, and made a decision half as fast (docs/decisions/group-commit.md).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine

from backend.domain.errors import ShuttingDownError, StorageUnavailableError

MAX_GROUP: Final = 64
ANSWER_WITHIN_S: Final = 14.0
CLOSE_WITHIN_S: Final = 10.0

T = TypeVar("T")


class _Piece:
    """One caller's work, and what came of it once that is on disk."""

    __slots__ = ("error", "is_done", "is_leader", "result", "wake", "work")

    def __init__(self, work: Callable[[Connection], Any]) -> None:
        self.work = work
        self.is_done = False
        self.is_leader = False
        self.result: Any = None
        self.error: BaseException | None = None
        # Held until the piece is done or its caller is to lead: a bare lock is the cheapest wait.
        self.wake = threading.Lock()
        self.wake.acquire()


class GroupWriter:
    """Runs pieces of work one after another, each in a savepoint, commits, then answers all."""

    def __init__(self, engine: Engine, on_rollback: Callable[[], None]) -> None:
        self._engine = engine
        self._on_rollback = on_rollback
        self._waiting: deque[_Piece] = deque()
        self._mutex = threading.Lock()
        self._is_led = False
        self._connection: Connection | None = None
        self._is_closed = False

    def submit(self, work: Callable[[Connection], T]) -> T:
        """Run `work`; return its result when its effect is on disk.

        The first to come leads: it writes a group, wakes the next leader, then those it wrote for.

        Raises:
            StorageUnavailableError: it did not get its turn in time; nothing was stored.
            ShuttingDownError: the writer is closed.
            Exception: whatever `work` raised, or the commit of its group.
        """
        piece = _Piece(work)
        with self._mutex:
            self._waiting.append(piece)
            if not self._is_led:
                self._is_led = piece.is_leader = True
        if not piece.is_leader:
            self._wait(piece)
        if not piece.is_done:
            self._lead(piece)
        if piece.error is not None:
            raise piece.error
        result: T = piece.result
        return result

    def close(self) -> None:
        """Let what waits finish, then refuse more and let go of the connection."""
        end = time.monotonic() + CLOSE_WITHIN_S
        while self._is_led and time.monotonic() < end:
            time.sleep(0.005)
        with self._mutex:
            self._is_closed = True
        if not self._is_led:
            self._let_go()

    def _wait(self, piece: _Piece) -> None:
        """Return when the piece is done, or when its caller is to lead."""
        if piece.wake.acquire(timeout=ANSWER_WITHIN_S):
            return
        with self._mutex:
            if not piece.is_leader and piece in self._waiting:
                self._waiting.remove(piece)
                raise StorageUnavailableError(retry_after_s=2)
        # It is being written this moment: its end is near, and must be known.
        piece.wake.acquire()

    def _lead(self, own: _Piece) -> None:
        """Write one group, which has `own` in it, and pass the lead on."""
        with self._mutex:
            group = [self._waiting.popleft() for _ in range(min(MAX_GROUP, len(self._waiting)))]
        self._write(group)
        with self._mutex:
            successor = self._waiting[0] if self._waiting else None
            if successor is None:
                self._is_led = False
            else:
                successor.is_leader = True
        # First, so that the next group is written while this one's callers wake up.
        if successor is not None:
            successor.wake.release()
        for piece in group:
            if piece is not own:
                piece.wake.release()

    def _write(self, group: list[_Piece]) -> None:
        """Run and commit a group. Nobody is answered before the commit: a 2xx means on disk."""
        try:
            if self._is_closed:
                raise ShuttingDownError(retry_after_s=1)
            connection = self._connected()
            run = _driver(connection).execute
            run("BEGIN IMMEDIATE")
            for piece in group:
                self._run(connection, piece)
            run("COMMIT")
        except BaseException as error:
            self._on_rollback()
            self._let_go()
            for piece in group:
                piece.error = piece.error or error
        for piece in group:
            piece.is_done = True

    def _run(self, connection: Connection, piece: _Piece) -> None:
        """Run one piece; its failure undoes itself alone."""
        run = _driver(connection).execute
        run("SAVEPOINT piece")
        try:
            piece.result = piece.work(connection)
        except Exception as error:
            piece.error = error
            run("ROLLBACK TO piece")
            self._on_rollback()
        run("RELEASE piece")

    def _connected(self) -> Connection:
        """Return the writer's own connection, whose transactions are ours and not SQLAlchemy's."""
        if self._connection is None:
            self._connection = self._engine.execution_options(own_transactions=True).connect()
            # Sessions that join must find a transaction; with the option above it sends nothing.
            self._connection.begin()
        return self._connection

    def _let_go(self) -> None:
        """Throw the connection away: after a fault nobody knows what state it is in."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()


def _driver(connection: Connection) -> Any:
    return connection.connection.dbapi_connection
