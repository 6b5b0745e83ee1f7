"""What a batch says of people: when they were here, and what they used lately, in their one row.

A batch reads and writes each person once, in the order of their keys, so that two batches never
wait for each other in a circle. Statements go to the driver as they are: this is the hot path.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

import msgspec
from sqlalchemy import Connection, text

from backend.domain.activity import active_days
from backend.domain.rollup import Rollup
from backend.storage.fast import Sql, on_postgresql, pg_blobs, pg_numbers, to_json
from backend.storage.rows import ManyRows
from backend.storage.usage.names import NameIds
from backend.storage.usage.noting import Known, Parts, note
from backend.storage.usage.store import UsageRow

WINDOW_DAYS: Final = 30
_KEY: Final = 0
_ID: Final = 1
_INVITED: Final = 4
_RECENT: Final = 7
_LINKED_TO: Final = 8

_json_rows = msgspec.json.Decoder(
    list[tuple[int, str, int, int, int | None, int, int, int, int | None]]
).decode
_Uses = dict[str, Parts]
# Keys stand first and differ: sorting never looks further.
_Found = tuple[Known, bytes]
_Person = tuple[int, Known, bytes, Parts]

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
_BITS = text(
    "SELECT activity_day, activity_bits, count(*) FROM users WHERE project_id = :project"
    " AND activity_bits <> 0 AND (linked_to IS NULL OR linked_to = key)"
    " AND activity_day >= :first GROUP BY activity_day, activity_bits"
)
# Also where it is null already: the row may be under the job's lock this very moment.
_MARK_LATE = Sql(
    "UPDATE responses SET profiled_at = NULL WHERE invited_at >= ? AND"
    " (user_key = ? OR user_key IN (SELECT key FROM users WHERE linked_to = ?))"
)


class Noted(NamedTuple):
    """What rollups say: usage rows by key, and what is to be saved with them.

    `changes` are of people's own rows, as `note` gives them; `late` has who was invited after
    something that they did, as `_MARK_LATE` takes it.
    """

    rows: list[UsageRow]
    changes: list[Any]
    late: list[Any]


def note_all(
    connection: Connection, project_id: str, rollups: Iterable[Rollup], names: NameIds
) -> Noted:
    """Note the people of `rollups`, who are held until the transaction ends; see `save`."""
    users: _Uses = defaultdict(list)
    anonymous: _Uses = defaultdict(list)
    count = 0
    for rollup in rollups:
        count += len(rollup.names)
        ids = names.numbers(connection, project_id, rollup.names)
        for uses, of_batch in ((users, rollup.users), (anonymous, rollup.anonymous)):
            for person_id, use in of_batch.items():
                uses[person_id].append((use, ids))
    noted = Noted([], [], [])
    if not count:
        return noted
    # In the order of the keys, which the rows get from them.
    for key, known, recent, parts in sorted(_people(connection, project_id, users, anonymous)):
        first_ms, change = note(known, recent, parts, noted.rows)
        if change is not None:
            noted.changes.append(change)
        invited_ms = known[_INVITED]
        if invited_ms is not None and first_ms <= invited_ms:
            noted.late.append((first_ms, key, key))
    return noted


def save(connection: Connection, noted: Noted) -> None:
    """Write what was noted, but for the usage rows, which are a usage store's."""
    if noted.changes:
        _save_people(connection, noted.changes)
    for late in noted.late:
        _MARK_LATE(connection, late)


def active_use(connection: Connection, project_id: str, day: int) -> list[int]:
    """Return how many users had 1, 2, … 30 active days in the 30 days before `day`.

    Read from the bits in the users' rows: no usage row is looked at, whichever store has them.
    """
    rows = connection.execute(_BITS, {"project": project_id, "first": day - WINDOW_DAYS})
    counts = [0] * WINDOW_DAYS
    for anchor, bits, users in rows:
        active = active_days(anchor, bits, day, WINDOW_DAYS)
        if active:
            counts[active - 1] += users
    return counts


def _people(
    connection: Connection, project_id: str, users: _Uses, anonymous: _Uses
) -> list[_Person]:
    """Return the people with their use; that of a linked browser is its user's."""
    people: list[_Person] = []
    linked: dict[int, Parts] = {}
    for uses, is_anonymous in ((users, False), (anonymous, True)):
        for known, recent in _find_or_add(connection, project_id, uses, is_anonymous):
            key, user = known[_KEY], known[_LINKED_TO]
            if user is None or user == key:
                people.append((key, known, recent, uses[known[_ID]]))
            else:
                linked.setdefault(user, []).extend(uses[known[_ID]])
    return _joined(connection, people, linked) if linked else people


def _joined(
    connection: Connection, people: list[_Person], linked: dict[int, Parts]
) -> list[_Person]:
    """Return the people with the use of linked browsers, given by their user's key."""
    both = [
        (key, known, recent, parts + linked.pop(key, [])) for key, known, recent, parts in people
    ]
    others = _by_key(connection, list(linked))
    return both + [(known[_KEY], known, recent, linked[known[_KEY]]) for known, recent in others]


def _find_or_add(
    connection: Connection, project_id: str, uses: _Uses, is_anonymous: bool
) -> list[_Found]:
    if not uses:
        return []
    found = _by_id(connection, project_id, is_anonymous, list(uses))
    if len(found) < len(uses):
        missing = sorted(uses.keys() - {known[_ID] for known, _ in found})
        _add(connection, project_id, is_anonymous, {each: uses[each] for each in missing})
        found += _by_id(connection, project_id, is_anonymous, missing)
    return found


def _add(connection: Connection, project_id: str, is_anonymous: bool, uses: _Uses) -> None:
    spans = [_span(parts) for parts in uses.values()]
    if connection.dialect.name == "sqlite":
        rows = zip(uses, spans, strict=True)
        flat = [(project_id, each, is_anonymous, *span) for each, span in rows]
        _add_in_sqlite(_driver(connection), flat)
    else:
        first, last = map(pg_numbers, zip(*spans, strict=True))
        parameters = (project_id, is_anonymous, to_json(list(uses)), first, last)
        _driver(connection).execute(_ADD_IN_POSTGRESQL, parameters)


def _span(parts: Parts) -> tuple[int, int]:
    """Return when somebody was first and last here."""
    instants = [at for use, _ in parts for *_, at in use]
    return min(instants), max(instants)


def _by_id(
    connection: Connection, project_id: str, is_anonymous: bool, ids: list[str]
) -> list[_Found]:
    return _fetch(connection, _BY_ID, (project_id, is_anonymous, msgspec.json.encode(ids).decode()))


def _by_key(connection: Connection, keys: list[int]) -> list[_Found]:
    return _fetch(connection, _BY_KEY, (_keys(connection, keys),)) if keys else []


def _fetch(
    connection: Connection, sql: Mapping[str, str], parameters: Sequence[Any]
) -> list[_Found]:
    driver = _driver(connection)
    if connection.dialect.name == "sqlite":
        return _cut(*driver.execute(sql["sqlite"], parameters).fetchone())
    # As text, each byte of recent use would be written and read as two digits.
    rows = driver.execute(sql["postgresql"], parameters, binary=True).fetchall()
    return [(row, row[_RECENT]) for row in rows]


def _cut(document: str, blob: bytes | None) -> list[_Found]:
    """Return the rows of `_AS_JSON`, each with its part of the blob."""
    found: list[_Found] = []
    begin = 0
    for row in _json_rows(document):
        end = begin + row[_RECENT]
        found.append((row, blob[begin:end] if blob else b""))
        begin = end
    return found


def _save_people(connection: Connection, changes: list[Sequence[Any]]) -> None:
    if connection.dialect.name == "sqlite":
        _save_in_sqlite(_driver(connection), changes)
    else:
        *numbers, recent, keys = zip(*changes, strict=True)
        arrays = [*map(pg_numbers, numbers), pg_blobs(recent), pg_numbers(keys)]
        on_postgresql(connection).execute(_SAVE_IN_POSTGRESQL, arrays)


def _keys(connection: Connection, keys: list[int]) -> str:
    is_sqlite = connection.dialect.name == "sqlite"
    return msgspec.json.encode(keys).decode() if is_sqlite else pg_numbers(keys)


def _driver(connection: Connection) -> Any:
    return cast(Any, connection.connection.dbapi_connection)
