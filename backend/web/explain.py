"""Why somebody was asked or not: a stored decision, or what would be decided now."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from backend.api.auth import access
from backend.api.state import zeroten
from backend.domain import roles
from backend.services import decisions
from backend.services import explain as service
from backend.services.clock import utc_now
from backend.services.visitors import Question
from backend.web import signed_in
from backend.web.asked import survey_names
from backend.web.blueprint import page, web


@web.get("/explain")
@access("dashboard", role=roles.ANALYST, scope="surveys:read")
def explain() -> Response:
    """Every gate of a survey for one person, as it would be decided now; nothing is written."""
    person, parts = request.args.get("user", "").strip(), zeroten()
    project_id = signed_in.project_id()
    told: dict[str, Any] | None = None
    with parts.db.read() as session:
        surveys = survey_names(session)
        survey_id = request.args.get("survey_id") or next(iter(surveys), "")
        if person and survey_id:
            is_anonymous = request.args.get("anonymous") == "true"
            question = Question(
                user_id=None if is_anonymous else person,
                anonymous_id=person if is_anonymous else None,
                page=request.args.get("page") or "/",
            )
            told = service.explain_now(
                session,
                parts.published,
                parts.published.project(project_id),
                survey_id,
                question,
                utc_now(),
            )
    return page(
        "explain.html",
        section="Surveys",
        told=told,
        surveys=surveys,
        survey_id=survey_id,
        person=person,
        at_page=request.args.get("page", ""),
    )


@web.get("/decisions/<decision_id>")
@access("dashboard", role=roles.ANALYST, scope="surveys:read")
def decision(decision_id: str) -> Response:
    """A decision as it was taken: every gate of every survey it looked at."""
    project_id = signed_in.project_id()
    with zeroten().db.read() as session:
        found = decisions.find(session, project_id, decision_id)
        return page(
            "decision.html",
            section="Surveys",
            decision=decisions.explained(found),
            replayed=decisions.replayed(found),
            surveys=survey_names(session),
        )
