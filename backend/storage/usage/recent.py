"""What a batch says of people: when they were here, and what they used lately, in their one row.

A batch reads and writes each person once, in the order of their keys, so that two batches never
wait for each other in a circle. Statements go to the driver as they are: this is the hot path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

import msgspec
from sqlalchemy import Connection, text

from backend.domain.activity import active_days, drop_old, merge_day, touch_recent
from backend.domain.rollup import PersonUse, Rollup
from backend.storage.fast import pg_blobs, pg_numbers
from backend.storage.usage.names import NameIds
from backend.storage.usage.store import UsageRow

# A person's row is not written for every event: "last seen" is kept to the hour.
LAST_SEEN_STEP_MS: Final = 3_600_000
WINDOW_DAYS: Final = 30
# How many bytes of recent use are gone through for what is long past.
_TIDY_BYTES: Final = 512
_KEY: Final = 0
_ID: Final = 1
_INVITED: Final = 4
_LINKED_TO: Final = 8


_Known = tuple[int, str, int, int, int | None, int, int, bytes, int | None]
"""A person's columns below, as the driver gives them; instants in ms."""

_COLUMNS = (
    "key, user_id, first_seen_at, last_seen_at, last_invited_at, activity_day, activity_bits,"
    " recent_use, linked_to"
)
_BY_ID = {
    "sqlite": f"SELECT {_COLUMNS} FROM users WHERE project_id = ? AND is_anonymous = ?"  # noqa: S608
    " AND user_id IN (SELECT value FROM json_each(?))",
    "postgresql": f"SELECT {_COLUMNS} FROM users WHERE project_id = %s AND is_anonymous = %s"  # noqa: S608
    " AND user_id = ANY(ARRAY(SELECT json_array_elements_text(%s::json)))"
    " ORDER BY key FOR NO KEY UPDATE",
}
_BY_KEY = {
    "sqlite": f"SELECT {_COLUMNS} FROM users WHERE key IN (SELECT value FROM json_each(?))",  # noqa: S608
    "postgresql": f"SELECT {_COLUMNS} FROM users WHERE key = ANY(%s::bigint[])"  # noqa: S608
    " ORDER BY key FOR NO KEY UPDATE",
}
_ADD = {
    "sqlite": "INSERT INTO users (project_id, user_id, is_anonymous, traits, first_seen_at,"
    " last_seen_at, activity_day, activity_bits, recent_use)"
    " VALUES (?, ?, ?, '{}', ?, ?, 0, 0, x'')"
    " ON CONFLICT (project_id, user_id, is_anonymous) DO NOTHING",
    "postgresql": "INSERT INTO users (project_id, user_id, is_anonymous, traits, first_seen_at,"
    " last_seen_at, activity_day, activity_bits, recent_use)"
    " VALUES (%s, %s, %s, '{}', %s, %s, 0, 0, '')"
    " ON CONFLICT (project_id, user_id, is_anonymous) DO NOTHING",
}
_SAVE = {
    "sqlite": "UPDATE users SET first_seen_at = ?, last_seen_at = ?, activity_day = ?,"
    " activity_bits = ?, recent_use = ? WHERE key = ?",
    "postgresql": "UPDATE users SET first_seen_at = v.first, last_seen_at = v.last,"
    " activity_day = v.day, activity_bits = v.bits, recent_use = v.recent"
    " FROM unnest(%s::bigint[], %s::bigint[], %s::integer[], %s::bigint[], %s::bytea[],"
    " %s::bigint[]) AS v (first, last, day, bits, recent, key) WHERE users.key = v.key",
}
_BITS = text(
    "SELECT activity_day, activity_bits, count(*) FROM users WHERE project_id = :project"
    " AND activity_bits <> 0 AND (linked_to IS NULL OR linked_to = key)"
    " AND activity_day >= :first GROUP BY activity_day, activity_bits"
)
# Also where it is null already: the row may be under the job's lock this very moment.
_LATE = (
    "UPDATE responses SET profiled_at = NULL WHERE invited_at >= ? AND"
    " (user_key = ? OR user_key IN (SELECT key FROM users WHERE linked_to = ?))"
)


def record(
    connection: Connection, project_id: str, rollup: Rollup, names: NameIds
) -> list[UsageRow]:
    """Note the people of `rollup`; return its rows by their keys, for a usage store to add up."""
    if not rollup.names:
        return []
    ids = names.numbers(connection, project_id, rollup.names)
    rows: list[Any] = []
    changes: list[Any] = []
    late: list[Any] = []
    for known, use in _people(connection, project_id, rollup):
        _note(known, use, ids, rows, changes)
        invited_ms = known[_INVITED]
        if invited_ms is not None and use.first_ms <= invited_ms:
            late.append((use.first_ms, known[_KEY], known[_KEY]))
    _save(connection, changes)
    _mark_late(connection, late)
    rows.sort()
    return rows if len(set(ids)) == len(ids) else _added_up(rows)


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
    connection: Connection, project_id: str, rollup: Rollup
) -> list[tuple[_Known, PersonUse]]:
    """Return the people with their use; that of a linked browser is its user's."""
    people: list[tuple[_Known, PersonUse]] = []
    linked: dict[int, PersonUse] = {}
    for uses, is_anonymous in ((rollup.users, False), (rollup.anonymous, True)):
        for known in _find_or_add(connection, project_id, uses, is_anonymous):
            user = known[_LINKED_TO]
            if user is None or user == known[_KEY]:
                people.append((known, uses[known[_ID]]))
            elif user in linked:
                linked[user] = linked[user].plus(uses[known[_ID]])
            else:
                linked[user] = uses[known[_ID]]
    return _joined(connection, people, linked) if linked else people


def _joined(
    connection: Connection,
    people: list[tuple[_Known, PersonUse]],
    linked: dict[int, PersonUse],
) -> list[tuple[_Known, PersonUse]]:
    """Return the people with the use of linked browsers, given by their user's key."""
    both = [
        (known, use.plus(linked.pop(known[_KEY])) if known[_KEY] in linked else use)
        for known, use in people
    ]
    return both + [(known, linked[known[_KEY]]) for known in _by_key(connection, list(linked))]


def _find_or_add(
    connection: Connection, project_id: str, uses: Mapping[str, PersonUse], is_anonymous: bool
) -> list[_Known]:
    if not uses:
        return []
    found = _by_id(connection, project_id, is_anonymous, list(uses))
    if len(found) < len(uses):
        missing = sorted(uses.keys() - {known[_ID] for known in found})
        rows = [
            (project_id, user_id, is_anonymous, uses[user_id].first_ms, uses[user_id].last_ms)
            for user_id in missing
        ]
        _driver(connection).cursor().executemany(_ADD[connection.dialect.name], rows)
        found += _by_id(connection, project_id, is_anonymous, missing)
    return found


def _by_id(
    connection: Connection, project_id: str, is_anonymous: bool, ids: list[str]
) -> list[_Known]:
    return _fetch(connection, _BY_ID, (project_id, is_anonymous, msgspec.json.encode(ids).decode()))


def _by_key(connection: Connection, keys: list[int]) -> list[_Known]:
    return _fetch(connection, _BY_KEY, (_keys(connection, keys),)) if keys else []


def _fetch(
    connection: Connection, sql: Mapping[str, str], parameters: Sequence[Any]
) -> list[_Known]:
    cursor = _driver(connection).execute(sql[connection.dialect.name], parameters)
    found: list[_Known] = cursor.fetchall()
    return found


def _note(
    known: _Known, use: PersonUse, ids: Sequence[int], rows: list[Any], changes: list[Any]
) -> None:
    """Add one person's rows, and their own row where it changes."""
    key, _, first_seen, last_seen, _, old_day, old_bits, old_recent, _ = known
    day, bits, recent = old_day, old_bits, old_recent
    for (used_day, place), (count, engaged_ms, first_ms) in use.rows.items():
        name_id = ids[place]
        # Plain tuples in the order of UsageRow: a named one takes three times as long to make.
        rows.append((key, used_day, name_id, count, engaged_ms, first_ms))
        recent = touch_recent(recent, name_id, used_day)
        if used_day > day or not bits >> (day - used_day) & 1:
            day, bits = merge_day(day, bits, used_day)
    if len(recent) > len(old_recent) and len(recent) % _TIDY_BYTES == 0:
        recent = drop_old(recent, day)
    first = min(first_seen, use.first_ms)
    last = use.last_ms if use.last_ms >= last_seen + LAST_SEEN_STEP_MS else last_seen
    if (
        recent is not old_recent
        or bits != old_bits
        or day != old_day
        or first != first_seen
        or last != last_seen
    ):
        changes.append((first, last, day, bits, recent, key))


def _save(connection: Connection, changes: list[Sequence[Any]]) -> None:
    if not changes:
        return
    changes.sort(key=lambda change: change[-1])
    driver = _driver(connection)
    if connection.dialect.name == "sqlite":
        driver.executemany(_SAVE["sqlite"], changes)
    else:
        *numbers, recent, keys = zip(*changes, strict=True)
        arrays = [*map(pg_numbers, numbers), pg_blobs(recent), pg_numbers(keys)]
        driver.execute(_SAVE["postgresql"], arrays)


def _mark_late(connection: Connection, late: list[Any]) -> None:
    """Have the profiles computed again of answers invited after one of these events."""
    if late:
        sql = _LATE if connection.dialect.name == "sqlite" else _LATE.replace("?", "%s")
        _driver(connection).cursor().executemany(sql, late)


def _added_up(rows: Iterable[Any]) -> list[UsageRow]:
    """Join rows of one key: two names share an id once the dictionary is full, `(other)`."""
    added: dict[tuple[int, int, int], UsageRow] = {}
    for row in map(UsageRow._make, rows):
        old = added.get(row[:3])
        added[row[:3]] = row if old is None else old.plus(row)
    return list(added.values())


def _keys(connection: Connection, keys: list[int]) -> str:
    is_sqlite = connection.dialect.name == "sqlite"
    return msgspec.json.encode(keys).decode() if is_sqlite else pg_numbers(keys)


def _driver(connection: Connection) -> Any:
    return cast(Any, connection.connection.dbapi_connection)
