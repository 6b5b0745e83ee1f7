"""Recent activity of many people at once: `activity.py` in arrays, with the same outcome.

What thousands of people did in a second or two is added to their rows in one go; person by person
that takes four times as long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.domain.activity import BITS, RECENT_DAYS

Ints = NDArray[np.int64]

_MASK: Final = np.uint64((1 << BITS) - 1)
# A use as one number: person, name id (32 bits), day. In this order the latest day of each name
# is the last of its numbers.
_DAY_BITS: Final = 18
_NAME_BITS: Final = 32
# People merged at once.
_MOST: Final = 1 << (63 - _DAY_BITS - _NAME_BITS)


class Done(NamedTuple):
    """What people did.

    `keys`, `first_ms`, `last_ms` and `counts` have one element a person, by key; `days` and
    `names` have the uses of all of them one after another, `counts` of each.
    """

    keys: Ints
    first_ms: Ints
    last_ms: Ints
    counts: Ints
    days: Ints
    names: Ints

    def pieces(self, people: int) -> Iterator[Done]:
        """Yield it for at most so many people at a time; once where there is nobody."""
        at = np.arange(len(self.keys))
        for begin in range(0, max(1, len(at)), people):
            yield self.only((at >= begin) & (at < begin + people))

    def only(self, is_wanted: NDArray[np.bool_]) -> Done:
        """Return the people that are marked, with their uses."""
        of_use = np.repeat(is_wanted, self.counts)
        return Done(
            self.keys[is_wanted],
            self.first_ms[is_wanted],
            self.last_ms[is_wanted],
            self.counts[is_wanted],
            self.days[of_use],
            self.names[of_use],
        )

    def under(self, keys: Ints) -> Done:
        """Return the same done by others: one key for each person, some of them equal."""
        return gathered(self._replace(keys=keys))


class Activity(NamedTuple):
    """People's packed activity, as `activity.py` has it for one."""

    anchors: Ints
    bits: Ints
    recent: Sequence[bytes]


def added_up(events: Ints) -> tuple[Ints, Done]:
    """Return usage rows in the order of their keys, and what people did.

    Args:
        events: one a row: person's key, local day, name id, engaged ms, ms of the day, instant.
    Returns:
        Of each row: person's key, day, name id, count, engaged ms, first ms of the day.
    """
    events = events[np.lexsort((events[:, 2], events[:, 1], events[:, 0]))]
    of_rows = _starts(events[:, :3])
    sums = (
        np.diff(of_rows, append=len(events)),
        np.add.reduceat(events[:, 3], of_rows),
        np.minimum.reduceat(events[:, 4], of_rows),
    )
    rows = np.column_stack((events[of_rows, :3], *sums))
    of_people, of_people_rows = _starts(events[:, :1]), _starts(rows[:, :1])
    done = Done(
        rows[of_people_rows, 0],
        np.minimum.reduceat(events[:, 5], of_people),
        np.maximum.reduceat(events[:, 5], of_people),
        np.diff(of_people_rows, append=len(rows)),
        rows[:, 1],
        rows[:, 2],
    )
    return rows, done


def _starts(columns: Ints) -> Ints:
    """Return where the values of a row differ from those of the row before; the first does."""
    return np.flatnonzero(np.append(True, np.any(columns[1:] != columns[:-1], axis=1)))


def gathered(parts: Done) -> Done:
    """Return what people did in all of `parts`, where they come in any order and repeatedly."""
    if not len(parts.keys):
        return parts
    order = np.argsort(parts.keys, kind="stable")
    keys, starts = np.unique(parts.keys[order], return_index=True)
    by_person = np.argsort(np.repeat(parts.keys, parts.counts), kind="stable")
    return Done(
        keys,
        np.minimum.reduceat(parts.first_ms[order], starts),
        np.maximum.reduceat(parts.last_ms[order], starts),
        np.add.reduceat(parts.counts[order], starts),
        parts.days[by_person],
        parts.names[by_person],
    )


def merge(before: Activity, done: Done) -> Activity:
    """Return the activity with `done` added; everybody did something, in the same order.

    The same once more changes nothing. At most 8,192 people.
    """
    assert len(done.keys) <= _MOST
    starts = np.concatenate(([0], np.cumsum(done.counts)[:-1]))
    latest = np.maximum.reduceat(done.days, starts)
    anchors = np.where(before.bits == 0, latest, np.maximum(before.anchors, latest))
    back = np.repeat(anchors, done.counts) - done.days
    bits = _shifted(before.bits, anchors - before.anchors) | np.bitwise_or.reduceat(
        _shifted(np.ones_like(back), back), starts
    )
    return Activity(anchors, bits.astype(np.int64), _merge_recent(before.recent, done, anchors))


def _shifted(bits: Ints, by: Ints) -> NDArray[np.uint64]:
    """Return bits moved to the past; what is more than 62 days back is gone."""
    kept = np.clip(by, 0, BITS).astype(np.uint64)
    return np.where(by < BITS, (bits.astype(np.uint64) << kept) & _MASK, np.uint64(0))


def _merge_recent(before: Sequence[bytes], done: Done, anchors: Ints) -> list[bytes]:
    """Return each one's latest day by name, without what is long past."""
    pairs = np.frombuffer(b"".join(before), "<u4").reshape(-1, 2).astype(np.int64)
    known = np.repeat(np.arange(len(before)), [len(each) // 8 for each in before])
    new = np.repeat(np.arange(len(before)), done.counts)
    codes = np.concatenate(
        (_code(known, pairs[:, 0], pairs[:, 1]), _code(new, done.names, done.days))
    )
    codes.sort()
    is_latest = np.append(codes[1:] >> _DAY_BITS != codes[:-1] >> _DAY_BITS, True)
    codes = codes[is_latest]
    people = codes >> (_DAY_BITS + _NAME_BITS)
    days = codes & ((1 << _DAY_BITS) - 1)
    is_recent = days >= anchors[people] - RECENT_DAYS
    codes, people, days = codes[is_recent], people[is_recent], days[is_recent]
    names = (codes >> _DAY_BITS) & ((1 << _NAME_BITS) - 1)
    packed = np.column_stack((names, days)).astype("<u4").tobytes()
    ends = np.cumsum(np.bincount(people, minlength=len(before))) * 8
    return [packed[begin:end] for begin, end in pairwise([0, *ends.tolist()])]


def _code(people: Ints, names: Ints, days: Ints) -> Ints:
    return (people << (_DAY_BITS + _NAME_BITS)) | (names << _DAY_BITS) | days
