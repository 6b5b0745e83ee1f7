"""The time of day: the one place that asks the system for it."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return now as aware UTC, to the millisecond, as it is stored."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def to_ms(instant: datetime) -> int:
    """Return milliseconds since 1970."""
    return round(instant.timestamp() * 1000)
