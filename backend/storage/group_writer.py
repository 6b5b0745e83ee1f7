"""One writer at a time, who commits everything that waits as one transaction.

Many writers on one SQLite file spend their time waiting for its lock. Here callers wait in memory
instead, and an fsync is paid once for all of them (security model, section 8).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

from sqlalchemy import Connection, Engine

from backend.domain.errors import ShuttingDownError
from backend.storage.checkpoints import Checkpoints
from backend.storage.log_sync import LogSync
from backend.storage.turns import Piece, Turns

MAX_GROUP: Final = 64
CLOSE_WITHIN_S: Final = 10.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Between:
    """What runs in no transaction."""

    run: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Told:
    """Work of which somebody is told once it is committed, before it is on disk."""

    run: Callable[[Connection], Any]
    committed: Callable[[], None]

    def __call__(self, connection: Connection) -> Any:
        return self.run(connection)


class GroupWriter:
    """Runs pieces of work one after another, each in a savepoint, commits, then answers all."""

    def __init__(self, engine: Engine, on_rollback: Callable[[], None]) -> None:
        self._engine = engine
        self._on_rollback = on_rollback
        self._turns = Turns(self._write, MAX_GROUP)
        self._checkpoints = Checkpoints(engine, self._between)
        self._log = LogSync()
        self._connection: Connection | None = None
        self._is_closed = False

    def submit(
        self, work: Callable[[Connection], T], *, committed: Callable[[], None] | None = None
    ) -> T:
        """Run `work`; return its result when its effect is on disk.

        Args:
            committed: called when the next transaction may begin, which is sooner.
        Raises:
            StorageUnavailableError: it did not get its turn in time; nothing was stored.
            ShuttingDownError: the writer is closed.
            Exception: whatever `work` raised, or the commit of its group.
        """
        return cast(T, self._turns.submit(_Told(work, committed) if committed else work))

    def close(self) -> None:
        """Let what waits finish, then refuse more and let go of the connection."""
        self._checkpoints.close()
        is_idle = self._turns.finish(CLOSE_WITHIN_S)
        self._is_closed = True
        if is_idle:
            self._let_go()
            self._log.close()

    def _between(self, work: Callable[[Any], T]) -> T:
        """Run `work` on the writer's driver after a group that it waits for, in no transaction."""
        return cast(T, self._turns.submit(_Between(work)))

    def _write(self, group: list[Piece]) -> None:
        """Run and commit a group. Nobody is answered before it is on disk: a 2xx says that."""
        try:
            number = self._commit(group)
        except BaseException as error:
            self._on_rollback()
            self._let_go()
            _tell(group, error)
            return
        # The next group is written during this one's fsync.
        self._turns.pass_on(group)
        for piece in group:
            if isinstance(piece.work, _Told):
                piece.work.committed()
        try:
            self._log.wait(number)
        except BaseException as error:
            _tell(group, error)

    def _commit(self, group: list[Piece]) -> int:
        """Run a group in one transaction; return the number to wait for."""
        if self._is_closed:
            raise ShuttingDownError(retry_after_s=1)
        connection = self._connected()
        driver = _driver(connection)
        self._log.repair(driver)
        writes = [piece for piece in group if not isinstance(piece.work, _Between)]
        for piece in group:
            if isinstance(piece.work, _Between):
                _run_between(driver, piece)
        driver.execute("BEGIN IMMEDIATE")
        for piece in writes:
            self._run(connection, piece)
        driver.execute("COMMIT")
        self._checkpoints.committed(driver)
        return self._log.committed()

    def _run(self, connection: Connection, piece: Piece) -> None:
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
            self._log.open(_driver(self._connection))
        return self._connection

    def _let_go(self) -> None:
        """Throw the connection away: after a fault nobody knows what state it is in."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()


def _tell(group: list[Piece], error: BaseException) -> None:
    """Have all of the group learn of an error, unless they have one of their own."""
    for piece in group:
        piece.error = piece.error or error


def _run_between(driver: Any, piece: Piece) -> None:
    """Run a piece outside the transaction; its failure is its own."""
    try:
        piece.result = piece.work.run(driver)
    except Exception as error:
        piece.error = error


def _driver(connection: Connection) -> Any:
    return connection.connection.dbapi_connection
