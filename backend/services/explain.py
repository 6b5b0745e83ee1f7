"""Why somebody would be asked now, or why they were or were not asked then, gate by gate."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Text, cast, or_, select
from sqlalchemy.orm import Session

from backend.domain.timestamps import format_time
from backend.services import decisions, looks
from backend.services.published import Published, PublishedProject, as_published
from backend.services.scope import one
from backend.services.visitors import Asker, Question
from backend.storage import known
from backend.storage.models import Decision, Survey, User

NEAR: Final = timedelta(days=1)


def explain_now(
    session: Session,
    published: Published,
    project: PublishedProject,
    survey_id: str,
    question: Question,
    now: datetime,
) -> dict[str, Any]:
    """Say what every gate of a survey would say of a person now; nothing is written.

    Args:
        question: who and where; one of `user_id` and `anonymous_id` is set.
    Raises:
        NotFoundError: the project has no such survey.
    """
    survey = one(session, Survey, project.id, survey_id)
    if survey_id not in project.surveys:
        project = published.including(session, project, as_published(survey, survey.content))
    asker = Asker(
        question.user_id or question.anonymous_id or "",
        question.user_id is None,
        account_id=question.account_id,
    )
    rules = {each.rules.id: each.rules for each in project.surveys.values()}
    connection = session.connection()
    look = looks.look(connection, project, question, asker, rules, now, is_dry=True)
    winner = look.choice.winner
    evaluation = next(each for each in look.evaluations if each.survey_id == survey_id)
    told = decisions.in_words(
        evaluation, rules[survey_id], look.visitors[survey_id], winner.survey_id if winner else None
    )
    notes = [] if look.user.key else ["This person was never seen; as they would be met first."]
    return _answer(asker, now, "now", None, told, notes)


def explain_then(
    session: Session, project_id: str, survey_id: str, asker: Asker, at: datetime
) -> dict[str, Any]:
    """Say what every gate of a survey said of a person in the stored decision nearest to `at`.

    Raises:
        NotFoundError: the project has no such survey.
    """
    one(session, Survey, project_id, survey_id)
    found = _nearest(session, project_id, survey_id, asker, at)
    if found is None:
        return _answer(asker, at, "decision", None, None, [NO_DECISION])
    record = next(
        each for each in found.evaluations if each["evaluation"]["survey_id"] == survey_id
    )
    notes = [] if abs(found.at - at) <= NEAR else [FAR.format(at=format_time(found.at))]
    told = decisions.recorded(record, found.survey_id)
    return _answer(asker, found.at, "decision", found.id, told, notes)


def _answer(
    asker: Asker,
    at: datetime,
    source: str,
    decision_id: str | None,
    told: dict[str, Any] | None,
    notes: list[str],
) -> dict[str, Any]:
    return {
        "user_id": asker.user_id,
        "anonymous": asker.is_anonymous,
        "at": at,
        "source": source,
        "decision_id": decision_id,
        "notes": notes,
        "survey": told,
    }


def _nearest(
    session: Session, project_id: str, survey_id: str, asker: Asker, at: datetime
) -> Decision | None:
    """Return the decision about any of the person's ids that looked at the survey."""
    person = known.find(session.connection(), project_id, asker.user_id, asker.is_anonymous)
    if person is None:
        return None
    keys = select(User.key).where(or_(User.key == person.key, User.linked_to == person.person_key))
    query = select(Decision).where(
        Decision.user_key.in_(keys),
        cast(Decision.evaluations, Text).contains(f'"{survey_id}"', autoescape=True),
    )
    before = query.where(Decision.at <= at).order_by(Decision.at.desc()).limit(1)
    after = query.where(Decision.at > at).order_by(Decision.at).limit(1)
    found = [row for each in (before, after) if (row := session.scalars(each).first())]
    return min(found, key=lambda row: abs(row.at - at), default=None)


NO_DECISION: Final = (
    "No decision about this person and survey is stored: their pages never asked, because there "
    "was no visit, or the page itself knew that the survey is not for them."
)
FAR: Final = (
    "No decision of that day is stored: there was no visit, or the page itself knew that the "
    "survey is not for them. The nearest one is of {at}."
)
