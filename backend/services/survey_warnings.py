"""What of a survey's rules is worth a word when it goes out: they contradict, starve, outlast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.domain.audience_never import never
from backend.domain.eligibility import SurveyRules, rank
from backend.domain.timestamps import midnight
from backend.services.published import survey_record
from backend.storage.models import Survey


def warnings(session: Session, survey: Survey, now: datetime) -> list[str]:
    """Return a sentence for each."""
    rules = SurveyRules.from_dict(survey_record(survey) | {"status": "published"})
    return [
        *_contradictions(survey),
        *_too_long(survey, rules, now),
        *_starving(session, survey, rules),
    ]


def _contradictions(survey: Survey) -> Iterator[str]:
    subject = never(survey.targeting["audience"])
    if subject is not None:
        yield f"Nobody can meet the audience: its conditions on {subject} exclude each other."
    for index, segment in enumerate(survey.sampling["segments"]):
        subject = never(segment["when"])
        if subject is not None:
            yield (
                f"Nobody can be in segment {index + 1} of the sampling: its conditions on "
                f"{subject} exclude each other."
            )


def _too_long(survey: Survey, rules: SurveyRules, now: datetime) -> Iterator[str]:
    """Return what reaches past the survey's end or the period of its target."""
    sampling, rests = rules.sampling, rules.rests
    target: Mapping[str, Any] = survey.limits.get("target") or {}
    if rules.ends_at is not None:
        started = midnight(sampling.started_on) if sampling.started_on else now
        left = (rules.ends_at - started) / timedelta(days=1)
        if 0 < left < sampling.spread_days:
            share = left / sampling.spread_days
            yield (
                f"First turns are spread over {sampling.spread_days} days, and the survey ends "
                f"after {left:.0f}: only {share:.0%} of the people get a turn."
            )
        if 0 < left < rules.old_enough_days:
            yield (
                f"Whoever is new waits {rules.old_enough_days:g} days, and the survey ends after "
                f"{left:.0f}."
            )
    if rests.any_survey_rest_days > rests.rest_days:
        yield (
            f"any_survey_rest_days ({rests.any_survey_rest_days:g}) is longer than rest_days "
            f"({rests.rest_days:g}), which therefore never decides."
        )
    if 0 < target.get("period_days", 0) < sampling.spread_days:
        yield (
            f"First turns are spread over {sampling.spread_days} days, longer than the "
            f"{target['period_days']} days of the target: not everybody is drawn in time."
        )


def _starving(session: Session, survey: Survey, rules: SurveyRules) -> Iterator[str]:
    others = session.scalars(
        select(Survey).where(
            Survey.project_id == survey.project_id,
            Survey.status == "published",
            Survey.id != survey.id,
        )
    )
    for other in others:
        theirs = SurveyRules.from_dict(survey_record(other))
        if _starves(theirs, rules):
            yield STARVED.format(name=other.name, **_days(theirs, rules))
        elif _starves(rules, theirs):
            yield STARVES.format(name=other.name, **_days(rules, theirs))


def _starves(one: SurveyRules, other: SurveyRules) -> bool:
    """Say whether people who ignore `one` hardly ever meet `other`.

    `one` comes first, and is back before `other` has rested from it. Only surveys that nothing
    tells apart are judged: with an audience, a page or a small sample of its own a survey leaves
    people to others.
    """
    is_for_all = one.audience is None and not one.pages and one.sampling.rate >= 0.5
    is_back = one.rests.ignore_rest_days <= other.rests.any_survey_rest_days
    return is_for_all and is_back and rank(one) < rank(other)


def _days(one: SurveyRules, other: SurveyRules) -> dict[str, str]:
    return {
        "back": f"{one.rests.ignore_rest_days:g}",
        "rest": f"{other.rests.any_survey_rest_days:g}",
    }


STARVED = (
    "“{name}” comes first and is back {back} days after it was ignored, while this survey waits "
    "{rest} days after any: many people will never see this one. Give it the higher priority."
)
STARVES = (
    "This survey comes first and is back {back} days after it was ignored, while “{name}” waits "
    "{rest} days after any: many people will never see “{name}”. Give that one the higher priority."
)
