"""Decisions: why somebody was or was not asked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from backend.api.admin.common import AdminBlueprint, current_project, decode_cursor, encode_cursor
from backend.api.auth import access
from backend.api.schemas.common import page_of
from backend.api.schemas.decisions import (
    DecisionQuerySchema,
    DecisionSchema,
    ExplainedDecisionSchema,
    ReplaySchema,
)
from backend.api.state import zeroten
from backend.services import decisions as service
from backend.services.decisions import Filters

decisions = AdminBlueprint("decisions", __name__)

PAGE = page_of(DecisionSchema)


@decisions.get("/surveys/<survey_id>/decisions")
@decisions.arguments(DecisionQuerySchema, location="query")
@decisions.response(200, PAGE)
@access("admin", role="analyst", scope="surveys:read")
def list_decisions(query: dict[str, Any], survey_id: str) -> dict[str, Any]:
    """List the decisions that looked at a survey, the newest first.

    A page may have fewer items than `limit` and still a `next_cursor`: the search goes on there.
    """
    return _list(query, survey_id)


@decisions.get("/decisions")
@decisions.arguments(DecisionQuerySchema, location="query")
@decisions.response(200, PAGE)
@access("admin", role="analyst", scope="surveys:read")
def list_all_decisions(query: dict[str, Any]) -> dict[str, Any]:
    """List the project's decisions, the newest first.

    A page may have fewer items than `limit` and still a `next_cursor`: the search goes on there.
    """
    return _list(query, None)


@decisions.get("/decisions/<decision_id>")
@decisions.response(200, ExplainedDecisionSchema)
@access("admin", role="analyst", scope="surveys:read")
def get_decision(decision_id: str) -> dict[str, Any]:
    """Explain a decision: every gate of every survey, in values and in words."""
    project_id = current_project()
    with zeroten().db.read() as session:
        return service.explained(service.find(session, project_id, decision_id))


@decisions.get("/decisions/<decision_id>/replay")
@decisions.response(200, ReplaySchema)
@access("admin", role="analyst", scope="surveys:read")
def replay_decision(decision_id: str) -> dict[str, Any]:
    """Decide again on the stored facts, with the rules as they were then."""
    project_id = current_project()
    with zeroten().db.read() as session:
        return service.replayed(service.find(session, project_id, decision_id))


def _list(query: dict[str, Any], survey_id: str | None) -> dict[str, Any]:
    project_id, limit = current_project(), query.pop("limit")
    after = decode_cursor(query.pop("cursor"), tuple[datetime, str])
    with zeroten().db.read() as session:
        found, place = service.listed(
            session, project_id, survey_id, Filters(**query), after=after, limit=limit
        )
        items = [service.summary(row) for row in found]
    return {"items": items, "next_cursor": place and encode_cursor(place)}
