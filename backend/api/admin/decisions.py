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


@decisions.get("/surveys/<survey_id>/decisions")
@decisions.arguments(DecisionQuerySchema, location="query")
@decisions.response(200, page_of(DecisionSchema))
@access("admin", role="analyst", scope="surveys:read")
def list_decisions(query: dict[str, Any], survey_id: str) -> dict[str, Any]:
    """List the decisions that looked at a survey, the newest first."""
    project_id, limit = current_project(), query.pop("limit")
    after = decode_cursor(query.pop("cursor"), tuple[datetime, str])
    with zeroten().db.read() as session:
        found = service.listed(
            session, project_id, survey_id, Filters(**query), after=after, limit=limit + 1
        )
        items = [service.summary(row) for row in found[:limit]]
    last = items[-1] if len(found) > limit else None
    return {"items": items, "next_cursor": last and encode_cursor((last["at"], last["id"]))}


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
