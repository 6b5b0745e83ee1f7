"""Decisions as admins read them: who was asked or not, why in words, and replayed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Text, and_, cast, or_, select
from sqlalchemy.orm import Session

from backend.domain import eligibility, explanations
from backend.domain.eligibility import Evaluation, GateResult, SurveyRules, Visitor
from backend.domain.errors import NotFoundError
from backend.services.scope import one
from backend.storage.models import Decision, Survey, User

Found = Row[Decision, str, bool]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which decisions; None asks for all of them.

    Args:
        is_shown: whether somebody was asked.
        gate: the first gate that failed, of the survey that would have come first.
        since, until: when it was decided; `until` is not included.
    """

    is_shown: bool | None = None
    gate: str | None = None
    user_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def listed(
    session: Session,
    project_id: str,
    survey_id: str,
    filters: Filters,
    *,
    after: tuple[datetime, str] | None,
    limit: int,
) -> Sequence[Found]:
    """Return decisions that looked at a survey, the newest first.

    Raises:
        NotFoundError: the project has no such survey.
    """
    one(session, Survey, project_id, survey_id)
    conditions: list[ColumnElement[bool]] = [
        # Refusals concern every survey looked at. Ids have no character that LIKE or JSON escape.
        cast(Decision.evaluations, Text).contains(f'"{survey_id}"', autoescape=True)
    ]
    equal = {
        Decision.is_shown: filters.is_shown,
        Decision.reason: filters.gate,
        User.user_id: filters.user_id,
    }
    conditions += [column == value for column, value in equal.items() if value is not None]
    if filters.since is not None:
        conditions.append(Decision.at >= filters.since)
    if filters.until is not None:
        conditions.append(Decision.at < filters.until)
    if after is not None:
        at, decision_id = after
        earlier = or_(Decision.at < at, and_(Decision.at == at, Decision.id < decision_id))
        conditions.append(earlier)
    query = _joined(project_id).where(*conditions)
    order = (Decision.at.desc(), Decision.id.desc())
    return session.execute(query.order_by(*order).limit(limit)).all()


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
    return summary(row) | {"surveys": [_explained(record, row[0].survey_id) for record in records]}


def replayed(row: Found) -> dict[str, Any]:
    """Decide again on the stored facts with the rules as they were; say whether it is the same."""
    then = [_evaluation(record) for record in row[0].evaluations]
    again = [eligibility.replay(record) for record in row[0].evaluations]
    return {
        "id": row[0].id,
        "identical": then == again,
        "evaluations": [evaluation.to_json() for evaluation in again],
    }


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


def _explained(record: Mapping[str, Any], shown_id: str | None) -> dict[str, Any]:
    evaluation = _evaluation(record)
    rules = SurveyRules.from_dict(record["rules"])
    visitor = Visitor.from_json(record["visitor"])
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
