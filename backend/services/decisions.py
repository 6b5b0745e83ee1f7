"""Decisions as admins read them: who was asked or not, why in words, and replayed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, Text, and_, cast, or_, select
from sqlalchemy.orm import Session

from backend.domain import eligibility, explanations
from backend.domain.eligibility import Evaluation, GateResult, SurveyRules, Visitor
from backend.domain.errors import NotFoundError
from backend.services.scope import one
from backend.storage.models import Decision, Survey, User

Found = Row[Decision, str, bool]
Place = tuple[datetime, str]

SHOWN: Final = "shown"
REFUSED: Final = "refused"
OUTRANKED: Final = "outranked"
OUTCOMES: Final = (SHOWN, REFUSED, OUTRANKED)
_AT_ONCE: Final = 200
_LOOKS: Final = 25


@dataclass(frozen=True, slots=True)
class Filters:
    """Which decisions; None asks for all of them.

    Args:
        outcome: of the survey asked about: `shown`, `refused` by a gate, or `outranked`.
        gate: one that failed, of the survey asked about.
        since, until: when it was decided; `until` is not included.
    """

    is_shown: bool | None = None
    outcome: str | None = None
    gate: str | None = None
    user_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def listed(
    session: Session,
    project_id: str,
    survey_id: str | None,
    filters: Filters,
    *,
    after: Place | None,
    limit: int,
) -> tuple[list[Found], Place | None]:
    """Return decisions, the newest first, and the place where the list goes on.

    Args:
        survey_id: decisions that looked at this survey; None takes those of every survey.
    Returns:
        At most `limit` of them. Fewer with a place to go on from: so many were looked through
        that the search for more is another request's.
    Raises:
        NotFoundError: the project has no such survey.
    """
    if survey_id is not None:
        one(session, Survey, project_id, survey_id)
    query = _joined(project_id).where(*_conditions(survey_id, filters))
    query = query.order_by(Decision.at.desc(), Decision.id.desc()).limit(_AT_ONCE)
    found: list[Found] = []
    for _ in range(_LOOKS):
        rows = session.execute(query if after is None else query.where(_earlier(after))).all()
        for row in rows:
            if len(found) == limit:
                return found, after
            after = row[0].at, row[0].id
            if _fits(row[0], survey_id, filters):
                found.append(row)
        if len(rows) < _AT_ONCE:
            return found, None
        session.expunge_all()
    return found, after


def find(session: Session, project_id: str, decision_id: str) -> Found:
    """Return one decision.

    Raises:
        NotFoundError.
    """
    row = session.execute(_joined(project_id).where(Decision.id == decision_id)).one_or_none()
    if row is None:
        raise NotFoundError
    return row


def summary(row: Found) -> dict[str, Any]:
    """Return a decision without its gates."""
    decision, user_id, is_anonymous = row
    return {
        "id": decision.id,
        "at": decision.at,
        "user_id": user_id,
        "anonymous": is_anonymous,
        "shown": decision.is_shown,
        "reason": decision.reason,
        "survey_id": decision.survey_id,
        "survey_version": decision.version,
        "admission_probability": decision.admission_probability,
        "manual": decision.is_manual,
        "page": decision.page,
    }


def explained(row: Found) -> dict[str, Any]:
    """Return a decision with every gate of every survey it looked at, in values and in words."""
    records = row[0].evaluations
    return summary(row) | {"surveys": [recorded(record, row[0].survey_id) for record in records]}


def replayed(row: Found) -> dict[str, Any]:
    """Decide again on the stored facts with the rules as they were; say whether it is the same."""
    then = [_evaluation(record) for record in row[0].evaluations]
    again = [eligibility.replay(record) for record in row[0].evaluations]
    return {
        "id": row[0].id,
        "identical": then == again,
        "evaluations": [evaluation.to_json() for evaluation in again],
    }


def recorded(record: Mapping[str, Any], shown_id: str | None) -> dict[str, Any]:
    """Return a stored evaluation in values and in words; see `in_words`."""
    rules = SurveyRules.from_dict(record["rules"])
    return in_words(_evaluation(record), rules, Visitor.from_json(record["visitor"]), shown_id)


def in_words(
    evaluation: Evaluation, rules: SurveyRules, visitor: Visitor, shown_id: str | None
) -> dict[str, Any]:
    """Return one survey's evaluation in values and in words.

    Args:
        shown_id: the survey that was shown, if any was.
    """
    lost = evaluation.passed and shown_id not in (None, evaluation.survey_id)
    sentences = explanations.explain_gates(evaluation, rules, visitor)
    return {
        "survey_id": evaluation.survey_id,
        "survey_version": evaluation.version,
        "passed": evaluation.passed,
        "reason": evaluation.reason,
        "outranked_by": shown_id if lost else None,
        "draw": evaluation.draw,
        "admission_probability": evaluation.admission_probability,
        "retry_at": evaluation.retry_at,
        "sentences": explanations.explain(evaluation, rules, visitor, shown_id if lost else None),
        "gates": [
            gate.to_json() | {"sentence": sentence}
            for gate, (_, _, sentence) in zip(evaluation.gates, sentences, strict=True)
        ],
    }


def _conditions(survey_id: str | None, filters: Filters) -> list[ColumnElement[bool]]:
    """Return what the database can tell of the filters; `_fits` has the last word."""
    text = cast(Decision.evaluations, Text)
    equal = {
        Decision.is_shown: True if filters.outcome == SHOWN else filters.is_shown,
        User.user_id: filters.user_id,
    }
    conditions = [column == value for column, value in equal.items() if value is not None]
    if survey_id is not None:
        # Refusals concern every survey looked at. Ids have no character that LIKE or JSON escape.
        conditions.append(text.contains(f'"{survey_id}"', autoescape=True))
    if filters.gate is not None:
        bare = text.contains(f'["{filters.gate}",false', autoescape=True)
        named = text.contains(f'"gate":"{filters.gate}","passed":false', autoescape=True)
        conditions.append(or_(bare, named))
    if filters.since is not None:
        conditions.append(Decision.at >= filters.since)
    if filters.until is not None:
        conditions.append(Decision.at < filters.until)
    return conditions


def _earlier(place: Place) -> ColumnElement[bool]:
    at, decision_id = place
    return or_(Decision.at < at, and_(Decision.at == at, Decision.id < decision_id))


def _fits(decision: Decision, survey_id: str | None, filters: Filters) -> bool:
    if filters.outcome is None and filters.gate is None:
        return True
    evaluations = [_evaluation(record) for record in decision.evaluations]
    return any(
        filters.outcome in (None, _outcome(each, decision.survey_id))
        and (filters.gate is None or not each.gate(filters.gate).passed)
        for each in evaluations
        if survey_id in (None, each.survey_id)
    )


def _outcome(evaluation: Evaluation, shown_id: str | None) -> str:
    if not evaluation.passed:
        return REFUSED
    return SHOWN if evaluation.survey_id == shown_id else OUTRANKED


def _joined(project_id: str) -> Select[Decision, str, bool]:
    return (
        select(Decision, User.user_id, User.is_anonymous)
        .join(User, User.key == Decision.user_key)
        .where(Decision.project_id == project_id)
    )


def _evaluation(record: Mapping[str, Any]) -> Evaluation:
    """Read a stored evaluation; `decide` writes its gates as bare lists, which take less room."""
    stored = record["evaluation"]
    gates = [
        gate if isinstance(gate, dict) else GateResult(*gate).to_json() for gate in stored["gates"]
    ]
    return Evaluation.from_json(stored | {"gates": gates})
