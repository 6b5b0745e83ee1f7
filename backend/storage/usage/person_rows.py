"""People's own rows as batches read and write them: many at once, straight on the driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import msgspec
from sqlalchemy import Connection

from backend.storage.fast import on_postgresql, pg_blobs, pg_numbers, to_json
from backend.storage.rows import ManyRows
from backend.storage.usage.noting import Known

KEY: Final = 0
ID: Final = 1
INVITED: Final = 4
DAY: Final = 5
BITS: Final = 6
RECENT: Final = 7
LINKED_TO: Final = 8

Found = tuple[Known, bytes]
"""A person's row, and their recent use."""

Span = tuple[int, int]
"""When somebody was first and last here, in ms since 1970."""

_json_rows = msgspec.json.Decoder(
    list[tuple[int, str, int, int, int | None, int, int, int, int | None]]
).decode
_json_keys = msgspec.json.Decoder(list[tuple[str, int, int | None]]).decode

_COLUMNS = (
    "key, user_id, first_seen_at, last_seen_at, last_invited_at, activity_day, activity_bits,"
    " recent_use, linked_to"
)
# One row, for one step of the engine: for each row it gives, the driver takes the interpreter
# back from threads that decode other batches. All recent use comes as one blob behind the JSON,
# which has each one's length: as hex it would be twice as long, and read by the letter.
_AS_JSON = (
    "json_group_array(json_array("
    + _COLUMNS.replace("recent_use", "length(recent_use)")
    + ")), CAST(group_concat(recent_use, '') AS BLOB)"
)
_BY_ID = {
    "sqlite": f"SELECT {_AS_JSON} FROM users WHERE project_id = ? AND is_anonymous = ?"  # noqa: S608
    " AND user_id IN (SELECT value FROM json_each(?))",
    "postgresql": f"SELECT {_COLUMNS} FROM users WHERE project_id = %s AND is_anonymous = %s"  # noqa: S608
    " AND user_id = ANY(ARRAY(SELECT json_array_elements_text(%s::json)))"
    " ORDER BY key FOR NO KEY UPDATE",
}
_BY_KEY = {
    "sqlite": f"SELECT {_AS_JSON} FROM users WHERE key IN (SELECT value FROM json_each(?))",  # noqa: S608
    "postgresql": f"SELECT {_COLUMNS} FROM users WHERE key = ANY(%s::bigint[])"  # noqa: S608
    " ORDER BY key FOR NO KEY UPDATE",
}
_KEYS_BY_ID = {
    "sqlite": "SELECT json_group_array(json_array(user_id, key, linked_to)) FROM users"
    " WHERE project_id = ? AND is_anonymous = ? AND user_id IN (SELECT value FROM json_each(?))",
    "postgresql": "SELECT user_id, key, linked_to FROM users WHERE project_id = %s"
    " AND is_anonymous = %s AND user_id = ANY(ARRAY(SELECT json_array_elements_text(%s::json)))",
}
_USERS = {
    "sqlite": "SELECT key, linked_to FROM users WHERE linked_to <> key"
    " AND key IN (SELECT value FROM json_each(?))",
    "postgresql": "SELECT key, linked_to FROM users WHERE linked_to <> key"
    " AND key = ANY(%s::bigint[])",
}
_NEW = (
    "INSERT INTO users (project_id, user_id, is_anonymous, first_seen_at, last_seen_at, traits,"
    " activity_day, activity_bits, recent_use) {rows}"
    " ON CONFLICT (project_id, user_id, is_anonymous) DO NOTHING"
)
_NEW_ROW = "(?, ?, ?, ?, ?, '{}', 0, 0, x'')"
_add_in_sqlite = ManyRows(_NEW.format(rows=f"VALUES {_NEW_ROW}"), _NEW_ROW)
_ADD_IN_POSTGRESQL = _NEW.format(
    rows="SELECT %s, v.id, %s::boolean, v.first, v.last, '{}', 0, 0, ''"
    " FROM ROWS FROM (json_array_elements_text(%s::json), unnest(%s::bigint[]),"
    " unnest(%s::bigint[])) AS v (id, first, last)"
)
# Every key is there: nothing is ever inserted. As an UPDATE, SQLite would copy many rows to a table
# of their own first, and PostgreSQL may go through everybody to find these.
_SAVE = (
    "INSERT INTO users (first_seen_at, last_seen_at, activity_day, activity_bits, recent_use, key,"
    " project_id, user_id, is_anonymous, traits) {rows} ON CONFLICT (key) DO UPDATE SET"
    " first_seen_at = excluded.first_seen_at, last_seen_at = excluded.last_seen_at,"
    " activity_day = excluded.activity_day, activity_bits = excluded.activity_bits,"
    " recent_use = excluded.recent_use"
)
_ROW = "(?, ?, ?, ?, ?, ?, '', '', 0, '{}')"
_save_in_sqlite = ManyRows(_SAVE.format(rows=f"VALUES {_ROW}"), _ROW)
_SAVE_IN_POSTGRESQL = _SAVE.format(
    rows="SELECT v.*, '', '', false, '{}' FROM unnest(%s::bigint[], %s::bigint[], %s::integer[],"
    " %s::bigint[], %s::bytea[], %s::bigint[]) AS v"
)


def by_id(
    connection: Connection, project_id: str, is_anonymous: bool, ids: Sequence[str]
) -> list[Found]:
    """Return the people that there are, held until the transaction ends."""
    return _fetch(connection, _BY_ID, (project_id, is_anonymous, to_json(ids)))


def users_of(connection: Connection, keys: Sequence[int]) -> dict[int, int]:
    """Return the user's key by that of each browser that was linked; nobody is held."""
    text = _USERS[connection.dialect.name]
    rows: list[tuple[int, int]] = _driver(connection).execute(text, _among(connection, keys))
    return dict(rows)


def by_key(connection: Connection, keys: Sequence[int]) -> list[Found]:
    """Return the people that there are, held until the transaction ends."""
    if not keys:
        return []
    return _fetch(connection, _BY_KEY, _among(connection, keys))


def keys_by_id(
    connection: Connection, project_id: str, is_anonymous: bool, ids: Sequence[str]
) -> dict[str, int]:
    """Return the keys that use is kept under, of the people that there are; nobody is held."""
    driver, parameters = _driver(connection), (project_id, is_anonymous, to_json(ids))
    if connection.dialect.name == "sqlite":
        rows = _json_keys(driver.execute(_KEYS_BY_ID["sqlite"], parameters).fetchone()[0])
    else:
        rows = driver.execute(_KEYS_BY_ID["postgresql"], parameters).fetchall()
    return {user_id: key if user is None else user for user_id, key, user in rows}


def add(
    connection: Connection, project_id: str, is_anonymous: bool, spans: Mapping[str, Span]
) -> None:
    """Add people of these ids, in the order of the ids, but for those that there are."""
    ordered = sorted(spans.items())
    if connection.dialect.name == "sqlite":
        flat = [(project_id, each, is_anonymous, *span) for each, span in ordered]
        _add_in_sqlite(_driver(connection), flat)
    else:
        first, last = map(pg_numbers, zip(*(span for _, span in ordered), strict=True))
        parameters = (project_id, is_anonymous, to_json([each for each, _ in ordered]), first, last)
        _driver(connection).execute(_ADD_IN_POSTGRESQL, parameters)


def save(connection: Connection, changes: Sequence[Sequence[Any]]) -> None:
    """Write changes of people's rows, each as `noting.changed` returns it."""
    if connection.dialect.name == "sqlite":
        _save_in_sqlite(_driver(connection), changes)
    else:
        *numbers, recent, keys = zip(*changes, strict=True)
        arrays = [*map(pg_numbers, numbers), pg_blobs(recent), pg_numbers(keys)]
        on_postgresql(connection).execute(_SAVE_IN_POSTGRESQL, arrays)


def _fetch(
    connection: Connection, sql: Mapping[str, str], parameters: Sequence[Any]
) -> list[Found]:
    driver = _driver(connection)
    if connection.dialect.name == "sqlite":
        return _cut(*driver.execute(sql["sqlite"], parameters).fetchone())
    # As text, each byte of recent use would be written and read as two digits.
    rows = driver.execute(sql["postgresql"], parameters, binary=True).fetchall()
    return [(row, row[RECENT]) for row in rows]


def _cut(document: str, blob: bytes | None) -> list[Found]:
    """Return the rows of `_AS_JSON`, each with its part of the blob."""
    found: list[Found] = []
    begin = 0
    for row in _json_rows(document):
        end = begin + row[RECENT]
        found.append((row, blob[begin:end] if blob else b""))
        begin = end
    return found


def _among(connection: Connection, keys: Sequence[int]) -> tuple[str]:
    is_sqlite = connection.dialect.name == "sqlite"
    return (to_json(keys) if is_sqlite else pg_numbers(keys),)


def _driver(connection: Connection) -> Any:
    return cast(Any, connection.connection.dbapi_connection)
