"""Where the widget gave in on the pages of a project."""

from __future__ import annotations

from typing import Any

from backend.api.admin.common import AdminBlueprint, current_project
from backend.api.auth import access
from backend.api.schemas.widget_errors import WidgetErrorsSchema
from backend.api.state import zeroten
from backend.services import widget_errors as service

widget_errors = AdminBlueprint("widget_errors", __name__)


@widget_errors.get("/widget-errors")
@widget_errors.response(200, WidgetErrorsSchema)
@access("admin", role="viewer", scope="projects:read")
def list_widget_errors() -> dict[str, Any]:
    """List the errors that made the widget switch itself off on a page, with counts."""
    project_id = current_project()
    with zeroten().db.read() as session:
        return {"items": service.latest(session, project_id)}
