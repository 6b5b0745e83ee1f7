"""What batches say of one person: their usage rows, and their own row where it changes.

This runs for everybody in every batch, so it is written for few objects and few calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from backend.domain.activity import drop_old, merge_day, touch_recent
from backend.domain.rollup import Use, join
from backend.storage.usage.store import UsageRow

# A person's row is not written for every event: "last seen" is kept to the hour.
LAST_SEEN_STEP_MS: Final = 3_600_000
# How many bytes of recent use are gone through for what is long past.
_TIDY_BYTES: Final = 512

Known = tuple[int, str, int, int, int | None, int, int, bytes, int | None]
"""A person's row as the driver gives it: key, user id, first and last seen, last invited,
activity day and bits, recent use, linked to. Instants in ms since 1970."""

Parts = list[tuple[Use, Sequence[int]]]
"""Somebody's use, by batch, each with the ids of that batch's names."""


def note(known: Known, parts: Parts, rows: list[UsageRow]) -> tuple[int, tuple[Any, ...] | None]:
    """Add one person's rows to `rows`, by day and name.

    Returns:
        Their first instant, and how their own row changes: first and last seen, activity day and
        bits, recent use, key; None when it stays as it is.
    """
    key, _, old_first, old_last, _, old_day, old_bits, old_recent, _ = known
    day, bits, recent = old_day, old_bits, old_recent
    use = _by_name_id(parts)
    first = last = 0
    for (used_day, name_id), (count, engaged_ms, day_ms, first_ms, last_ms) in use:
        # Bare tuples in the order of UsageRow: a named one takes three times as long to make.
        rows.append((key, used_day, name_id, count, engaged_ms, day_ms))  # type: ignore[arg-type]
        if not first or first_ms < first:
            first = first_ms
        if last_ms > last:
            last = last_ms
        recent = touch_recent(recent, name_id, used_day)
        if used_day > day or not bits >> (day - used_day) & 1:
            day, bits = merge_day(day, bits, used_day)
    if len(recent) > len(old_recent) and len(recent) % _TIDY_BYTES == 0:
        recent = drop_old(recent, day)
    new_first = old_first if old_first <= first else first
    new_last = last if last >= old_last + LAST_SEEN_STEP_MS else old_last
    if (
        recent is old_recent
        and bits == old_bits
        and day == old_day
        and new_first == old_first
        and new_last == old_last
    ):
        return first, None
    return first, (new_first, new_last, day, bits, recent, key)


def _by_name_id(parts: Parts) -> list[tuple[tuple[int, int], list[int]]]:
    """Return the rows of all batches by (day, name id), added up, in the order of these."""
    if len(parts) == 1 and len(parts[0][0]) == 1:
        use, ids = parts[0]
        ((day, place), row) = next(iter(use.items()))
        return [((day, ids[place]), row)]
    together: dict[tuple[int, int], list[int]] = {}
    for use, ids in parts:
        for (day, place), row in use.items():
            # Two names share an id when the dictionary is full: `(other)`.
            known = together.get((day, ids[place]))
            if known is None:
                # A copy: the batch is written again when its transaction is repeated.
                together[day, ids[place]] = row.copy()
            else:
                join(known, row)
    return sorted(together.items())
