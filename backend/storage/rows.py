"""Writes many rows in one statement, on the driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from sqlalchemy import Connection

from backend.storage.fast import to_json

_JSON: Final = "json"


class Rows:
    """One statement for rows of the same columns.

    SQLite gets them one by one. PostgreSQL gets all as one JSON text, with what is JSON already in
    place: an array a column costs the driver ten times as long.

    Args:
        columns: name -> PostgreSQL's type; what is `json` is given as plain values.
        sqlite: takes a row's values as `?1`, `?2`, …
        postgresql: reads the rows from `{given}`, as `given.name`.
    """

    def __init__(self, columns: Mapping[str, str], sqlite: str, postgresql: str) -> None:
        typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        given = f"json_to_recordset(%s::json) AS given ({typed})"
        self._names = tuple(columns)
        self._is_json = tuple(kind == _JSON for kind in columns.values())
        self._sqlite = sqlite
        self._postgresql = postgresql.format(given=given)

    def __call__(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Run it in the connection's transaction; no rows, no statement.

        Raises:
            sqlite3.IntegrityError, psycopg.IntegrityError: a key is taken, or names nothing.
        """
        if not rows:
            return
        driver = cast(Any, connection.connection.dbapi_connection)
        if connection.dialect.name == "sqlite":
            driver.executemany(self._sqlite, map(self._with_texts, rows))
        else:
            driver.execute(self._postgresql, [to_json(list(map(self._named, rows)))])

    def _with_texts(self, row: Sequence[Any]) -> list[Any]:
        pairs = zip(row, self._is_json, strict=True)
        return [to_json(value) if is_json else value for value, is_json in pairs]

    def _named(self, row: Sequence[Any]) -> dict[str, Any]:
        return dict(zip(self._names, map(_plain, row), strict=True))


def adding(table: str, columns: Mapping[str, str]) -> Rows:
    """Return the statement that adds rows to `table`."""
    names = ", ".join(columns)
    marks = ", ".join(f"?{number}" for number in range(1, len(columns) + 1))
    add = f"INSERT INTO {table} ({names})"
    rows = f"{add} SELECT {names} FROM {{given}}"  # noqa: S608 - names of ours
    return Rows(columns, f"{add} VALUES ({marks})", rows)


def _plain(value: Any) -> Any:
    return rf"\x{value.hex()}" if isinstance(value, bytes) else value
