"""Reads and writes many rows in one statement, on the driver.

Each statement lets go of the interpreter, and has it back only when other threads let go of it: on
SQLite too, one statement for all rows costs a fraction of one for each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any, Final, cast

from sqlalchemy import Connection

from backend.storage.fast import Sql, on_postgresql, to_json

_JSON: Final = "json"
_BYTES: Final = "bytea"
_MARK: Final = "IN ?"
# Powers of two, so that the driver knows the statements and any number of rows needs few.
_SIZES: Final = tuple(1 << at for at in range(10, -1, -1))


class Among:
    """A query for rows of which one column is among given values, named as `IN ?` at its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._postgresql = Sql(text.replace(_MARK, "= ANY(?)"))

    def __call__(self, connection: Connection, *parameters: Any) -> Any:
        """Run it; the last parameter is the values, of which there is one at least."""
        *others, values = parameters
        if connection.dialect.name != "sqlite":
            return self._postgresql(connection, (*others, list(values)))
        known = list(values)
        # Of few lengths, so that the driver knows the statement: the last value fills up.
        known += known[-1:] * ((1 << (len(known) - 1).bit_length()) - len(known))
        text = _of_length(self._text, len(known))
        return _driver(connection).execute(text, (*others, *known))


class AddRows:
    """The statement that adds rows to a table.

    PostgreSQL gets them as one JSON text, with what is JSON already in place: an array a column
    costs the driver ten times as long.

    Args:
        columns: name -> PostgreSQL's type; what is `json` is given as plain values.
    """

    def __init__(self, table: str, columns: Mapping[str, str]) -> None:
        names = ", ".join(columns)
        add = f"INSERT INTO {table} ({names})"
        self._json = [at for at, kind in enumerate(columns.values()) if kind == _JSON]
        self._sqlite = f"{add} VALUES "
        self._marks = "(" + ", ".join("?" * len(columns)) + ")"
        self._postgresql = f"{add} SELECT {names} FROM {{given}}"  # noqa: S608 - names of ours
        self._given = Given(columns)

    def __call__(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Add the rows in the connection's transaction; no rows, no statement.

        Raises:
            sqlite3.IntegrityError, psycopg.IntegrityError: a key is taken, or names nothing.
        """
        if connection.dialect.name != "sqlite":
            self._given(connection, self._postgresql, rows)
            return
        # Powers of two, so that the driver knows the statement.
        begin = 0
        while left := len(rows) - begin:
            size = 1 << (left.bit_length() - 1)
            some = map(self._with_texts, rows[begin : begin + size])
            text = self._sqlite + ", ".join([self._marks] * size)
            _driver(connection).execute(text, tuple(chain.from_iterable(some)))
            begin += size

    def _with_texts(self, row: Sequence[Any]) -> Sequence[Any]:
        values = list(row)
        for at in self._json:
            values[at] = to_json(values[at])
        return values


class ManyRows:
    """A statement of SQLite for the values of one row, run for many of them at once.

    The interpreter is let go for a whole statement, and other threads go on meanwhile. One row a
    statement takes it back for each, from whoever has it by then.

    Args:
        row: the text of one row's values as it stands in `text`.
    """

    def __init__(self, text: str, row: str) -> None:
        self._texts = [(size, text.replace(row, ", ".join([row] * size))) for size in _SIZES]

    def __call__(self, driver: Any, rows: Sequence[Sequence[Any]]) -> None:
        """Run it in the driver's transaction; no rows, no statement."""
        begin = 0
        for size, text in self._texts:
            while len(rows) - begin >= size:
                end = begin + size
                driver.execute(text, tuple(chain.from_iterable(rows[begin:end])))
                begin = end


class Given:
    """Rows of some columns as PostgreSQL reads them in a statement, in place of `{given}`."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        self._names = tuple(columns)
        self._bytes = [name for name, kind in columns.items() if kind == _BYTES]
        self._source = f"json_to_recordset(%s::json) AS given ({typed})"

    def __call__(self, connection: Connection, text: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run `text` with the rows; no rows, no statement."""
        if rows:
            document = to_json([self._named(row) for row in rows])
            on_postgresql(connection).execute(text.format(given=self._source), (document,))

    def _named(self, row: Sequence[Any]) -> dict[str, Any]:
        named = dict(zip(self._names, row, strict=True))
        for name in self._bytes:
            named[name] = rf"\x{named[name].hex()}"
        return named


@cache
def _of_length(text: str, length: int) -> str:
    return text.replace(_MARK, f"IN ({', '.join('?' * length)})")


def _driver(connection: Connection) -> Any:
    return cast(Any, connection.connection.dbapi_connection)
