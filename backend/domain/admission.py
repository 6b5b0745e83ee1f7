"""A person's place in a survey's sample: draw, rate in force, first slot."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from backend.domain import audience
from backend.domain.sampling import Sampling, first_slot, next_draw, paced_rate, unit_hash
from backend.domain.survey_rules import SurveyRules
from backend.domain.visitor import SurveyHistory, Visitor

UNTOUCHED = SurveyHistory()


@dataclass(frozen=True, slots=True)
class Admission:
    """Where a person stands in a survey's sample.

    Args:
        draw: fixed number in [0, 1); in the sample when below `rate`.
        rate: the rate in force for this person: their probability of admission.
        segment: index of the segment that gave the rate, None for the general rate.
        slot: first UTC date on which they may be asked, None without slots.
    """

    draw: float
    rate: float
    segment: int | None
    slot: date | None


def admit(rules: SurveyRules, past: SurveyHistory, facts: audience.Facts) -> Admission:
    """Return the person's draw, the rate of their first matching segment, and their slot."""
    sampling, user = rules.sampling, facts.visitor.id
    draw = unit_hash("sample", sampling.salt, user)
    slot = first_slot(sampling, user)
    for index, (when, rate) in enumerate(sampling.segments):
        if audience.matches(when, facts):
            return Admission(draw, rate, index, slot)
    return Admission(draw, _general_rate(rules, sampling, past, slot, facts.now), None, slot)


def next_start(rules: SurveyRules, visitor: Visitor, now: datetime) -> datetime | None:
    """Return when the general rate is next held against this person; None: they are waiting.

    For the weekly pacing: None counts as pending, a time within the days left as a future
    starter. Only slot and own rests are looked at.
    """
    past, sampling = visitor.history.get(rules.id, UNTOUCHED), rules.sampling
    draw, slot = unit_hash("sample", sampling.salt, visitor.id), first_slot(sampling, visitor.id)
    return next_draw(sampling, slot, max(rest_ends(rules, past), default=None), draw, now)


def rest_ends(rules: SurveyRules, past: SurveyHistory) -> list[datetime]:
    """Return the ends of the rests that this survey's own past began."""
    rests = rules.rests
    pairs = (
        (past.answered_at, rests.rest_days),
        (past.declined_at, rests.decline_rest_days),
        (past.ignored_since, rests.ignore_rest_days),
        (past.later_at, rests.later_rest_days),
    )
    return [at + timedelta(days=days) for at, days in pairs if at is not None]


def _general_rate(
    rules: SurveyRules,
    sampling: Sampling,
    past: SurveyHistory,
    slot: date | None,
    now: datetime,
) -> float:
    if not sampling.paced:
        return sampling.rate
    ends = [end for end in rest_ends(rules, past) if end <= now]
    return paced_rate(sampling, slot, max(ends, default=None), now)
