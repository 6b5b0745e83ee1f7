"""The answers a question is about: its window, cut to its segment, as far as the asker may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.domain.errors import NotFoundError
from backend.domain.insights.active_use import GROUPS, usage_groups
from backend.domain.insights.columns import Answers, Bools, Labelled, Used
from backend.domain.insights.rows import latest_rows
from backend.services.clock import to_ms, utc_now
from backend.services.insights import coarse
from backend.services.insights.question import NO_SEGMENT, WINDOW_DAYS, Question
from backend.services.insights.windows import Windows
from backend.storage.answers_loaded import Loaded
from backend.storage.models import Account, Project

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
TRAIT: Final = "trait:"
USAGE_GROUP: Final = "usage_group"
CATEGORIES: Final = {"promoter": 1, "passive": 0, "detractor": -1}
LABELLED: Final = ("role", "plan", "page", "language", "version", "device", "survey_version")


@dataclass(frozen=True, slots=True)
class View:
    """What a question is answered from; `coarser` when the segment had to be left away.

    `left_out` is how many answers of the window the project does not count, being unverified;
    None where the asker may not know.
    """

    project_id: str
    question: Question
    timezone: str
    start_ms: int
    end_ms: int
    now: datetime
    loaded: Loaded
    coarser: bool
    left_out: int | None = 0

    @property
    def zone(self) -> ZoneInfo:
        """The project's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def is_segment(self) -> bool:
        """Whether the answers are a part of the window's."""
        return bool(self.question.segment())

    @property
    def answers(self) -> Answers:
        """The answers in the window and the segment, by time."""
        return self.loaded.answers

    @property
    def confidence(self) -> float:
        """The confidence asked for."""
        return self.question.confidence


def look(
    session: Session,
    windows: Windows,
    project_id: str,
    question: Question,
    *,
    by: str | None = None,
    is_fixed: bool = False,
    by_person: bool = False,
    days: int = WINDOW_DAYS,
) -> View:
    """Return the answers that `question` is about, as far as its asker may see (`coarse.py`).

    Args:
        by: a dimension that the answers will be cut by.
        is_fixed: whether those who may not see single answers get the usual window only.
        by_person: whether who answered in two months must be seen to be one person.
        days: how long the window is where its start is not given.
    Raises:
        NotFoundError: there is no such project.
        InvalidRequestError: the window ends before it starts.
    """
    now = utc_now()
    project = session.get(Project, project_id)
    if project is None:
        raise NotFoundError
    zone, asked = ZoneInfo(project.timezone), question
    question.window_ms(zone, now, days)
    if not question.sees_answers:
        question = coarse.widened(question, by, is_fixed=is_fixed)
        question = coarse.whole_months(question, zone, now, days)
    start_ms, end_ms = question.window_ms(zone, now, days)
    loaded = windows.between(session, project_id, start_ms, end_ms)
    left_out: int | None = 0
    if project.excludes_unverified:
        verified = loaded.answers.verified.astype(np.int64)
        left_out = len(verified) - int(verified.sum())
        if not question.sees_answers and not coarse.cells_are_large(
            loaded.answers, verified, project.timezone
        ):
            left_out = None
        loaded = loaded.select(loaded.answers.verified)
    if not question.sees_answers:
        loaded = loaded.select(coarse.of_the_rule(loaded.answers, project.timezone))
        loaded = loaded.select(coarse.in_large_months(loaded.answers, project.timezone))
        if not by_person:
            loaded = replace(loaded, answers=coarse.by_month(loaded.answers, project.timezone))
            loaded = loaded.select(latest_rows(loaded.answers, loaded.answers.user))
        for name in question.segment():
            answers = coarse.joined(loaded.answers, coarse.CUTS[name], project.timezone)
            loaded = replace(loaded, answers=answers)
    if question.trait is not None:
        loaded = with_trait(session, windows, project_id, loaded, question.trait[0])
    rows = _segment(session, project_id, loaded.answers, question)
    if rows is not None and not question.sees_answers and not rows.any():
        # Nobody, or too few: which of them must not be told.
        rows, question = None, replace(question, **NO_SEGMENT)
    if rows is not None:
        loaded = loaded.select(rows)
    is_coarser = question.segment() != asked.segment()
    return View(
        project_id, question, project.timezone, start_ms, end_ms, now, loaded, is_coarser, left_out
    )


def with_trait(
    session: Session, windows: Windows, project_id: str, loaded: Loaded, name: str
) -> Loaded:
    """Return the answers with the trait `name` as a dimension `trait:name`."""
    column = windows.trait(session, project_id, loaded, name)
    named = {**loaded.answers.dimensions, TRAIT + name: column}
    return replace(loaded, answers=replace(loaded.answers, dimensions=named))


def with_usage_group(answers: Answers) -> Answers:
    """Return the answers with the fifth of active use, "1" to "5", as a dimension."""
    column = Labelled(
        usage_groups(answers).astype(np.int32), tuple(str(g + 1) for g in range(GROUPS))
    )
    return replace(answers, dimensions={**answers.dimensions, USAGE_GROUP: column})


def instant(ms: int) -> datetime:
    """Return a window's edge as what releases and versions are found by; none is before 1970."""
    return EPOCH + max(0, ms) * MILLISECOND


def now_ms(view: View) -> int:
    """Return the moment of the question in milliseconds since 1970."""
    return to_ms(view.now)


def _segment(
    session: Session, project_id: str, answers: Answers, question: Question
) -> Bools | None:
    """Say which rows the segment has, None when all."""
    wanted = question.segment()
    rows: Bools | None = None
    for name, value in wanted.items():
        found = _CONDITIONS[name](session, project_id, answers, value)
        rows = found if rows is None else rows & found
    return rows


def _equal(name: str) -> Callable[..., Bools]:
    def rows(session: Session, project_id: str, answers: Answers, value: str) -> Bools:
        return answers.where(name, value)

    return rows


def _uses(of: Callable[[Answers], Used]) -> Callable[..., Bools]:
    def rows(session: Session, project_id: str, answers: Answers, value: str) -> Bools:
        use = of(answers)
        if value not in use.labels:
            return np.zeros(len(answers), np.bool_)
        return use.rows_with(use.labels.index(value))

    return rows


def _of_account(session: Session, project_id: str, answers: Answers, value: str) -> Bools:
    key = session.scalar(
        select(Account.key).where(Account.project_id == project_id, Account.account_id == value)
    )
    if key is None:
        return np.zeros(len(answers), np.bool_)
    found: Bools = answers.account == key
    return found


def _plain(test: Callable[[Answers, Any], Any]) -> Callable[..., Bools]:
    def rows(session: Session, project_id: str, answers: Answers, value: Any) -> Bools:
        found: Bools = test(answers, value)
        return found

    return rows


_CONDITIONS: Final[dict[str, Callable[..., Bools]]] = {
    **{name: _equal(name) for name in LABELLED},
    "survey_id": _equal("survey"),
    "feature": _uses(lambda answers: answers.features),
    "visited": _uses(lambda answers: answers.pages),
    "account_id": _of_account,
    "category": _plain(lambda answers, value: answers.y == CATEGORIES[value]),
    "score_min": _plain(lambda answers, value: answers.score >= value),
    "score_max": _plain(lambda answers, value: answers.score <= value),
    "trait": _plain(lambda answers, value: answers.where(TRAIT + value[0], value[1])),
    "verified": _plain(lambda answers, value: answers.verified == value),
}
