"""Who is asked, and why not: the one place where a survey's rules meet a visitor.

`evaluate` runs every gate of DESIGN section 5 in order, `choose` picks one of the
surveys that passed, `stored` and `replay` make a decision reproducible years later.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from backend.domain import audience
from backend.domain.admission import next_start
from backend.domain.evaluation import Choice, Evaluation, GateResult
from backend.domain.gates import GATES, meet
from backend.domain.sampling import Sampling
from backend.domain.survey_rules import Cap, Rests, SurveyRules
from backend.domain.timestamps import format_time, parse_time
from backend.domain.visitor import SurveyHistory, Trigger, UsageFacts, Visitor

__all__ = [
    "Cap",
    "Choice",
    "Evaluation",
    "GateResult",
    "Rests",
    "Sampling",
    "SurveyHistory",
    "SurveyRules",
    "Trigger",
    "UsageFacts",
    "Visitor",
    "choose",
    "evaluate",
    "looked_at",
    "names_read",
    "next_start",
    "replay",
    "stored",
]

ALWAYS = datetime.min.replace(tzinfo=UTC)


def evaluate(rules: SurveyRules, visitor: Visitor, now: datetime) -> Evaluation:
    """Run every gate of one survey for one visitor; the first that fails is the reason.

    Args:
        now: aware time of the decision; it may run behind the times in `visitor`, which
            then count as not yet rested.
    """
    meeting = meet(rules, visitor, now)
    gates: list[GateResult] = []
    waits: list[datetime | None] = []
    reason: str | None = None
    for name, gate, by_hand in GATES:
        if visitor.manual and not by_hand:
            gates.append(GateResult(name, True, "manual"))
            continue
        passed, seen, limit, passes_at = gate(meeting)
        gates.append(GateResult(name, passed, seen, limit))
        if not passed:
            reason = reason or name
            waits.append(passes_at)
    admission = meeting.admission
    return Evaluation(
        survey_id=rules.id,
        version=rules.version,
        at=now,
        passed=reason is None,
        reason=reason,
        gates=tuple(gates),
        draw=admission.draw if admission else None,
        admission_probability=admission.rate if admission else None,
        retry_at=_latest(waits),
    )


def choose(evaluations: Iterable[Evaluation], rules: Mapping[str, SurveyRules]) -> Choice:
    """Pick the survey to show: highest priority, then earliest start, then smallest id.

    Args:
        evaluations: one a survey, in any order.
        rules: by survey id; KeyError when a survey that passed is not there.
    """
    passed = sorted(
        (evaluation for evaluation in evaluations if evaluation.passed),
        key=lambda evaluation: rank(rules[evaluation.survey_id]),
    )
    if not passed:
        return Choice(None, {})
    winner = passed[0]
    return Choice(winner, {loser.survey_id: winner.survey_id for loser in passed[1:]})


def rank(rules: SurveyRules) -> tuple[int, datetime, str]:
    """Return what surveys are ordered by: the smallest is shown first."""
    return -rules.priority, rules.starts_at or ALWAYS, rules.id


def stored(rules: SurveyRules, visitor: Visitor, evaluation: Evaluation) -> dict[str, Any]:
    """Return the JSON record of a decision that `replay` repeats.

    Of the visitor it keeps what the rules looked at: their traits and features, not all.
    """
    return {
        "now": format_time(evaluation.at),
        "rules": rules.to_dict(),
        "visitor": Visitor(**looked_at(visitor, rules.id, names_read(rules))).to_json(),
        "evaluation": evaluation.to_json(),
    }


def replay(record: Mapping[str, Any]) -> Evaluation:
    """Decide again from a stored record; equal to what was decided then.

    Raises:
        KeyError, ValueError: the record is not one that `stored` returned.
    """
    now = parse_time(record["now"])
    if now is None:
        raise ValueError("a stored decision has a time")
    rules = SurveyRules.from_dict(record["rules"])
    return evaluate(rules, Visitor.from_json(record["visitor"]), now)


def names_read(rules: SurveyRules) -> Mapping[str, Set[str]]:
    """Return the traits, account traits, features and usage that the survey's rules look at."""
    return audience.names_read([rules.audience, *(when for when, _ in rules.sampling.segments)])


def looked_at(visitor: Visitor, survey_id: str, names: Mapping[str, Set[str]]) -> dict[str, Any]:
    """Return the visitor's members with only what one survey's rules look at, to be stored."""
    members = visitor.members()
    members["traits"] = _only(visitor.traits, names["trait"])
    members["account_traits"] = _only(visitor.account_traits, names["account_trait"])
    members["account_asked"] = _only(visitor.account_asked, {survey_id})
    members["asked_today"] = _only(visitor.asked_today, {survey_id})
    if visitor.usage.last_used:
        used = _only(visitor.usage.last_used, names["feature"])
        members["usage"] = replace(visitor.usage, last_used=used)
    return members


def _latest(waits: list[datetime | None]) -> datetime | None:
    known = [at for at in waits if at is not None]
    return max(known) if known and len(known) == len(waits) else None


def _only(values: Mapping[str, Any], names: Set[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in names}
