"""The trend: local calendar buckets and one level each (METHODS section 3)."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal, NotRequired, TypedDict
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from backend.domain.insights.columns import Answers, Ints
from backend.domain.insights.levels import ScoreLevel, hidden_level, level_of
from backend.domain.insights.numbering import numbered
from backend.domain.insights.privacy import suppress
from backend.domain.insights.rows import latest_rows
from backend.domain.insights.wording import HIDE_BELOW

Unit = Literal["day", "week", "month", "quarter"]
UNITS: tuple[Unit, ...] = ("day", "week", "month", "quarter")
DAY_MS = 86_400_000
MONDAY = 3
"""1970-01-01 was a Thursday: three days after a Monday."""
MOST_EMPTY_BUCKETS = 5000


class TrendRow(TypedDict):
    """One bucket. `promoter_share` and `detractor_share` in percent, None when hidden."""

    bucket: str
    running: bool
    level: ScoreLevel
    promoter_share: float | None
    detractor_share: float | None
    versions: NotRequired[list[str]]


def bucket(timestamp: str | datetime, timezone: str, unit: str) -> str:
    """Return the first local date of the bucket that an instant falls in, as YYYY-MM-DD.

    Raises:
        ValueError: unknown unit or time zone, or a timestamp without offset.
    """
    instant = _instant(timestamp)
    local = instant.astimezone(zone(timezone)).date()
    return _first_day(local, _unit(unit)).isoformat()


def local_days(at: Ints, timezone: str) -> Ints:
    """Return the local date of each instant (ms since 1970 UTC) as days since 1970-01-01.

    One look-up a UTC day, and one an instant on the days when the clocks change.

    Raises:
        ValueError: unknown time zone.
    """
    tz = zone(timezone)
    days, place = numbered(at // DAY_MS)
    starts = np.array([_offset_ms(int(day) * DAY_MS, tz) for day in days], np.int64)
    ends = np.array([_offset_ms((int(day) + 1) * DAY_MS - 1, tz) for day in days], np.int64)
    offset = starts[place] if len(days) else np.zeros(0, np.int64)
    for row in np.flatnonzero((starts != ends)[place]) if len(days) else ():
        offset[row] = _offset_ms(int(at[row]), tz)
    local: Ints = (at + offset) // DAY_MS
    return local


def bucket_words(first_day: str, unit: str) -> str:
    """Return a bucket as it is said: "22 November 2026", "October 2026", "Q4 2026"."""
    day = date.fromisoformat(first_day)
    if unit == "quarter":
        return f"Q{(day.month + 2) // 3} {day.year}"
    month = f"{day:%B} {day.year}"
    if unit == "month":
        return month
    return f"Week from {day.day} {month}" if unit == "week" else f"{day.day} {month}"


def bucket_days(days: Ints, unit: str) -> Ints:
    """Return the first day of each local day's bucket, as days since 1970-01-01."""
    if _unit(unit) == "day":
        return days
    if unit == "week":
        firsts: Ints = days - (days + MONDAY) % 7
        return firsts
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    if unit == "quarter":
        months = months - months % 3
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def trend_table(
    answers: Answers, timezone: str, unit: str, now_ms: int, confidence: float = 0.95
) -> list[TrendRow]:
    """Return one row a bucket from the first answer to the last, empty ones included.

    In each bucket the last answer of each user counts. The bucket that holds `now_ms` is
    `running`: drawn hollow and never tested. No row is compared with its neighbour, since
    doing so every month finds a false change within a year four times in ten.
    """
    answers = answers.without_usage()
    firsts = bucket_days(local_days(answers.at, timezone), unit)
    if len(answers) == 0:
        return []
    last = latest_rows(answers, _bucket_and_user(firsts, answers.user))
    answers, firsts = answers.select(last), firsts[last]
    order = np.argsort(firsts, kind="stable")
    answers, firsts = answers.select(order), firsts[order]
    running = int(bucket_days(local_days(np.array([now_ms]), timezone), unit)[0])
    return [_row(answers, firsts, first, running, confidence) for first in _calendar(firsts, unit)]


def hide_small_buckets(rows: list[TrendRow]) -> list[TrendRow]:
    """Blank the buckets that may not be seen by someone who may not see single answers."""
    flags = suppress([row["level"]["n"] or 0 for row in rows])
    return [_hidden(row) if hide else row for row, hide in zip(rows, flags, strict=True)]


def date_of(day: int) -> date:
    """Return the date `day` days after 1970-01-01."""
    return date(1970, 1, 1) + timedelta(days=day)


def zone(name: str) -> tzinfo:
    """Return a time zone by its IANA name; ValueError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("unknown time zone") from error


def _row(answers: Answers, firsts: Ints, first: int, running: int, confidence: float) -> TrendRow:
    start, end = np.searchsorted(firsts, [first, first + 1])
    inside = answers.select(np.arange(start, end))
    n = len(inside)
    shown = n >= HIDE_BELOW
    row: TrendRow = {
        "bucket": date_of(first).isoformat(),
        "running": first == running,
        "level": level_of(inside, confidence),
        "promoter_share": 100 * float((inside.y == 1).mean()) if shown else None,
        "detractor_share": 100 * float((inside.y == -1).mean()) if shown else None,
    }
    version = inside.dimensions.get("survey_version")
    if version is not None and version.labels:
        row["versions"] = [version.labels[code] for code in np.unique(version.codes) if code >= 0]
    return row


def _hidden(row: TrendRow) -> TrendRow:
    return {
        "bucket": row["bucket"],
        "running": row["running"],
        "level": hidden_level(),
        "promoter_share": None,
        "detractor_share": None,
    }


def _calendar(firsts: Ints, unit: str) -> list[int]:
    present = np.unique(firsts)
    days = np.arange(present[0], present[-1] + 1) if present[-1] - present[0] < 200_000 else present
    every = np.unique(bucket_days(days, unit))
    return [int(day) for day in (every if len(every) <= MOST_EMPTY_BUCKETS else present)]


def _bucket_and_user(firsts: Ints, user: Ints) -> Ints:
    _, users = numbered(user)
    keys: Ints = (firsts - firsts.min()) * (int(users.max()) + 1) + users
    return keys


def _first_day(local: date, unit: Unit) -> date:
    if unit == "week":
        return local - timedelta(days=local.weekday())
    if unit == "month":
        return local.replace(day=1)
    if unit == "quarter":
        return local.replace(month=local.month - (local.month - 1) % 3, day=1)
    return local


def _unit(unit: str) -> Unit:
    for known in UNITS:
        if unit == known:
            return known
    raise ValueError("units are day, week, month and quarter")


def _instant(timestamp: str | datetime) -> datetime:
    instant = datetime.fromisoformat(timestamp) if isinstance(timestamp, str) else timestamp
    if instant.tzinfo is None:
        raise ValueError("a timestamp needs its offset from UTC")
    return instant


def _offset_ms(at_ms: int, tz: tzinfo) -> int:
    instant = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(tz)
    offset = instant.utcoffset()
    return 0 if offset is None else int(offset.total_seconds() * 1000)
