"""What batches say of one person: their usage rows, and their own row where it changes.

This runs for everybody in every batch, so it is written for few objects and few calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from backend.domain.activity import drop_old, merge_day, touch_recent
from backend.domain.rollup import Use
from backend.storage.usage.store import UsageRow

# A person's row is not written for every event: "last seen" is kept to the hour.
LAST_SEEN_STEP_MS: Final = 3_600_000
# How many bytes of recent use are gone through for what is long past.
_TIDY_BYTES: Final = 512

Known = tuple[int, str, int, int, int | None, int, int, Any, int | None]
"""A person's row as the driver gives it: key, user id, first and last seen, last invited,
activity day and bits, recent use or its length, linked to. Instants in ms since 1970."""

Parts = list[tuple[Use, Sequence[int]]]
"""Somebody's use, by batch, each with the ids of that batch's names."""

Used = tuple[int, int, Sequence[tuple[int, int]]]
"""What somebody's own row keeps of their use: first and last instant, and (day, name id)s."""

Active = tuple[int, int, bytes]
"""Activity day and bits, and recent use (`domain/activity.py`)."""


def add_rows(key: int, parts: Parts, rows: list[UsageRow]) -> Used:
    """Add one person's rows to `rows`, by day and name; return what their own row keeps."""
    use, first, last = _added_up(parts)
    for (day, name_id), (count, engaged_ms, day_ms) in use:
        # Bare tuples in the order of UsageRow: a named one takes three times as long to make.
        rows.append((key, day, name_id, count, engaged_ms, day_ms))  # type: ignore[arg-type]
    return first, last, [of_day for of_day, _ in use]


def active_after(before: Active, used: Iterable[tuple[int, int]]) -> Active:
    """Return somebody's activity with (day, name id)s added."""
    day, bits, recent_before = before
    recent = recent_before
    for used_day, name_id in used:
        recent = touch_recent(recent, name_id, used_day)
        if used_day > day or not bits >> (day - used_day) & 1:
            day, bits = merge_day(day, bits, used_day)
    if len(recent) > len(recent_before) and len(recent) % _TIDY_BYTES == 0:
        recent = drop_old(recent, day)
    return day, bits, recent


def changed(
    known: Known, recent_before: bytes, first: int, last: int, active: Active
) -> tuple[Any, ...] | None:
    """Return how the row of somebody changes who was here from `first` to `last`.

    Returns:
        First and last seen, activity day and bits, recent use, key; None when it stays as it is.
    """
    key, _, first_seen, last_seen, _, day, bits, _, _ = known
    is_later = last >= last_seen + LAST_SEEN_STEP_MS
    if first >= first_seen and not is_later and active == (day, bits, recent_before):
        return None
    return min(first, first_seen), last if is_later else last_seen, *active, key


def span(parts: Parts) -> tuple[int, int]:
    """Return when somebody was first and last here."""
    instants = [at for use, _ in parts for *_, at in use]
    return min(instants), max(instants)


def _added_up(
    parts: Parts,
) -> tuple[Sequence[tuple[tuple[int, int], Sequence[int]]], int, int]:
    """Return count, engaged ms and first ms by (day, name id) in order; first and last instant.

    Two names share an id when the dictionary is full: `(other)`.
    """
    if len(parts) == 1 and len(parts[0][0]) == 1:
        ((day, place, engaged_ms, day_ms, at),), ids = parts[0]
        return (((day, ids[place]), (1, engaged_ms, day_ms)),), at, at
    rows: dict[tuple[int, int], list[int]] = {}
    first = last = parts[0][0][0][4]
    for use, ids in parts:
        for day, place, engaged_ms, day_ms, at in use:
            if at < first:
                first = at
            elif at > last:
                last = at
            row = rows.get((day, ids[place]))
            if row is None:
                rows[day, ids[place]] = [1, engaged_ms, day_ms]
                continue
            row[0] += 1
            row[1] += engaged_ms
            if day_ms < row[2]:
                row[2] = day_ms
    return sorted(rows.items()), first, last
