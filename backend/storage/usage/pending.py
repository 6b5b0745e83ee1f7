"""Use that people's own rows do not say yet: a busy server writes it down as it came.

Each event changes the row of its person, and most of them are there again a moment later. While
batches wait for each other, a group of them leaves one row here in place of one for each person;
a job changes each person's row once for all that came meanwhile. Use noted once more changes
nothing there, so what was cut short is simply done again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
import structlog
from sqlalchemy import Connection

from backend.domain.activity_of_many import Done, added_up, gathered
from backend.storage.db import Database
from backend.storage.fast import Sql, pg_numbers, to_json
from backend.storage.usage import recent, removing
from backend.storage.usage.recent import Uses
from backend.storage.usage.store import UsageRow
from backend.storage.usage.user_keys import UserKeys

# People changed in one transaction: others wait for some 10 ms.
PIECE: Final = 1_000
# Read at once: some 200,000 uses.
MOST_BYTES: Final = 8_000_000
# With more groups than that waiting the server does not keep up: new ones change people's rows
# themselves.
MOST_GROUPS: Final = 512

_ADD: Final = Sql("INSERT INTO pending_use (project_id, people, uses) VALUES (?, ?, ?)")
_SPAN: Final = Sql("SELECT max(id) - min(id) FROM pending_use")
_LAST: Final = Sql("SELECT max(id) FROM pending_use")
_READ: Final = Sql("SELECT id, people, uses FROM pending_use WHERE id <= ? ORDER BY id LIMIT 200")
_HOLD: Final = Sql(
    "SELECT id FROM pending_use WHERE id IN (SELECT value FROM json_each(?))",
    postgresql="SELECT id FROM pending_use WHERE id = ANY(%s::bigint[]) FOR KEY SHARE",
)
_DONE: Final = Sql(
    "DELETE FROM pending_use WHERE id IN (SELECT value FROM json_each(?))",
    postgresql="DELETE FROM pending_use WHERE id = ANY(%s::bigint[])",
)
_TAKE: Final = Sql("DELETE FROM pending_use WHERE project_id = ? RETURNING people, uses")

# By person key, first and last instant, number of uses; by use day and name id.
_PEOPLE: Final = "<i8"
_USES: Final = "<u4"

log = structlog.get_logger()


class Later(NamedTuple):
    """What a group of batches says: usage rows by key, and what people did."""

    project_id: str
    rows: list[UsageRow]
    done: Done

    def save(self, connection: Connection) -> None:
        """Write down what is to be noted in people's own rows."""
        people = np.column_stack(self.done[:4]).astype(_PEOPLE)
        uses = np.column_stack(self.done[4:]).astype(_USES)
        _ADD(connection, (self.project_id, people.tobytes(), uses.tobytes()))


def note_later(
    connection: Connection, project_id: str, users: Uses, anonymous: Uses, keys: UserKeys
) -> Later:
    """Note people's use, of whom none is held; removals are held off (`removing.hold_off`)."""
    events: list[int] = []
    for is_anonymous, uses in ((False, users), (True, anonymous)):
        of = keys.of(connection, project_id, is_anonymous, uses)
        for person_id, parts in uses.items():
            key = of[person_id]
            for use, ids in parts:
                for day, place, engaged_ms, day_ms, at in use:
                    events += (key, day, ids[place], engaged_ms, day_ms, at)
    rows, done = added_up(np.array(events, np.int64).reshape(-1, 6))
    # Bare tuples in the order of UsageRow.
    return Later(project_id, list(map(tuple, rows.tolist())), done)  # type: ignore[arg-type]


def is_too_much(connection: Connection) -> bool:
    """Say whether so much waits that no more should."""
    span = _SPAN(connection, ()).fetchone()[0]
    return span is not None and span > MOST_GROUPS


def fold(db: Database) -> int:
    """Note in people's rows what waits by now; return for how many."""
    last = _last(db)
    people = 0
    while waiting := _read(db, last):
        groups, done = waiting
        if not _fold(db, groups, done):
            break
        people += len(done.keys)
    return people


def before_removal(connection: Connection, project_id: str) -> None:
    """Let the caller's transaction remove people of a project; before it holds anybody.

    What waits is noted first, for SQLite may give the key of who is removed to somebody new; a
    `fold` just before leaves little of it.
    """
    removing.begin(connection, project_id)
    done = _gathered(_TAKE(connection, (project_id,)).fetchall())
    for some in done.pieces(PIECE):
        recent.note_done(connection, some)


def drop(connection: Connection, project_id: str) -> None:
    """Let the caller's transaction remove everybody of a project."""
    removing.begin(connection, project_id)
    _TAKE(connection, (project_id,)).fetchall()


def _last(db: Database) -> int:
    with db.read() as session:
        return _LAST(session.connection(), ()).fetchone()[0] or 0


def _read(db: Database, last: int) -> tuple[list[int], Done] | None:
    """Return the oldest groups up to `last`, and what people did in them."""
    groups, bodies, length = [], [], 0
    with db.read() as session:
        rows = _READ(session.connection(), (last,))
        for group, people, uses in rows:
            groups.append(group)
            bodies.append((people, uses))
            length += len(people) + len(uses)
            if length > MOST_BYTES:
                break
        rows.close()
    return (groups, _gathered(bodies)) if groups else None


def _fold(db: Database, groups: Sequence[int], done: Done) -> bool:
    """Note groups in people's rows, some people at a time; False when somebody else did."""
    left = len(done.keys)
    for some in done.pieces(PIECE):
        left -= len(some.keys)

        def work(connection: Connection, some: Done = some, is_last: bool = not left) -> bool:
            ids = _ids(connection, groups)
            # Noted by whoever removes people: some of these keys may be others' by now.
            if len(_HOLD(connection, ids).fetchall()) < len(groups):
                return False
            recent.note_done(connection, some)
            if is_last:
                _DONE(connection, ids)
            return True

        if not db.write(work):
            return False
    return True


def _gathered(bodies: Iterable[tuple[bytes, bytes]]) -> Done:
    """Return what people did in all groups; one that cannot be read is in usage all the same."""
    people, uses = [], []
    for of_people, of_uses in bodies:
        if _is_whole(of_people, of_uses):
            people.append(of_people)
            uses.append(of_uses)
        else:
            log.error("pending-use-unreadable")
    by_person = np.frombuffer(b"".join(people), _PEOPLE).reshape(-1, 4)
    by_use = np.frombuffer(b"".join(uses), _USES).reshape(-1, 2).astype(np.int64)
    return gathered(Done(*by_person.T, *by_use.T))


def _is_whole(people: bytes, uses: bytes) -> bool:
    if len(people) % 32:
        return False
    counts = np.frombuffer(people, _PEOPLE)[3::4]
    return bool((counts > 0).all()) and int(counts.sum()) * 8 == len(uses)


def _ids(connection: Connection, groups: Sequence[int]) -> tuple[str]:
    is_sqlite = connection.dialect.name == "sqlite"
    return (to_json(list(groups)) if is_sqlite else pg_numbers(groups),)
