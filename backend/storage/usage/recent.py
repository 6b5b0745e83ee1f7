"""What a batch says of people: when they were here, and what they used lately, in their one row.

A batch reads and writes each person once, in the order of their keys, so that two batches never
wait for each other in a circle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from sqlalchemy import Connection, text

from backend.domain.activity import active_days
from backend.domain.activity_of_many import Activity, Done, merge
from backend.domain.rollup import Rollup
from backend.storage.fast import Sql
from backend.storage.usage import person_rows
from backend.storage.usage.names import NameIds
from backend.storage.usage.noting import Active, Known, Parts, active_after, add_rows, changed, span
from backend.storage.usage.person_rows import BITS, DAY, ID, INVITED, KEY, LINKED_TO, Found
from backend.storage.usage.store import UsageRow

WINDOW_DAYS: Final = 30

Uses = dict[str, Parts]
"""Use by the sender's ids of people."""

# Keys stand first and differ: sorting never looks further.
_Person = tuple[int, Known, bytes, Parts]

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

    `changes` are of people's own rows, as `noting.changed` returns them; `late` has who was invited
    after something that they did, as `_MARK_LATE` takes it.
    """

    rows: list[UsageRow]
    changes: list[Any]
    late: list[Any]

    def add(
        self, known: Known, recent_before: bytes, first_ms: int, last_ms: int, active: Active
    ) -> None:
        """Note what changes of somebody who was here from the first to the last instant."""
        change = changed(known, recent_before, first_ms, last_ms, active)
        if change is not None:
            self.changes.append(change)
        invited_ms = known[INVITED]
        if invited_ms is not None and first_ms <= invited_ms:
            self.late.append((first_ms, known[KEY], known[KEY]))

    def save(self, connection: Connection) -> None:
        """Write it, but for the usage rows, which are a usage store's."""
        if self.changes:
            person_rows.save(connection, self.changes)
        for late in self.late:
            _MARK_LATE(connection, late)


def by_person(
    connection: Connection, project_id: str, rollups: Iterable[Rollup], names: NameIds
) -> tuple[Uses, Uses]:
    """Return what users and what anonymous browsers did in all of `rollups`."""
    users: Uses = defaultdict(list)
    anonymous: Uses = defaultdict(list)
    for rollup in rollups:
        ids = names.numbers(connection, project_id, rollup.names)
        for uses, of_batch in ((users, rollup.users), (anonymous, rollup.anonymous)):
            for person_id, use in of_batch.items():
                uses[person_id].append((use, ids))
    return users, anonymous


def note_all(connection: Connection, project_id: str, users: Uses, anonymous: Uses) -> Noted:
    """Note people's use, who are held until the transaction ends; see `Noted.save`."""
    noted = Noted([], [], [])
    # In the order of the keys, which the rows get from them.
    for key, known, recent, parts in sorted(_people(connection, project_id, users, anonymous)):
        first, last, names = add_rows(key, parts, noted.rows)
        active = active_after((known[DAY], known[BITS], recent), names)
        noted.add(known, recent, first, last, active)
    return noted


def note_done(connection: Connection, done: Done) -> None:
    """Write what people did of whom there are usage rows already; who is gone is left out.

    What a browser did that was linked meanwhile is its user's.
    """
    users = person_rows.users_of(connection, done.keys.tolist())
    if users:
        done = done.under(np.array([users.get(key, key) for key in done.keys.tolist()]))
    found = sorted(person_rows.by_key(connection, done.keys.tolist()))
    own = [each for each in found if each[0][LINKED_TO] in (None, each[0][KEY])]
    if own:
        did = done.only(np.isin(done.keys, [row[KEY] for row, _ in own]))
        _noted(own, did).save(connection)
    if len(own) < len(found):
        # Nobody was held at the first look: these were linked since.
        moved = {row[KEY] for row, _ in found} - {row[KEY] for row, _ in own}
        note_done(connection, done.only(np.isin(done.keys, list(moved))))


def _noted(people: Sequence[Found], done: Done) -> Noted:
    """Return what changes of people, given by key."""
    anchors, bits = (np.array([known[at] for known, _ in people], np.int64) for at in (DAY, BITS))
    active = merge(Activity(anchors, bits, [recent for _, recent in people]), done)
    noted = Noted([], [], [])
    arrays = (done.first_ms, done.last_ms, active.anchors, active.bits)
    columns = zip(people, *(each.tolist() for each in arrays), active.recent, strict=True)
    for (known, before), first, last, day, of_days, recent in columns:
        noted.add(known, before, first, last, (day, of_days, recent))
    return noted


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


def _people(connection: Connection, project_id: str, users: Uses, anonymous: Uses) -> list[_Person]:
    """Return the people with their use; that of a linked browser is its user's."""
    people: list[_Person] = []
    linked: dict[int, Parts] = {}
    for uses, is_anonymous in ((users, False), (anonymous, True)):
        for known, recent in _find_or_add(connection, project_id, uses, is_anonymous):
            key, user = known[KEY], known[LINKED_TO]
            if user is None or user == key:
                people.append((key, known, recent, uses[known[ID]]))
            else:
                linked.setdefault(user, []).extend(uses[known[ID]])
    return _joined(connection, people, linked) if linked else people


def _joined(
    connection: Connection, people: list[_Person], linked: dict[int, Parts]
) -> list[_Person]:
    """Return the people with the use of linked browsers, given by their user's key."""
    both = [
        (key, known, recent, parts + linked.pop(key, [])) for key, known, recent, parts in people
    ]
    others = person_rows.by_key(connection, list(linked))
    return both + [(known[KEY], known, recent, linked[known[KEY]]) for known, recent in others]


def _find_or_add(
    connection: Connection, project_id: str, uses: Uses, is_anonymous: bool
) -> list[Found]:
    if not uses:
        return []
    found = person_rows.by_id(connection, project_id, is_anonymous, list(uses))
    if len(found) < len(uses):
        missing = sorted(uses.keys() - {known[ID] for known, _ in found})
        spans = {each: span(uses[each]) for each in missing}
        person_rows.add(connection, project_id, is_anonymous, spans)
        found += person_rows.by_id(connection, project_id, is_anonymous, missing)
    return found
