"""Why somebody is or was not asked, for the people who answer that question."""

from __future__ import annotations

from typing import Any

from backend.api.admin.common import AdminBlueprint, current_project
from backend.api.auth import access
from backend.api.schemas.decisions import ExplainQuerySchema, ExplainSchema
from backend.api.state import zeroten
from backend.domain.eligibility import Trigger
from backend.services import explain as service
from backend.services.clock import utc_now
from backend.services.visitors import Asker, Question

explain = AdminBlueprint("explain", __name__)


@explain.get("/surveys/<survey_id>/explain")
@explain.arguments(ExplainQuerySchema, location="query")
@explain.response(200, ExplainSchema)
@access("admin", role="analyst", scope="surveys:read")
def explain_survey(query: dict[str, Any], survey_id: str) -> dict[str, Any]:
    """Explain every gate of a survey for one person, in values and in words.

    Now, by what is stored of the person; with `at`, the stored decision nearest to that time.
    """
    project_id, at = current_project(), query.pop("at", None)
    event = query.pop("event", None)
    trigger = Trigger("event", event) if event else Trigger()
    parts = zeroten()
    project = parts.published.project(project_id)
    with parts.db.read() as session:
        if at is not None:
            user_id = query.get("user_id")
            asker = Asker(user_id or query["anonymous_id"], user_id is None)
            return service.explain_then(session, project_id, survey_id, asker, at)
        question = Question(**query, trigger=trigger)
        return service.explain_now(
            session, parts.published, project, survey_id, question, utc_now()
        )
