"""Whether something lately goes with the answers: a release, or being new (METHODS section 10)."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.orm import Session

from backend.domain.insights.columns import Answers, Bools
from backend.domain.insights.drivers import DriverRow, recency_rows
from backend.domain.insights.levels import ScoreLevel, level_of
from backend.domain.insights.rows import latest
from backend.domain.insights.trend import DAY_MS
from backend.services.clock import to_ms
from backend.services.insights import releases
from backend.services.insights.envelope import Envelope, envelope
from backend.services.insights.question import Question
from backend.services.insights.view import View, instant, look
from backend.services.insights.windows import Windows
from backend.storage import asked

LATELY_MS: Final = 7 * DAY_MS
NEW: Final = "first seen"
ANY: Final = "any release"
MOST_RELEASES: Final = 50


class RecencyRow(DriverRow):
    """One thing that was lately; both levels when it is marked."""

    level_with: ScoreLevel | None
    level_without: ScoreLevel | None


class Recency(Envelope):
    """What was in the 7 days before the answers, each beside the answers without it."""

    rows: list[RecencyRow]


def recency(
    session: Session, windows: Windows, project_id: str, question: Question
) -> dict[str, Any]:
    """Return what of the 7 days before an answer goes with it, at equal active use.

    That is each release of the project (or whatever it marks as such, an incident too), any of
    them, and having been seen for the first time.
    """
    view = look(session, windows, project_id, question)
    answers = latest(view.answers.without_usage().select(view.loaded.profiled))
    flags = _flags(session, view, answers)
    rows = [
        _with_levels(row, answers, flags[row["name"]], view.confidence)
        for row in recency_rows(answers, flags, view.confidence)
    ]
    marked = " ".join(row["sentence"] for row in rows if row["marked"])
    sentence = marked or "Nothing of the 7 days before goes with the answers."
    return {**envelope(view, "recency", sentence, len(answers)), "rows": rows}


def _flags(session: Session, view: View, answers: Answers) -> dict[str, Bools]:
    start_ms = max(0, view.start_ms - LATELY_MS)
    first_seen = asked.new_since(session.connection(), view.project_id, start_ms)
    times = [first_seen.get(user, -LATELY_MS) for user in answers.user.tolist()]
    flags = {NEW: _lately(answers, times)}
    span = instant(start_ms), instant(view.end_ms)
    for release in releases.between(session, view.project_id, *span)[-MOST_RELEASES:]:
        found = _lately(answers, to_ms(release.at))
        flags[ANY] = flags.get(ANY, found) | found
        flags[release.name] = flags.get(release.name, found) | found
    return flags


def _lately(answers: Answers, times: Any) -> Bools:
    """Say which answers were given in the 7 days from a time on, or each from its own."""
    since = answers.at - times
    found: Bools = (since >= 0) & (since < LATELY_MS)
    return found


def _with_levels(
    row: DriverRow, answers: Answers, flag: Bools, confidence: float
) -> dict[str, Any]:
    if not row["marked"]:
        return {**row, "level_with": None, "level_without": None}
    levels = (level_of(answers.select(rows), confidence) for rows in (flag, ~flag))
    return {**row, **dict(zip(("level_with", "level_without"), levels, strict=True))}
