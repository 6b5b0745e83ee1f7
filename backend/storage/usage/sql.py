"""Usage rollups in the main database, SQLite or PostgreSQL.

A batch touches one row a person and one row for each (person, day, name), all in the caller's
transaction. Rows are written in the order of their keys, so that two batches never deadlock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, text

from backend.domain import activity
from backend.domain.events import Person, PersonUse, Rollup
from backend.storage.usage.names import NameIds

# A person's row is not written for every event: "last seen" is kept to the hour.
LAST_SEEN_STEP_MS: Final = 3_600_000


class _Known(NamedTuple):
    """The columns of a person that a batch reads; instants in ms."""

    key: int
    user_id: str
    first_seen_at: int
    last_seen_at: int
    last_invited_at: int | None
    activity_day: int
    activity_bits: int
    recent_use: bytes


_KNOWN_COLUMNS = ", ".join(_Known._fields)
_KNOWN = {
    "sqlite": text(
        f"SELECT {_KNOWN_COLUMNS} FROM users WHERE project_id = :project"  # noqa: S608
        " AND is_anonymous = :anonymous AND user_id IN (SELECT value FROM json_each(:ids))"
    ),
    "postgresql": text(
        f"SELECT {_KNOWN_COLUMNS} FROM users WHERE project_id = :project"  # noqa: S608
        " AND is_anonymous = :anonymous AND user_id = ANY(:ids) ORDER BY key FOR UPDATE"
    ),
}
_NEW_PERSON = text(
    "INSERT INTO users (project_id, user_id, is_anonymous, traits, first_seen_at, last_seen_at,"
    " activity_day, activity_bits, recent_use)"
    " VALUES (:project, :user_id, :anonymous, '{}', :first, :last, 0, 0, :recent)"
    " ON CONFLICT (project_id, user_id, is_anonymous) DO NOTHING"
)
_SAVE_PERSON = {
    "sqlite": "UPDATE users SET first_seen_at = ?, last_seen_at = ?, activity_day = ?,"
    " activity_bits = ?, recent_use = ? WHERE key = ?",
    "postgresql": "UPDATE users SET first_seen_at = %s, last_seen_at = %s, activity_day = %s,"
    " activity_bits = %s, recent_use = %s WHERE key = %s",
}
_LATE = text(
    # Also where it is null already: the row may be under the job's lock this very moment.
    "UPDATE responses SET profiled_at = NULL WHERE user_key = :key AND invited_at >= :occurred"
)
_PROFILE = text(
    "SELECT day, name_id FROM usage_days WHERE user_key = :key"
    " AND day >= :first AND (day < :day OR (day = :day AND first_ms <= :ms))"
)
_ROWS = {
    "sqlite": "INSERT INTO usage_days (user_key, day, name_id, count, engaged_ms, first_ms)"
    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (user_key, day, name_id) DO UPDATE SET"
    " count = count + excluded.count, engaged_ms = engaged_ms + excluded.engaged_ms,"
    " first_ms = min(first_ms, excluded.first_ms)",
    "postgresql": "INSERT INTO usage_days AS u (user_key, day, name_id, count, engaged_ms,"
    " first_ms) SELECT * FROM unnest(%s::bigint[], %s::integer[], %s::bigint[], %s::integer[],"
    " %s::bigint[], %s::integer[]) ON CONFLICT (user_key, day, name_id) DO UPDATE SET"
    " count = u.count + excluded.count, engaged_ms = u.engaged_ms + excluded.engaged_ms,"
    " first_ms = least(u.first_ms, excluded.first_ms)",
}


def record(connection: Connection, project_id: str, rollup: Rollup, names: NameIds) -> None:
    """Add `rollup` to the stored usage, in the caller's transaction."""
    if not rollup.rows:
        return
    ids = names.resolve(connection, project_id, {(kind, name) for _, _, kind, name in rollup.rows})
    known = people(connection, project_id, rollup.people)
    _save_people(connection, rollup.people, known, ids)
    _save_rows(connection, rollup, known, ids)
    _mark_late(connection, rollup.people, known)


def people(
    connection: Connection, project_id: str, uses: Mapping[Person, PersonUse]
) -> dict[Person, _Known]:
    """Return the stored people of `uses`, adding those never seen before."""
    known: dict[Person, _Known] = {}
    for anonymous in (False, True):
        wanted = sorted(person.id for person in uses if person.is_anonymous == anonymous)
        if not wanted:
            continue
        found = _find(connection, project_id, anonymous, wanted)
        missing = [user_id for user_id in wanted if Person(user_id, anonymous) not in found]
        if missing:
            _add(connection, project_id, anonymous, missing, uses)
            found |= _find(connection, project_id, anonymous, missing)
        known |= found
    return known


def _find(
    connection: Connection, project_id: str, anonymous: bool, ids: list[str]
) -> dict[Person, _Known]:
    dialect = connection.dialect.name
    parameter: Any = _json_list(ids) if dialect == "sqlite" else ids
    rows = connection.execute(
        _KNOWN[dialect], {"project": project_id, "anonymous": anonymous, "ids": parameter}
    )
    return {Person(row[1], anonymous): _Known(*row) for row in rows}


def _add(
    connection: Connection,
    project_id: str,
    anonymous: bool,
    ids: list[str],
    uses: Mapping[Person, PersonUse],
) -> None:
    connection.execute(
        _NEW_PERSON,
        [
            {
                "project": project_id,
                "user_id": user_id,
                "anonymous": anonymous,
                "first": uses[Person(user_id, anonymous)].first_ms,
                "last": uses[Person(user_id, anonymous)].last_ms,
                "recent": b"",
            }
            for user_id in ids
        ],
    )


def _save_people(
    connection: Connection,
    uses: Mapping[Person, PersonUse],
    known: Mapping[Person, _Known],
    ids: Mapping[tuple[str, str], int],
) -> None:
    changes = []
    for person, use in uses.items():
        old = known[person]
        day, bits = activity.merge_days(old.activity_day, old.activity_bits, use.days)
        used: dict[int, int] = {}
        for name, last_day in use.names.items():
            used[ids[name]] = max(last_day, used.get(ids[name], 0))
        recent = activity.merge_recent(old.recent_use, used, day)
        first_ms = min(old.first_seen_at, use.first_ms)
        last_ms = old.last_seen_at
        if use.last_ms >= last_ms + LAST_SEEN_STEP_MS:
            last_ms = use.last_ms
        new = (first_ms, last_ms, day, bits, recent)
        if new != (
            old.first_seen_at,
            old.last_seen_at,
            old.activity_day,
            old.activity_bits,
            old.recent_use,
        ):
            changes.append((*new, old.key))
    if changes:
        changes.sort(key=lambda change: change[-1])
        connection.exec_driver_sql(_SAVE_PERSON[connection.dialect.name], changes)


def _save_rows(
    connection: Connection,
    rollup: Rollup,
    known: Mapping[Person, _Known],
    ids: Mapping[tuple[str, str], int],
) -> None:
    # Two names may share an id once the dictionary is full: `(other)`. One row then, added up.
    rows: dict[tuple[int, int, int], list[int]] = {}
    for (person, day, kind, name), (count, engaged_ms, first_ms) in rollup.rows.items():
        key = (known[person].key, day, ids[kind, name])
        row = rows.get(key)
        if row is None:
            rows[key] = [count, engaged_ms, first_ms]
        else:
            row[0] += count
            row[1] += engaged_ms
            row[2] = min(row[2], first_ms)
    flat = [(*key, *row) for key, row in sorted(rows.items())]
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_ROWS["sqlite"], flat)
    else:
        columns = tuple(list(column) for column in zip(*flat, strict=True))
        connection.exec_driver_sql(_ROWS["postgresql"], columns)


def _mark_late(
    connection: Connection, uses: Mapping[Person, PersonUse], known: Mapping[Person, _Known]
) -> None:
    """Have the profiles computed again of answers invited after one of these events."""
    late = [
        {"key": known[person].key, "occurred": use.first_ms}
        for person, use in uses.items()
        if (invited := known[person].last_invited_at) is not None and use.first_ms <= invited
    ]
    if late:
        connection.execute(_LATE, late)


def _json_list(ids: list[str]) -> str:
    return json.dumps(ids)


def profile(
    connection: Connection, user_key: int, day: int, ms: int, days: int
) -> tuple[set[int], int]:
    """Return the names a user used in the `days` days before an instant, and the active days.

    Args:
        day: local day of the instant, `ms` its time of day: use later on that day is left out,
            and the day itself does not count as an active day (METHODS, section 9).
    """
    rows = connection.execute(
        _PROFILE, {"key": user_key, "first": day - days, "day": day, "ms": ms}
    ).all()
    return {row.name_id for row in rows}, len({row.day for row in rows if row.day < day})
