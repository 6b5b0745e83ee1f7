"""Local days of a project's time zone, fast enough for every event."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

DAY_MS: Final = 86_400_000
_EPOCH: Final = date(1970, 1, 1)
# Every zone's offset has been a multiple of 15 minutes since 1972.
STEP_MS: Final = 900_000


def day_number(day: date) -> int:
    """Return days since 1970-01-01."""
    return (day - _EPOCH).days


def day_date(number: int) -> date:
    """Return the date that is `number` days after 1970-01-01."""
    return date.fromordinal(_EPOCH.toordinal() + number)


@cache
def calendar_of(timezone: str) -> Calendar:
    """Return the one calendar of a time zone: each remembers what it looked up."""
    return Calendar(timezone)


class Calendar:
    """Turns instants into local days of one time zone; remembers each quarter of an hour."""

    def __init__(self, timezone: str) -> None:
        self.zone = ZoneInfo(timezone)
        # By quarter of an hour since 1970; whoever reads it fills gaps with `offset_ms`.
        self.offsets_ms: dict[int, int] = {}

    def day_and_ms(self, instant_ms: int) -> tuple[int, int]:
        """Return the local day's number and the milliseconds since its midnight by the clock."""
        return divmod(instant_ms + self.offset_ms(instant_ms), DAY_MS)

    def offset_ms(self, instant_ms: int) -> int:
        """Return how far local time is ahead of UTC."""
        step = instant_ms // STEP_MS
        offset_ms = self.offsets_ms.get(step)
        return self._look_up(step) if offset_ms is None else offset_ms

    def day(self, instant: datetime) -> int:
        """Return the number of the local day of `instant`."""
        return day_number(instant.astimezone(self.zone).date())

    def _look_up(self, step: int) -> int:
        local = datetime.fromtimestamp(step * STEP_MS / 1000, UTC).astimezone(self.zone)
        offset = local.utcoffset()
        assert offset is not None
        offset_ms = int(offset.total_seconds()) * 1000
        self.offsets_ms[step] = offset_ms
        return offset_ms
