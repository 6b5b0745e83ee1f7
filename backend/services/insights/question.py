"""What somebody asks of the answers: which window and segment, how sure, and what they see."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from backend.domain.errors import FieldError, InvalidRequestError

WINDOW_DAYS: Final = 90
NOT_SEGMENTS: Final = ("since", "until", "confidence", "sees_answers")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Question:
    """A window and a segment; None asks for all.

    Args:
        since, until: instants or dates of the project's time zone; `until` is not included.
            Without them: the 90 days up to now.
        feature, visited: a feature or page used in the 30 days before the invitation, while
            `page` is where the question was answered.
        trait: a trait's name and value.
        category: `promoter`, `passive` or `detractor`.
        sees_answers: whether the asker may see single answers; others get cells of five
            people and more.
    """

    since: date | datetime | None = None
    until: date | datetime | None = None
    survey_id: str | None = None
    survey_version: str | None = None
    role: str | None = None
    plan: str | None = None
    page: str | None = None
    language: str | None = None
    version: str | None = None
    device: str | None = None
    feature: str | None = None
    visited: str | None = None
    trait: tuple[str, str] | None = None
    account_id: str | None = None
    category: str | None = None
    score_min: int | None = None
    score_max: int | None = None
    verified: bool | None = None
    confidence: float = 0.95
    sees_answers: bool = False

    def segment(self) -> dict[str, Any]:
        """Return the conditions beside the window, as given."""
        named = {f.name: getattr(self, f.name) for f in fields(self)}
        return {n: v for n, v in named.items() if v is not None and n not in NOT_SEGMENTS}

    def window_ms(self, zone: tzinfo, now: datetime, days: int = WINDOW_DAYS) -> tuple[int, int]:
        """Return the window as milliseconds since 1970, the end not included.

        Args:
            days: how long it is where its start is not given.
        Raises:
            InvalidRequestError: it ends before it starts.
        """
        # An answer of this very millisecond belongs to "now".
        end = _ms(now) + 1 if self.until is None else _instant_ms(self.until, zone)
        start = end - days * 86_400_000
        if self.since is not None:
            start = _instant_ms(self.since, zone)
        if start >= end:
            fault = FieldError("#/query/to", "Must be later than from.")
            raise InvalidRequestError(errors=[fault])
        return start, end


def _instant_ms(value: date | datetime, zone: tzinfo) -> int:
    if isinstance(value, datetime):
        return _ms(value)
    try:
        return _ms(datetime.combine(value, time(), zone))
    except OverflowError:
        # The first and last day there are have no midnight in every zone.
        return _ms(datetime.combine(value, time(), UTC))


def _ms(instant: datetime) -> int:
    return (instant - _EPOCH) // _MS


NO_SEGMENT: Final[dict[str, Any]] = {
    f.name: None for f in fields(Question) if f.name not in NOT_SEGMENTS
}
"""What takes the segment out of a question."""
