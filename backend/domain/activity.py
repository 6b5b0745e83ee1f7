"""Per-user recent activity, packed so that a decision reads it with the user's one row.

`bits`: bit i is set when the user was active on `anchor - i`. `recent`: for each name used lately
its id and last day, as pairs of unsigned 32-bit numbers, little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Final

BITS: Final = 62
RECENT_DAYS: Final = 120
_MASK: Final = (1 << BITS) - 1
_PAIR: Final = 8
_number = struct.Struct("<I").pack
_number_at = struct.Struct("<I").unpack_from


def merge_days(anchor: int, bits: int, days: Iterable[int]) -> tuple[int, int]:
    """Return (anchor, bits) with `days` added; the anchor is the latest active day."""
    for day in days:
        anchor, bits = merge_day(anchor, bits, day)
    return anchor, bits


def merge_day(anchor: int, bits: int, day: int) -> tuple[int, int]:
    """Return (anchor, bits) with one day added."""
    if not bits:
        return day, 1
    if day > anchor:
        shift = day - anchor
        return day, ((bits << shift) & _MASK if shift < BITS else 0) | 1
    return anchor, bits | 1 << (anchor - day) if anchor - day < BITS else bits


def active_days(anchor: int, bits: int, until: int, days: int = 30) -> int:
    """Return how many of the `days` days before `until` (not included) were active.

    `until - days` must lie within the 62 days kept.
    """
    shift = until - 1 - anchor
    window = bits << shift if shift >= 0 else bits >> -shift
    # Python's numbers have no width, so a window far after the anchor is simply zero here.
    return (window & ((1 << days) - 1)).bit_count()


def days_of(anchor: int, bits: int) -> list[int]:
    """Return the active days, oldest first."""
    return [anchor - back for back in range(BITS - 1, -1, -1) if bits >> back & 1]


def pack_recent(last_days: Mapping[int, int]) -> bytes:
    """Return the packed form of name id -> last day, in the order of the ids."""
    flat = [number for pair in sorted(last_days.items()) for number in pair]
    return struct.pack(f"<{len(flat)}I", *flat)


def unpack_recent(packed: bytes) -> dict[int, int]:
    """Return name id -> last day."""
    flat = struct.unpack(f"<{len(packed) // 4}I", packed)
    return dict(zip(flat[::2], flat[1::2], strict=True))


def merge_recent(packed: bytes, used: Mapping[int, int], anchor: int) -> bytes:
    """Return `packed` with `used` (name id -> day) added; what is long past is dropped."""
    for name_id, day in used.items():
        packed = touch_recent(packed, name_id, day)
    return drop_old(packed, anchor)


def touch_recent(packed: bytes, name_id: int, day: int) -> bytes:
    """Return `packed` with `name_id` used on `day`, unless it was later already.

    Searched as bytes: most batches say one or two things of a person, and making a dictionary of
    everything they did for that took most of the time of counting.
    """
    wanted = _number(name_id)
    at = packed.find(wanted)
    while at % _PAIR and at >= 0:
        at = packed.find(wanted, at + 1)
    if at < 0:
        return packed + wanted + _number(day)
    if day <= _number_at(packed, at + 4)[0]:
        return packed
    return packed[: at + 4] + _number(day) + packed[at + 8 :]


def drop_old(packed: bytes, anchor: int) -> bytes:
    """Return `packed` without the names last used more than 120 days before `anchor`."""
    last_days = unpack_recent(packed)
    oldest = anchor - RECENT_DAYS
    if all(day >= oldest for day in last_days.values()):
        return packed
    return pack_recent({name: day for name, day in last_days.items() if day >= oldest})
