"""What is written of a decision: every gate of every survey, and what an answer will carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from backend.domain import eligibility
from backend.domain.eligibility import Evaluation, SurveyRules, Visitor
from backend.services.ids import new_id
from backend.services.looks import Look
from backend.services.published import PublishedProject, PublishedSurvey
from backend.services.visitors import Asker, Question
from backend.storage.decisions import NewDecision

TRAITS_WITH_COLUMNS: Final = ("role", "plan")


def decision_of(
    project: PublishedProject,
    question: Question,
    look: Look,
    rules: Mapping[str, SurveyRules],
    now: datetime,
) -> NewDecision:
    """Return the decision as it is stored."""
    winner = look.choice.winner
    return NewDecision(
        id=new_id("dec_"),
        project_id=project.id,
        user_key=look.user.key,
        at=now,
        is_shown=winner is not None,
        reason=None if winner else _first(look.evaluations, rules).reason,
        survey_id=winner.survey_id if winner else None,
        version=winner.version if winner else None,
        admission_probability=winner.admission_probability if winner else None,
        is_manual=question.manual,
        page=next(iter(look.visitors.values())).page_template or "/",
        evaluations=[
            _record(
                project.surveys[each.survey_id],
                look.visitors[each.survey_id],
                each,
                look.choice.outranked.get(each.survey_id),
            )
            for each in look.evaluations
        ],
    )


def context_of(question: Question, asker: Asker, visitor: Visitor, language: str) -> dict[str, Any]:
    """Return what the answer will carry: who and where, as it was when the person was asked."""
    named = {
        name: str(visitor.traits[name])[:200]
        for name in TRAITS_WITH_COLUMNS
        if visitor.traits.get(name) is not None
    }
    return named | {
        "page": visitor.page_template or "/",
        "language": language,
        "app_version": question.app_version,
        "device": question.device,
        "traits": dict(visitor.traits),
        "is_verified": asker.is_verified,
        "is_manual": question.manual,
    }


def is_over_budget(evaluation: Evaluation) -> bool:
    """Say whether the daily budget alone kept the survey back."""
    if evaluation.reason != "within_budget":
        return False
    return sum(not gate.passed for gate in evaluation.gates) == 1


def _first(evaluations: Sequence[Evaluation], rules: Mapping[str, SurveyRules]) -> Evaluation:
    """Of refused surveys, the one that would have come first speaks for all."""
    return min(evaluations, key=lambda each: eligibility.rank(rules[each.survey_id]))


def _record(
    survey: PublishedSurvey, visitor: Visitor, evaluation: Evaluation, outranked_by: str | None
) -> dict[str, Any]:
    """Return what `eligibility.stored` does, with the parts that are written as JSON anyway."""
    return {
        "now": evaluation.at,
        "rules": survey.rules_json,
        "visitor": eligibility.looked_at(visitor, survey.rules.id, survey.names_read),
        "evaluation": evaluation,
        "outranked_by": outranked_by,
    }
