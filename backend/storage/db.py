"""The database: how it is opened, read and written.

`write` is the only way to change anything. On SQLite there is one writer at a time, who commits
what waits as a group (`group_writer.py`); on PostgreSQL each write is its own transaction.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import msgspec
import psycopg
import structlog
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from backend.domain.errors import StorageUnavailableError
from backend.storage.checkpoints import LAST_RESORT_PAGES
from backend.storage.group_writer import GroupWriter
from backend.storage.pings import ping_the_idle
from backend.storage.trips import forget_after_rollbacks

BUSY_TIMEOUT_MS: Final = 5_000
# Of a new file. Among many rows nearly each that is written is a page of its own, twice on its way
# to disk (docs/decisions/ingest-cost.md); files that exist keep theirs.
PAGE_BYTES: Final = 2048
# The most SQLite allows: pages are read where the system keeps them. It writes as without.
MAPPED_BYTES: Final = 0x7FFF0000
RETRY_AFTER_S: Final = 2
MAX_TRIES: Final = 6
FIRST_PAUSE_S: Final = 0.01
# serialization_failure and deadlock_detected: the same work may succeed at once. And
# foreign_key_violation: a person was erased since the work looked; it will see that next time.
# And invalid_sql_statement_name: psycopg dropped what a trip had prepared (`trips.py`).
_RETRIED_STATES: Final = {"40001", "40P01", "23503", "26000"}

log = structlog.get_logger()

T = TypeVar("T")

# What may mean that the database is not there. The hot path speaks to the drivers directly, so
# their own errors come up too.
_SUSPECTS: Final = (
    DBAPIError,
    PoolTimeoutError,
    sqlite3.OperationalError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)
# SQLite's own code for a mistake in the statement, which its driver calls operational too.
_SQLITE_ERROR: Final = 1


class Database:
    """One database, SQLite or PostgreSQL, behind the same few calls."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.is_sqlite = url.startswith("sqlite")
        # Counts what admins changed, so that caches of keys and surveys notice at once.
        self.generation = 0
        self.on_rollback: list[Callable[[], None]] = []
        self.engine = (
            _sqlite_engine(url, pool_size) if self.is_sqlite else _pg_engine(url, pool_size)
        )
        self._writer = GroupWriter(self.engine, self._rolled_back) if self.is_sqlite else None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session that sees one state of the database and changes nothing.

        Raises:
            StorageUnavailableError: the database cannot be reached now.
        """
        try:
            with Session(self.engine) as session:
                yield session
                session.rollback()
        except _SUSPECTS as error:
            if not _is_outage(error):
                raise
            raise _unavailable(error) from error

    def write(
        self, work: Callable[[Connection], T], *, committed: Callable[[], None] | None = None
    ) -> T:
        """Run `work` in a transaction and return its result once that is on disk.

        An exception from `work` undoes its changes alone and reaches the caller.

        Args:
            committed: called, on SQLite, when the next write need not wait any more.
        Raises:
            StorageUnavailableError: nothing was stored; the same call may succeed later.
        """
        try:
            if self._writer is not None:
                return self._writer.submit(work, committed=committed)
            return self._write_at_once(work)
        except _SUSPECTS as error:
            if not _is_outage(error):
                raise
            raise _unavailable(error) from error

    def transact(self, work: Callable[[Session], T]) -> T:
        """Like `write`, with an ORM session in place of a connection."""

        def in_session(connection: Connection) -> T:
            with Session(
                bind=connection,
                expire_on_commit=False,
                # The connection's transaction is the writer's to end, not the session's.
                join_transaction_mode="create_savepoint",
            ) as session:
                result = work(session)
                session.commit()
                session.expunge_all()
                return result

        try:
            return self.write(in_session)
        finally:
            self.generation += 1

    def ping(self) -> None:
        """Raise StorageUnavailableError unless the database answers."""
        with self.read() as session:
            session.execute(text("SELECT 1"))

    def close(self) -> None:
        """Finish what waits and let go of every connection."""
        if self._writer is not None:
            self._writer.close()
        self.engine.dispose()

    def _write_at_once(self, work: Callable[[Connection], T]) -> T:
        for tried in range(1, MAX_TRIES + 1):
            try:
                with self.engine.begin() as connection:
                    return work(connection)
            except BaseException as error:
                self._rolled_back()
                if _state(error) not in _RETRIED_STATES or tried == MAX_TRIES:
                    raise
                # Those who blocked each other must not meet again at the same moment.
                time.sleep(random.uniform(0, FIRST_PAUSE_S * 2**tried))  # noqa: S311
        raise AssertionError("the loop above returns or raises")

    def _rolled_back(self) -> None:
        """Tell those who remember what they wrote that it is gone."""
        for forget in self.on_rollback:
            forget()


def _state(error: BaseException) -> str | None:
    """Return the SQLSTATE that PostgreSQL gave, if any."""
    driver_error = error.orig if isinstance(error, DBAPIError) else error
    return getattr(driver_error, "sqlstate", None)


def _is_outage(error: Exception) -> bool:
    """Say whether the database is not there, of the driver's many ways; else it is a mistake."""
    fault = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(fault, sqlite3.OperationalError):
        return getattr(fault, "sqlite_errorcode", 0) & 0xFF != _SQLITE_ERROR
    return isinstance(fault, psycopg.OperationalError | psycopg.InterfaceError | PoolTimeoutError)


def _unavailable(error: Exception) -> StorageUnavailableError:
    """Note an outage in the log; return what callers are told."""
    # The first line alone: what follows may show values, which a log must not hold.
    log.warning(
        "storage-unavailable",
        kind=type(error).__name__,
        state=_state(error),
        reason=str(error).partition("\n")[0][:200],
    )
    return StorageUnavailableError(retry_after_s=RETRY_AFTER_S)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _sqlite_engine(url: str, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        pool_timeout=10,
        json_serializer=_json,
        hide_parameters=True,  # an error's text goes to the log, people's words must not
        json_deserializer=msgspec.json.decode,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself: the "begin" event below does.
        connection.isolation_level = None
        for pragma in (
            f"page_size={PAGE_BYTES}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-65536",
            f"mmap_size={MAPPED_BYTES}",
            # Done beside the writer (`checkpoints.py`); this is what stands behind that.
            f"wal_autocheckpoint={LAST_RESORT_PAGES}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("own_transactions"):
            connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")

    return engine


def _pg_engine(url: str, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=5,
        pool_timeout=10,
        json_serializer=_json,
        hide_parameters=True,  # an error's text goes to the log, people's words must not
        json_deserializer=msgspec.json.decode,
        connect_args={
            "connect_timeout": 5,
            # Whatever the database's own: trips speak it.
            "client_encoding": "utf8",
            # A server that went without a word is given up in 25 s, not in a quarter of an hour.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 25_000,
            "options": "-c statement_timeout=15000 -c timezone=UTC",
        },
    )
    ping_the_idle(engine)
    forget_after_rollbacks(engine)
    return engine
