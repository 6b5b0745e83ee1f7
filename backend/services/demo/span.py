"""The days of the demo's world, counted from a Monday so that chance draws the same every day.

Were the world drawn back from today, another one would arise on every weekday and at every hour,
and now and then one in which chance hides what was planted, or marks what was not. So whole
weeks are drawn from the first Monday on, and what lies after now is cut off: only the last few
days differ between two times of seeding.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from backend.domain.calendar import DAY_MS
from backend.services.clock import to_ms
from backend.services.demo.truth import VERSIONS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WEEK: Final = 7
_THURSDAY: Final = 3  # 1970-01-01
# First questions are spread over this share of the world's days, so as not to come all at once.
_SPREAD: Final = 0.4


@dataclass(frozen=True, slots=True)
class Span:
    """`days` days from `first_day`, a Monday, and those up to `today`, at most six more.

    Days are numbered from 1970; `now_ms` is the time of today.
    """

    first_day: int
    days: int
    today: int
    now_ms: int

    @classmethod
    def back_from(cls, now: datetime, days: int) -> Self:
        """Return the span that ends at `now` and holds at least `days` days."""
        today, now_ms = divmod(to_ms(now), DAY_MS)
        earliest = today - days + 1
        return cls(earliest - (earliest + _THURSDAY) % _WEEK, days, today, now_ms)

    @property
    def starts_at(self) -> datetime:
        """The first day's midnight."""
        return _EPOCH + timedelta(days=self.first_day)

    @property
    def drawn_days(self) -> int:
        """Days to draw: whole weeks, the same number whichever weekday today is."""
        return _WEEK * -(-(self.days + _WEEK - 1) // _WEEK)

    @property
    def spread_days(self) -> int:
        """Days over which first questions come."""
        return 1 + int(_SPREAD * (self.days - 1))

    @property
    def releases(self) -> tuple[tuple[str, int], ...]:
        """Each version with the day it went out on, the earliest first."""
        last = self.first_day + self.days - 1
        return tuple((version, last - ago) for version, ago in VERSIONS)
