"""Times as the wire writes them: RFC 3339 with `Z`, aware UTC inside."""

from datetime import UTC, date, datetime, timedelta

DAY = timedelta(days=1)


def parse_time(value: str | datetime | None) -> datetime | None:
    """Return `value` as an aware UTC time; None stays None.

    Raises:
        ValueError: not a time, or a time without an offset: guessing one would
            move somebody's rest by hours.
    """
    if value is None:
        return None
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError("a time needs an offset, such as 2026-11-22T08:00:00Z")
    return at.astimezone(UTC)


def format_time(at: datetime | None) -> str | None:
    """Write an aware time as RFC 3339 in UTC with `Z`, whole to the microsecond."""
    if at is None:
        return None
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return utc.isoformat()[:-6] + "Z"


def parse_date(value: str | date | None) -> date | None:
    """Return a calendar date from `YYYY-MM-DD`; of a date-time, the UTC date."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).date()
    if isinstance(value, str):
        return date.fromisoformat(value)
    return value


def midnight(day: date) -> datetime:
    """Return the first instant of `day` in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def next_midnight(now: datetime) -> datetime:
    """Return the first instant of the UTC day after `now`: daily counters restart there."""
    return midnight(now.astimezone(UTC).date()) + DAY


def parse_instant(value: object) -> datetime | None:
    """Read a date or an RFC 3339 time from somebody else's data; None when it is neither.

    A date is its first instant in UTC. A time without offset is refused, as in `parse_time`.
    """
    if not isinstance(value, str):
        return None
    try:
        return midnight(date.fromisoformat(value)) if len(value) == 10 else parse_time(value)
    except ValueError:
        return None
