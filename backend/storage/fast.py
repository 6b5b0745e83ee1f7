"""Plain SQL on the driver, for the few statements that every request of a page runs.

SQLAlchemy costs about 30 µs a statement on the machine this was measured on, the driver 2 to 5; a
decision alone runs seven. The text is the same for both databases, with `?` for a parameter; times
are ms since 1970 and JSON is text on the way in (see docs/decisions/hot-path-sql.md).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import msgspec
import psycopg
from sqlalchemy import Connection

from backend.storage.trips import Trip

# What a unique constraint raises on either driver.
DUPLICATES: Final = (sqlite3.IntegrityError, psycopg.errors.UniqueViolation)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Where a connection has the trip that is being gathered.
_TRIP: Final = "zeroten_trip"
_MILLISECOND: Final = timedelta(milliseconds=1)


class Sql:
    """One statement, in the form each driver takes."""

    def __init__(self, text: str, *, postgresql: str = "", postgresql_suffix: str = "") -> None:
        self._sqlite = text
        self._postgresql = postgresql or (text + postgresql_suffix).replace("?", "%s")

    def __call__(self, connection: Connection, parameters: Sequence[Any] = ()) -> Any:
        """Run it in the connection's transaction; return the driver's cursor."""
        if connection.dialect.name == "sqlite":
            driver = cast(Any, connection.connection.dbapi_connection)
            return driver.execute(self._sqlite, parameters)
        return on_postgresql(connection).execute(self._postgresql, parameters)


def on_postgresql(connection: Connection) -> Any:
    """Return what runs statements there: the trip that is being gathered, else the driver."""
    pooled = connection.connection
    return pooled.info.get(_TRIP) or pooled.dbapi_connection


def commit(connection: Connection) -> None:
    """End the transaction with the statements gathered `together` before, saving a round trip.

    SQLite's is the group writer's to end.
    """
    if connection.dialect.name != "sqlite":
        on_postgresql(connection).commit()


@contextmanager
def together(connection: Connection) -> Iterator[None]:
    """Send the block's statements in one round trip where the driver can; none is read in it."""
    if connection.dialect.name == "sqlite":
        yield
        return
    info = connection.connection.info
    trip = info[_TRIP] = Trip(cast(Any, connection.connection.dbapi_connection), info)
    try:
        yield
    finally:
        del info[_TRIP]
    trip.send()


def pg_numbers(values: Iterable[int]) -> str:
    """Return PostgreSQL's text of an array; the driver's own takes ten times as long to make."""
    return f"{{{msgspec.json.encode(list(values))[1:-1].decode()}}}"


def pg_blobs(values: Iterable[bytes]) -> str:
    """Return PostgreSQL's text of an array of bytea."""
    return "{" + ",".join([f'"\\\\x{value.hex()}"' for value in values]) + "}"


def from_ms(value: int | None) -> datetime | None:
    """Return a stored instant."""
    return None if value is None else _EPOCH + value * _MILLISECOND


def to_ms(value: datetime | None) -> int | None:
    """Return an instant as it is stored."""
    return None if value is None else (value - _EPOCH) // _MILLISECOND


def to_json(value: Any) -> str:
    """Return a JSON column's value as it is stored."""
    return msgspec.json.encode(value).decode()


def from_json(value: Any) -> Any:
    """Return a JSON column's value: PostgreSQL's driver has read it already."""
    return msgspec.json.decode(value) if isinstance(value, str) else value
