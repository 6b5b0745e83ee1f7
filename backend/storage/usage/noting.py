"""What batches say of one person: their usage rows, and their own row where it changes.

This runs for everybody in every batch, so it is written for few objects and few calls.
"""

from __future__ import annotations

from collections.abc import Sequence
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


def note(
    known: Known, recent_before: bytes, parts: Parts, rows: list[UsageRow]
) -> tuple[int, tuple[Any, ...] | None]:
    """Add one person's rows to `rows`, by day and name.

    Returns:
        Their first instant, and how their own row changes: first and last seen, activity day and
        bits, recent use, key; None when it stays as it is.
    """
    key, _, first_seen, last_seen, _, day, bits, _, _ = known
    recent = recent_before
    use, first, last = _added_up(parts)
    is_new = False
    for (used_day, name_id), (count, engaged_ms, day_ms) in use:
        # Bare tuples in the order of UsageRow: a named one takes three times as long to make.
        rows.append((key, used_day, name_id, count, engaged_ms, day_ms))  # type: ignore[arg-type]
        touched = touch_recent(recent, name_id, used_day)
        if touched is not recent:
            recent, is_new = touched, True
        if used_day > day or not bits >> (day - used_day) & 1:
            day, bits = merge_day(day, bits, used_day)
            is_new = True
    if first < first_seen:
        first_seen, is_new = first, True
    if last >= last_seen + LAST_SEEN_STEP_MS:
        last_seen, is_new = last, True
    if not is_new:
        return first, None
    if len(recent) > len(recent_before) and len(recent) % _TIDY_BYTES == 0:
        recent = drop_old(recent, day)
    return first, (first_seen, last_seen, day, bits, recent, key)


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
