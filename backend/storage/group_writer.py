"""One writer at a time, who commits everything that waits as one transaction.

Many writers on one SQLite file spend their time waiting for its lock. Here callers wait in memory
instead: whoever comes to write does the work of all who queued meanwhile, and an fsync is paid
once for all of them (security model, section 8). A thread of its own for this cost two switches a
request, and made a decision half as fast (docs/decisions/group-commit.md).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine

from backend.domain.errors import ShuttingDownError, StorageUnavailableError

MAX_GROUP: Final = 64
ANSWER_WITHIN_S: Final = 14.0

T = TypeVar("T")


class _Piece:
    """One caller's work, and what came of it once that is on disk."""

    __slots__ = ("error", "is_done", "result", "work")

    def __init__(self, work: Callable[[Connection], Any]) -> None:
        self.work = work
        self.is_done = False
        self.result: Any = None
        self.error: BaseException | None = None


class GroupWriter:
    """Runs pieces of work one after another, each in a savepoint, commits, then answers all."""

    def __init__(self, engine: Engine, on_rollback: Callable[[], None]) -> None:
        self._engine = engine
        self._on_rollback = on_rollback
        self._waiting: deque[_Piece] = deque()
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._is_closed = False

    def submit(self, work: Callable[[Connection], T]) -> T:
        """Run `work`; return its result when its effect is on disk.

        Raises:
            StorageUnavailableError: it did not get its turn in time; nothing was stored.
            ShuttingDownError: the writer is closed.
            Exception: whatever `work` raised, or the commit of its group.
        """
        piece = _Piece(work)
        self._waiting.append(piece)
        if not self._lock.acquire(timeout=ANSWER_WITHIN_S):
            return self._give_up(piece)
        try:
            while not piece.is_done:
                self._write(self._next_group())
        finally:
            self._lock.release()
        if piece.error is not None:
            raise piece.error
        result: T = piece.result
        return result

    def close(self) -> None:
        """Let what runs finish, then refuse the rest and let go of the connection."""
        with self._lock:
            self._is_closed = True
            self._let_go()

    def _give_up(self, piece: _Piece) -> Any:
        """Withdraw a piece that waited too long; if it is being written, wait for its end."""
        try:
            self._waiting.remove(piece)
        except ValueError:
            with self._lock:
                if piece.error is not None:
                    raise piece.error from None
                return piece.result
        raise StorageUnavailableError(retry_after_s=2)

    def _next_group(self) -> list[_Piece]:
        group: list[_Piece] = []
        while self._waiting and len(group) < MAX_GROUP:
            group.append(self._waiting.popleft())
        return group

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
