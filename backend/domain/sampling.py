"""Who is in the sample, from when on, and how large the sample must be.

Sticky: a salted hash of the person's id, never a dice roll. The same person has the
same draw on every page, device and day; only a new salt changes it.

Source: METHODS section 8. MurmurHash3 x86 32 by Austin Appleby (public domain),
https://github.com/aappleby/smhasher. Plain FNV-1a and a modulus were measured and
refused there: neighbouring ids share samples.
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self

from backend.domain.timestamps import format_time, midnight, parse_date, parse_time

SEPARATOR = "\x1f"
MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Sampling:
    """How one survey draws its people.

    Args:
        salt: fixed for the survey's life; another salt is another sample.
        rate: share of people in the sample, 0 to 1, where no segment matches.
        segments: (audience rule, rate); the first rule that matches gives the rate.
        spread_days: first slots are spread over so many days; 0 opens all at once.
        started_on: first UTC date of the slots; None has no slots.
        paced: (from, rate) in rising time, set by pacing instead of `rate`: each holds
            for slots and rests that end from then on. Empty unless a target is set.
    """

    salt: str
    rate: float = 1.0
    segments: tuple[tuple[Mapping[str, Any], float], ...] = ()
    spread_days: int = 0
    started_on: date | None = None
    paced: tuple[tuple[datetime, float], ...] = ()

    @classmethod
    def from_dict(cls, record: Mapping[str, Any], *, default_salt: str = "") -> Self:
        """Read the `sampling` member of a survey's configuration.

        Raises:
            ValueError: a rate outside 0 to 1 (or not a number), or a bad date.
        """
        return cls(
            salt=record.get("salt") or default_salt,
            rate=_rate(record.get("rate", 1.0)),
            segments=tuple((s["when"], _rate(s["rate"])) for s in record.get("segments") or ()),
            spread_days=int(record.get("spread_days") or 0),
            started_on=parse_date(record.get("started_on")),
            paced=tuple(
                sorted((_time(p["from"]), _rate(p["rate"])) for p in record.get("paced") or ())
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration's own shape; `paced` only where it is set."""
        record: dict[str, Any] = {
            "salt": self.salt,
            "rate": self.rate,
            "segments": [{"when": dict(when), "rate": rate} for when, rate in self.segments],
            "spread_days": self.spread_days,
            "started_on": self.started_on.isoformat() if self.started_on else None,
        }
        if self.paced:
            record["paced"] = [{"from": format_time(at), "rate": r} for at, r in self.paced]
        return record


def murmur3(data: bytes) -> int:
    """Return MurmurHash3 x86 32 of `data` with seed 0, as an unsigned 32-bit number."""
    blocks, length, h = len(data) >> 2, len(data), 0
    for k in struct.unpack_from(f"<{blocks}I", data):
        k = k * 0xCC9E2D51 & MASK
        k = (k << 15 | k >> 17) * 0x1B873593 & MASK
        h ^= k
        h = (h << 13 | h >> 19) * 5 + 0xE6546B64 & MASK
    if length & 3:
        k = int.from_bytes(data[blocks << 2 :], "little") * 0xCC9E2D51 & MASK
        h ^= (k << 15 | k >> 17) * 0x1B873593 & MASK
    h ^= length
    h = (h ^ h >> 16) * 0x85EBCA6B & MASK
    h = (h ^ h >> 13) * 0xC2B2AE35 & MASK
    return h ^ h >> 16


def unit_hash(purpose: str, salt: str, user: str) -> float:
    """Return the person's fixed draw in [0, 1) for one purpose of one survey.

    Args:
        purpose: "sample" or "phase"; each gives an independent draw.
        user: any text, taken as UTF-8 without normalisation. Lone surrogates become
            U+FFFD, as a browser's TextEncoder writes them.
    """
    text = f"{purpose}{SEPARATOR}{salt}{SEPARATOR}{user}"
    try:
        data = text.encode()
    except UnicodeEncodeError:
        data = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
    return murmur3(data) / 4294967296


def phase_day(u: float, cycle_days: int) -> int:
    """Return the day of the cycle, 0 to `cycle_days` - 1, that the draw `u` falls on."""
    return math.floor(u * cycle_days)


def first_slot(sampling: Sampling, user: str) -> date | None:
    """Return the UTC date from which the person may be asked for the first time, or None."""
    if sampling.started_on is None:
        return None
    u = unit_hash("phase", sampling.salt, user) if sampling.spread_days else 0.0
    return sampling.started_on + timedelta(days=phase_day(u, sampling.spread_days))


def paced_rate(
    sampling: Sampling, slot: date | None, rested_at: datetime | None, now: datetime
) -> float:
    """Return the rate in force when the person's slot or own rest last ended.

    A slot comes round every `spread_days`, so somebody left out at a low rate is drawn
    again in the next cycle. Without pacing this is `rate` itself.
    """
    if not sampling.paced:
        return sampling.rate
    anchor = max(_latest_slot(sampling, slot, now), rested_at or datetime.min.replace(tzinfo=UTC))
    in_force = sampling.paced[0][1]
    for starts_at, rate in sampling.paced:
        if starts_at <= anchor:
            in_force = rate
    return in_force


def next_draw(
    sampling: Sampling, slot: date | None, rested_at: datetime | None, draw: float, now: datetime
) -> datetime | None:
    """Return when a person's place in the sample is decided next; None: it is, they are in.

    None is what `pacing` calls pending; a time before the end of the period is a future
    starter. Without slots whoever is left out may be drawn at any change: `now`.
    """
    starts = (midnight(slot) if slot else now, rested_at or now)
    opens_at = max(starts)
    if opens_at > now:
        return opens_at
    if draw < paced_rate(sampling, slot, rested_at, now):
        return None
    return now if slot is None else _latest_slot(sampling, slot, now) + _cycle(sampling)


def pacing(
    target: float,
    answers: int,
    displays: int,
    pending: int,
    days_left: float,
    future_starters: float,
) -> dict[str, float | None]:
    """Return the rate that should bring `target` answers by the end of the period.

    Args:
        answers: got so far, from displays older than a day.
        displays: people shown so far, more than a day ago.
        pending: people in the sample whose slot or rest is over, not yet shown.
        days_left: 0 or less when the period is over.
        future_starters: people whose slot or rest ends in the days left, times the
            share expected to visit.
    Returns:
        `response_rate` (two in ten until there is evidence), `displays_needed`,
        `displays_per_day` (None without days), `rate` (1.0 may mean: cannot be met).

    Source: METHODS section 8, `pacing`.
    """
    response_rate = (answers + 2) / (displays + 10)
    needed = max(0.0, max(0.0, target - answers) / response_rate - pending)
    if needed == 0 or days_left <= 0:
        rate = 0.0
    else:
        rate = 1.0 if future_starters == 0 else min(1.0, needed / future_starters)
    return {
        "response_rate": response_rate,
        "displays_needed": needed,
        "displays_per_day": needed / days_left if days_left > 0 else None,
        "rate": rate,
    }


def _latest_slot(sampling: Sampling, slot: date | None, now: datetime) -> datetime:
    if slot is None:
        return now
    first, cycle = midnight(slot), _cycle(sampling)
    return first + max(0, (now - first) // cycle) * cycle


def _cycle(sampling: Sampling) -> timedelta:
    return timedelta(days=max(1, sampling.spread_days))


def _rate(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("a sampling rate is a number from 0 to 1")
    return float(value)


def _time(value: str | datetime) -> datetime:
    at = parse_time(value)
    assert at is not None
    return at
