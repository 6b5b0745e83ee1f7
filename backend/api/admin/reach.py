"""Whom a survey would ask, before it asks anybody."""

from __future__ import annotations

from typing import Any

from backend.api.admin.common import AdminBlueprint, current_project
from backend.api.auth import access
from backend.api.schemas.reach import ReachSchema
from backend.api.schemas.surveys import SurveyChangeSchema
from backend.api.state import zeroten
from backend.services import reach as service
from backend.services import survey_checks
from backend.services.clock import utc_now

reach = AdminBlueprint("reach", __name__)


@reach.post("/surveys/<survey_id>/reach")
@reach.arguments(SurveyChangeSchema)
@reach.response(200, ReachSchema)
@access("admin", role="analyst", scope="surveys:read")
def reach_survey(body: dict[str, Any], survey_id: str) -> dict[str, Any]:
    """Try a survey on the people who are known; nobody is asked, nothing is saved.

    The body has changes that are not saved, as for `PATCH /surveys/{survey_id}`; `{}` for none.
    """
    project_id, parts = current_project(), zeroten()
    project = parts.published.project(project_id)
    with parts.db.read() as session:
        changes = survey_checks.checked(session, project_id, body, "#/sampling", {})
        return service.reach(session, parts.published, project, survey_id, changes, utc_now())
