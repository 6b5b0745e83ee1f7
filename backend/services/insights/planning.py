"""How many answers are needed, how long they take, and what change could be seen."""

from __future__ import annotations

import math
from typing import Any, Final

from sqlalchemy.orm import Session

from backend.domain.insights.levels import level_of
from backend.domain.insights.planning import (
    answer_variance,
    minimum_detectable_change,
    n_for_half_width,
    required_n_per_group,
)
from backend.domain.insights.rows import counts_of, latest
from backend.services.insights import few
from backend.services.insights.envelope import Envelope, envelope
from backend.services.insights.question import Question
from backend.services.insights.view import look
from backend.services.insights.windows import Windows

DAY_MS: Final = 86_400_000


class Plan(Envelope):
    """Answers needed, with the design effect of this window; points and days.

    `detectable_change` is what an equally long next window would find 4 times in 5.
    """

    answers_per_day: float
    variance: float
    design_effect: float
    change: float
    power: float
    answers_per_group: int
    days_per_group: float | None
    half_width: float
    answers_for_half_width: int
    days_for_half_width: float | None
    detectable_change: float | None


def plan(
    session: Session,
    windows: Windows,
    project_id: str,
    question: Question,
    *,
    change: float,
    half_width: float,
    power: float,
) -> dict[str, Any]:
    """Return what it takes to see a change, or to know the NPS this well; both in points."""
    view = look(session, windows, project_id, question, is_fixed=True)
    answers = latest(view.answers.without_usage())
    n = len(answers)
    variance = answer_variance(*counts_of(answers.y))
    if not question.sees_answers:
        variance = few.told_variance(variance)
    effect = _design_effect(n, level_of(answers, view.confidence)["n_eff"])
    now = min(view.end_ms, int(view.now.timestamp() * 1000))
    first = int(view.answers.at[0]) if n else now
    days = max(1.0, (now - max(view.start_ms, first)) / DAY_MS)
    per_day = n / days
    per_group = math.ceil(
        effect * required_n_per_group(change / 100, variance, view.confidence, power)
    )
    for_width = math.ceil(effect * n_for_half_width(half_width / 100, variance, view.confidence))
    seen = minimum_detectable_change(
        math.floor(n / effect), math.floor(n / effect), variance, variance, view.confidence, power
    )
    return {
        **envelope(view, "planning", _sentence(change, per_group, per_day), n),
        "answers_per_day": per_day,
        "variance": variance,
        "design_effect": effect,
        "change": change,
        "power": power,
        "answers_per_group": per_group,
        "days_per_group": per_group / per_day if per_day else None,
        "half_width": half_width,
        "answers_for_half_width": for_width,
        "days_for_half_width": for_width / per_day if per_day else None,
        "detectable_change": None if seen is None else min(200.0, 100 * seen),
    }


def _design_effect(n: int, n_eff: float | None) -> float:
    """Return n / n_eff; 1 while there is too little to tell."""
    return max(1.0, n / n_eff) if n_eff else 1.0


def _sentence(change: float, per_group: int, per_day: float) -> str:
    text = f"To see a change of {change:g} points, {per_group:,} answers are needed on each side"
    if not per_day:
        return text + "."
    return f"{text}: about {math.ceil(per_group / per_day):,} days at today's pace."
