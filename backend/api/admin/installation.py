"""Whether a project's pages and servers have been heard of."""

from __future__ import annotations

from typing import Any

from backend.api.admin.common import AdminBlueprint, current_project
from backend.api.auth import access
from backend.api.schemas.installation import InstallationSchema
from backend.api.state import zeroten
from backend.services import first_steps

installation = AdminBlueprint("installation", __name__)


@installation.get("/installation")
@installation.response(200, InstallationSchema)
@access("admin", role="viewer", scope="projects:read")
def show_installation() -> dict[str, Any]:
    """Say when a page and a server were heard of last, and which first steps are done."""
    project_id = current_project()
    with zeroten().db.read() as session:
        heard = first_steps.heard(session, project_id)
        return {
            "page_at": heard.page_at,
            "origin": heard.origin or None,
            "may_ask": heard.may_ask,
            "server_at": heard.server_at,
            "steps": first_steps.steps(session, project_id),
        }
