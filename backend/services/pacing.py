"""Sets the rate of surveys with a target number of answers, once a week (METHODS section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.domain import audience, eligibility
from backend.domain.calendar import day_date, day_number
from backend.domain.sampling import pacing
from backend.domain.timestamps import format_time, midnight, parse_time
from backend.services import audit, dry_run
from backend.services.clock import utc_now
from backend.services.published import Published, PublishedProject, PublishedSurvey
from backend.services.scope import one
from backend.storage.db import Database
from backend.storage.models import Survey, SurveyDay
from backend.storage.usage.store import UsageStore

EVERY: Final = timedelta(days=7)
# Of people whose slot or rest ends in the days left, so many come by before the end: what the
# simulation (bench/simulate_pacing.py) reached its targets with.
EXPECTED_TO_VISIT: Final = 0.8
AT_MOST: Final = 20_000
ACTOR: Final = "pacing"


@dataclass(frozen=True, slots=True)
class Period:
    """From when until when a target counts answers."""

    begins_at: datetime
    ends_at: datetime


def run(db: Database, _usage: UsageStore) -> int:
    """Set the rate of every published survey that is due; return how many."""
    return pace(db, utc_now())


def pace(db: Database, now: datetime) -> int:
    """Set the rate of every published survey that is due at `now`; return how many."""
    published = Published(db)
    with db.read() as session:
        due = [
            (survey.project_id, survey.id)
            for survey in session.scalars(select(Survey).where(Survey.status == "published"))
            if is_due(survey.limits, survey.sampling, now)
        ]
    return sum(_pace(db, published, *each, now) for each in due)


def is_due(limits: Mapping[str, Any], sampling: Mapping[str, Any], now: datetime) -> bool:
    """Say whether a target is set and its last rate is a week old; the first is set at once."""
    if not limits.get("target"):
        return False
    paced = [parse_time(each["from"]) for each in sampling.get("paced") or ()]
    return not paced or now >= (paced[-1] or now) + EVERY


def period(target: Mapping[str, Any], now: datetime) -> Period:
    """Return the period of a target that `now` lies in.

    With `by` it is the time from when the target was set to the end of that day; with
    `period_days` one such time follows another.
    """
    since = midnight(date.fromisoformat(target["since"]))
    if target.get("by") is not None:
        return Period(since, midnight(date.fromisoformat(target["by"])) + timedelta(days=1))
    length = timedelta(days=target["period_days"])
    begins_at = since + max(0, (now - since) // length) * length
    return Period(begins_at, begins_at + length)


def settled(
    changes: Mapping[str, Any],
    limits: Mapping[str, Any],
    sampling: Mapping[str, Any],
    today: date,
) -> dict[str, Any]:
    """Return an admin's changes with what they mean for pacing.

    A new target counts from today, and pacing begins anew with it. A rate that an admin sets
    holds at once, for everybody: what pacing set before is dropped, and it goes on from the next
    week if the target stays.

    Args:
        limits, sampling: as they are stored.
    """
    settled = dict(changes)
    target = changes.get("limits", {}).get("target")
    if target is not None:
        old = limits.get("target") or {}
        is_same = target == {name: value for name, value in old.items() if name != "since"}
        since = old["since"] if is_same else today.isoformat()
        settled["limits"] = {**changes["limits"], "target": {**target, "since": since}}
    has_target_changed = "target" in changes.get("limits", {}) and settled["limits"][
        "target"
    ] != limits.get("target")
    if sampling.get("paced") and (has_target_changed or "rate" in changes.get("sampling", {})):
        settled["sampling"] = {**changes.get("sampling", {}), "paced": []}
    return settled


def status(session: Session, survey: Survey, now: datetime) -> dict[str, Any]:
    """Return how a survey's sampling goes: its target's progress, the days its budget bound."""
    target = survey.limits.get("target")
    return {
        "sampling": survey.sampling,
        "target": _progress(session, survey.id, target, now) if target else None,
        "budget_bound_on": _bound_days(session, survey.id, now),
    }


def _pace(
    db: Database, published: Published, project_id: str, survey_id: str, now: datetime
) -> int:
    project = published.project(project_id)
    survey = project.surveys.get(survey_id)
    if survey is None or not project.is_enabled:
        return 0
    with db.read() as session:
        rate = _rate(session, project, survey, now)
    return db.transact(lambda session: _keep(session, project_id, survey_id, rate, now))


def _rate(
    session: Session, project: PublishedProject, survey: PublishedSurvey, now: datetime
) -> float:
    target = survey.record["target"]
    span = period(target, now)
    past = dry_run.past(session, survey.rules.id, span.begins_at, now)
    pending, future = _waiting(session, project, survey, span.ends_at, now)
    plan = pacing(
        target["answers"],
        past.answers,
        past.displays,
        pending,
        (span.ends_at - now) / timedelta(days=1),
        EXPECTED_TO_VISIT * future,
    )
    return plan["rate"] or 0.0


def _waiting(
    session: Session,
    project: PublishedProject,
    survey: PublishedSurvey,
    ends_at: datetime,
    now: datetime,
) -> tuple[int, int]:
    """Return how many people are in the sample and not shown yet, and how many are still drawn.

    Before the first rate is set nobody waits: all are still to be drawn.
    """
    rules = dry_run.as_if_here(project, survey.rules)
    looked_at = pending = future = 0
    for _, person in dry_run.people(session.connection(), project, now, AT_MOST):
        looked_at += 1
        if not audience.matches(rules.audience, audience.Facts(person, rules.id, now)):
            continue
        starts_at = eligibility.next_start(rules, person, now) if rules.sampling.paced else now
        if starts_at is None:
            pending += 1
        elif starts_at < ends_at:
            future += 1
    if not looked_at:
        return 0, 0
    total = dry_run.count_people(session, project.id, now)
    return round(pending * total / looked_at), round(future * total / looked_at)


def _keep(session: Session, project_id: str, survey_id: str, rate: float, now: datetime) -> int:
    """Store the new rate, unless an admin or another worker was quicker."""
    survey = one(session, Survey, project_id, survey_id, lock=True)
    if not is_due(survey.limits, survey.sampling, now):
        return 0
    paced = survey.sampling.get("paced") or []
    before = paced[-1]["rate"] if paced else None
    cycle = timedelta(days=max(1, survey.sampling["spread_days"]))
    kept = _in_force(paced, now - cycle)
    survey.sampling = survey.sampling | {"paced": [*kept, {"from": format_time(now), "rate": rate}]}
    survey.updated_at = now
    survey.revision += 1
    audit.record(
        session,
        actor=ACTOR,
        action="survey.pace",
        subject=survey_id,
        project_id=project_id,
        changes=audit.difference({"sampling.paced": before}, {"sampling.paced": rate}),
    )
    return 1


def _in_force(paced: list[dict[str, Any]], since: datetime) -> list[dict[str, Any]]:
    """Drop the rates that ended before the last cycle: no slot or rest is held to them any more."""
    ended = sum((parse_time(each["from"]) or since) <= since for each in paced[1:])
    return paced[ended:]


def _progress(
    session: Session, survey_id: str, target: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    span = period(target, now)
    past = dry_run.past(session, survey_id, span.begins_at, now)
    days_left = max(0.0, (span.ends_at - now) / timedelta(days=1))
    plan = pacing(target["answers"], past.answers, past.displays, 0, days_left, 0)
    return {
        "answers_wanted": target["answers"],
        "begins_at": span.begins_at,
        "ends_at": span.ends_at,
        "answers": past.answers,
        "displays": past.displays,
        "response_rate": past.response_rate,
        "displays_needed": plan["displays_needed"],
        "displays_needed_per_day": plan["displays_per_day"],
    }


def _bound_days(session: Session, survey_id: str, now: datetime) -> list[dict[str, Any]]:
    """Return the days of the last 90 on which somebody was refused for the budget alone."""
    first_day = day_number(now.date()) - 90
    rows = session.scalars(
        select(SurveyDay)
        .where(SurveyDay.survey_id == survey_id, SurveyDay.day >= first_day, SurveyDay.refused > 0)
        .order_by(SurveyDay.day)
    )
    return [
        {"day": day_date(row.day).isoformat(), "asked": row.asked, "refused": row.refused}
        for row in rows
    ]
