"""What is remembered of each invitation in the demo's world, and each person's clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from backend.domain.eligibility import SurveyHistory, Visitor


class Profile(NamedTuple):
    """The use before an invitation: places in NAMES, and the active days with their rank.

    `percentile` and `midrank` are None when nobody had been active before.
    """

    names: tuple[int, ...]
    active_days: int
    percentile: float | None
    midrank: float | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back from one invitation; times are instants, `shown_at` None when it was lost."""

    state: str
    shown_at: datetime | None
    ended_at: datetime
    score: int | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One decision, with its outcome when it was an invitation."""

    user: int
    at: datetime
    visitor: Visitor
    evaluation: dict[str, Any]
    reason: str | None
    profile: Profile
    wave: int
    outcome: Outcome | None


@dataclass(slots=True)
class Past:
    """A person's clocks with the survey as they move on."""

    first_seen_at: datetime
    shown_at: datetime | None = None
    answered_at: datetime | None = None
    declined_at: datetime | None = None
    later_at: datetime | None = None
    last_score: int | None = None
    answers: int = 0
    invited_at: datetime | None = None
    open_until: datetime | None = None

    def history(self) -> SurveyHistory:
        """Return what a decision reads of it."""
        return SurveyHistory(
            shown_at=self.shown_at,
            answered_at=self.answered_at,
            declined_at=self.declined_at,
            later_at=self.later_at,
            last_score=self.last_score,
        )

    def move(self, outcome: Outcome, invited_at: datetime, until: datetime) -> None:
        """Take in what came of an invitation, as `services/respond.py` does."""
        self.invited_at, self.open_until = invited_at, until
        if outcome.shown_at is None:
            return
        self.shown_at = outcome.shown_at
        if outcome.score is not None:
            self.answered_at, self.last_score = outcome.ended_at, outcome.score
            self.answers += 1
        elif outcome.state == "declined":
            self.declined_at = outcome.ended_at
        elif outcome.state == "later":
            self.later_at = outcome.ended_at
        if outcome.state in ("declined", "later", "completed"):
            self.open_until = None
