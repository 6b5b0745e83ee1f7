"""What those see who may not see single answers: whole months, one segment at a time.

Every number is then a sum over (month, value) groups of five people or more, so that no two
questions differ by fewer. Small values of a month are joined under one label, together with so
many others that the rest does not follow from the total (METHODS, section 7).

Each person's last answer of a month counts, and who answered in two months counts in both: were
the last answer alone to count, two months less both together would be the earlier answers of the
few who came twice.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

import numpy as np

from backend.domain.insights.columns import Answers, Bools, Ints, Labelled
from backend.domain.insights.privacy import SMALLEST_CELL, suppress
from backend.domain.insights.trend import bucket_days, local_days
from backend.services.insights.question import NO_SEGMENT, Question

HIDDEN: Final = "(hidden)"
# What partitions the answers, so that its small values can be joined.
CUTS: Final = {
    **{name: name for name in ("role", "plan", "page", "language", "version", "device")},
    "survey_version": "survey_version",
    "survey_id": "survey",
}
# A value of the first lies in one value of the second: its group must not follow from that one.
WITHIN: Final = {"survey_version": "survey"}
COARSER: Final = (
    "Without the right to see single answers there is one segment at a time, of five people or"
    " more: this is a wider one."
)
_MONTH: Final = timedelta(days=31)


def widened(question: Question, by: str | None, *, is_fixed: bool) -> Question:
    """Return the question with no more than one cut.

    Args:
        by: a dimension that the answers will be cut by.
        is_fixed: whether this insight has neither segments nor windows for such askers.
    """
    segment = question.segment()
    cuts = [name for name in segment if name in CUTS]
    if is_fixed:
        return replace(question, **{**NO_SEGMENT, "since": None, "until": None})
    if by is not None or len(cuts) != 1 or len(segment) > 1:
        return replace(question, **NO_SEGMENT)
    return question


def whole_months(question: Question, zone: tzinfo, now: datetime, days: int) -> Question:
    """Return the question with its window widened to whole months of the project's calendar.

    Raises:
        InvalidRequestError: it ends before it starts.
    """
    start_ms, end_ms = question.window_ms(zone, now, days)
    first = _local(start_ms, zone).replace(day=1)
    if question.until is None:
        return replace(question, since=first)
    last = _local(end_ms - 1, zone)
    # The last month there is has no month after it.
    until = date.max if last >= date(9999, 12, 1) else (last.replace(day=1) + _MONTH).replace(day=1)
    return replace(question, since=first, until=until)


def months_of(answers: Answers, timezone: str) -> Ints:
    """Return the first day of each answer's month, as days since 1970."""
    return bucket_days(local_days(answers.at, timezone), "month")


def in_large_months(answers: Answers, timezone: str) -> Bools:
    """Say which answers are of months in which five people or more answered."""
    months, place = np.unique(months_of(answers, timezone), return_inverse=True)
    return (_people(place, answers.user, len(months)) >= SMALLEST_CELL)[place]


def by_month(answers: Answers, timezone: str) -> Answers:
    """Return the answers with each person as another one in every month."""
    months, month = np.unique(months_of(answers, timezone), return_inverse=True)
    return replace(answers, user=answers.user * max(1, len(months)) + month)


def of_the_rule(answers: Answers, timezone: str) -> Bools:
    """Say which answers stand for their month: those of the sampling rule where five people gave
    some, else those from outside it. A number with weights is then of the same people as one
    without, or of those of whole months.
    """
    months, place = np.unique(months_of(answers, timezone), return_inverse=True)
    counted = answers.weight > 0
    people = _people(place[counted], answers.user[counted], len(months))
    found: Bools = counted == (people >= SMALLEST_CELL)[place]
    return found


def cells_are_large(answers: Answers, codes: Ints, timezone: str) -> bool:
    """Say whether every code of every month is that of five people or of nobody."""
    keys = np.stack([months_of(answers, timezone), codes])
    cells, cell = np.unique(keys, axis=1, return_inverse=True)
    people = _people(cell.reshape(-1), answers.user, cells.shape[1])
    return bool((people >= SMALLEST_CELL).all())


def joined(answers: Answers, name: str, timezone: str) -> Answers:
    """Return the answers with the small values of a dimension joined, month by month."""
    column = answers.dimension(name)
    _, month = np.unique(months_of(answers, timezone), return_inverse=True)
    hidden = _small(answers, column, month)
    if name in WITHIN:
        around = answers.dimension(WITHIN[name])
        of_around = month * (len(around.labels) + 1) + around.codes + 1
        hidden = _small(answers, around, month) | _small(answers, column, of_around)
    codes = np.where(hidden, len(column.labels), column.codes).astype(np.int32)
    labelled = Labelled(codes, (*column.labels, HIDDEN))
    return replace(answers, dimensions={**answers.dimensions, name: labelled})


def _small(answers: Answers, column: Labelled, part: Ints) -> Bools:
    """Say which answers have a value to hide, each part being a partition of its own."""
    width = len(column.labels) + 1
    cells, cell = np.unique(part * width + column.codes + 1, return_inverse=True)
    people = _people(cell, answers.user, len(cells))
    hidden = np.zeros(len(cells), np.bool_)
    for of_part in np.unique(cells // width):
        inside = np.flatnonzero(cells // width == of_part)
        hidden[inside] = suppress(people[inside].tolist())
    return hidden[cell]


def _people(place: Ints, user: Ints, size: int) -> Ints:
    """Return how many different people each place has."""
    people, person = np.unique(user, return_inverse=True)
    pairs = np.unique(place * max(1, len(people)) + person)
    return np.bincount(pairs // max(1, len(people)), minlength=size)


def _local(ms: int, zone: tzinfo) -> date:
    try:
        return (datetime(1970, 1, 1, tzinfo=zone) + timedelta(milliseconds=ms)).date()
    except OverflowError:
        return date.min if ms < 0 else date.max
