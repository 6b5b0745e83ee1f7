"""A dry run: whom a survey would ask, how many answers to expect, and what keeps it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.domain import eligibility
from backend.domain.eligibility import Evaluation, SurveyRules, Visitor
from backend.domain.gates import GATES
from backend.domain.insights.planning import half_width_of
from backend.domain.timestamps import format_time
from backend.services import dry_run
from backend.services.published import Published, PublishedProject, as_published
from backend.services.scope import one
from backend.storage.models import Survey

AT_MOST: Final = 10_000
DAYS: Final = 30
_GROUPS: Final = ("targeting", "limits")
# What comes of other surveys is judged for as many of them.
_RIVALS: Final = 20


@dataclass(slots=True)
class _Tally:
    """What was counted over the people looked at."""

    people: int = 0
    now: int = 0
    removed: Counter[str] = field(default_factory=Counter)
    only: Counter[str] = field(default_factory=Counter)
    starved: Counter[str] = field(default_factory=Counter)
    by_account: dict[int | None, float] = field(default_factory=dict)


def reach(
    session: Session,
    published: Published,
    project: PublishedProject,
    survey_id: str,
    changes: Mapping[str, Any],
    now: datetime,
    *,
    at_most: int = AT_MOST,
) -> dict[str, Any]:
    """Try a survey on the people seen in the last 90 days, with changes that are not saved.

    Args:
        changes: checked members of the survey, as `PATCH /surveys/{id}` takes them.
        at_most: so many people are looked at, taken evenly; counts are scaled to all.
    Raises:
        NotFoundError: the project has no such survey.
    """
    survey = one(session, Survey, project.id, survey_id)
    tried = as_published(survey, survey.content, unsaved(survey, changes))
    project = published.including(session, project, tried)
    rules = dry_run.as_if_here(project, tried.rules)
    rivals = [
        dry_run.as_if_here(project, each.rules)
        for each in project.surveys.values()
        if each.rules.id != survey_id and each.rules.status == "published"
    ][:_RIVALS]
    tally = _count(session, project, rules, rivals, now, at_most)
    total = dry_run.count_people(session, project.id, now)
    return _told(session, rules, tally, total, now)


def unsaved(survey: Survey, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return changes in the shape of a survey's rules (`published.survey_record`)."""
    rules: dict[str, Any] = {}
    for name, value in changes.items():
        if name in _GROUPS:
            rules |= value
        elif name in ("sampling", "rests"):
            rules[name] = getattr(survey, name) | value
        elif name in ("starts_at", "ends_at"):
            rules[name] = format_time(value)
        elif name == "priority":
            rules[name] = value
    return rules


def _count(
    session: Session,
    project: PublishedProject,
    rules: SurveyRules,
    rivals: list[SurveyRules],
    now: datetime,
    at_most: int,
) -> _Tally:
    connection, tally = session.connection(), _Tally()
    by_account = dry_run.asked_by_account(session, rules, now)
    # The budget counts over the days to come, not by what today happens to hold.
    free = replace(rules, daily_budget=None)
    for user, person in dry_run.people(connection, project, now, at_most):
        account_key = user.account.key if user.account else None
        asked = by_account.get(account_key, 0) if account_key is not None else 0
        met = replace(person, account_asked={rules.id: asked})
        evaluation = eligibility.evaluate(free, met, now)
        tally.people += 1
        tally.now += evaluation.passed
        failed = [gate.gate for gate in evaluation.gates if not gate.passed]
        tally.removed.update(failed)
        if len(failed) == 1:
            tally.only.update(failed)
        tally.starved.update(_starved_by(rules, rivals, met, evaluation, now))
        chance = dry_run.daily_chance(user, person.usage.active_days, now)
        before = tally.by_account.get(account_key, 0.0)
        tally.by_account[account_key] = before + _expected(evaluation, chance, now)
    return tally


def _starved_by(
    rules: SurveyRules,
    rivals: Iterable[SurveyRules],
    person: Visitor,
    evaluation: Evaluation,
    now: datetime,
) -> list[str]:
    """Return the surveys that keep this one from the person: shown instead, or shown last."""
    if evaluation.passed:
        first = (each for each in rivals if eligibility.rank(each) < eligibility.rank(rules))
        passed = (each.id for each in first if eligibility.evaluate(each, person, now).passed)
        return list(passed)[:1]
    failed = [gate.gate for gate in evaluation.gates if not gate.passed]
    if failed != ["rested_after_any"]:
        return []
    pasts = [(past.last_at, each) for each, past in person.history.items() if past.last_at]
    latest = max(pasts, default=(None, rules.id))[1]
    return [] if latest == rules.id else [latest]


def _expected(evaluation: Evaluation, chance: float, now: datetime) -> float:
    """Return the chance that the person is asked within the days looked ahead.

    Who is outside the audience today counts as outside all along: that a rule about use may be
    asked again after midnight says nothing about its answer.
    """
    failed = {gate.gate for gate in evaluation.gates if not gate.passed}
    if evaluation.passed:
        days = float(DAYS)
    elif evaluation.retry_at is not None and "audience_matches" not in failed:
        days = DAYS - (evaluation.retry_at - now) / timedelta(days=1)
    else:
        return 0.0
    return 1 - (1 - chance) ** days if days > 0 else 0.0


def _told(
    session: Session, rules: SurveyRules, tally: _Tally, total: int, now: datetime
) -> dict[str, Any]:
    scale = total / tally.people if tally.people else 0.0
    uncapped = sum(tally.by_account.values()) * scale
    showings = sum(_capped(rules, *each, scale) for each in tally.by_account.items())
    if rules.daily_budget is not None:
        showings = min(showings, rules.daily_budget * DAYS)
    past = dry_run.past(session, rules.id, now - timedelta(days=365), now)
    answers = showings * past.response_rate
    half_width = half_width_of(answers, past.variance)
    query = select(Survey.id, Survey.name).where(Survey.id.in_(list(tally.starved)))
    names = {row.id: row.name for row in session.execute(query)}
    return {
        "people": total,
        "looked_at": tally.people,
        "now": round(tally.now * scale),
        "days": DAYS,
        "showings": showings,
        "showings_per_day": showings / DAYS,
        "showings_without_limits": uncapped,
        "response_rate": past.response_rate,
        "response_rate_lower": past.response_limits[0],
        "response_rate_upper": past.response_limits[1],
        "displays": past.displays,
        "answers": answers,
        "half_width": None if half_width is None else min(100.0, 100 * half_width),
        "removed_by": [
            {
                "gate": gate,
                "people": round(tally.removed[gate] * scale),
                "alone": round(tally.only[gate] * scale),
            }
            for gate, _, _ in GATES
            if tally.removed[gate]
        ],
        "starved_by": [
            {"survey_id": each, "name": names.get(each), "people": round(count * scale)}
            for each, count in tally.starved.most_common()
        ],
    }


def _capped(rules: SurveyRules, account_key: int | None, expected: float, scale: float) -> float:
    cap = rules.account_cap
    if cap is None or account_key is None:
        return expected * scale
    return min(expected * scale, cap.count * max(1.0, DAYS / cap.days))
