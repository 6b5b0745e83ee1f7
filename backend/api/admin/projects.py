"""Projects: an installation's token sees and makes them all, a project's token sees its own."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from backend.api.admin.common import (
    AdminBlueprint,
    commit,
    decode_cursor,
    described,
    encode_cursor,
    etag_header,
    if_match,
)
from backend.api.auth import access, principal
from backend.api.schemas.common import PageQuerySchema, page_of
from backend.api.schemas.projects import (
    CreatedProjectSchema,
    NewProjectSchema,
    ProjectChangeSchema,
    ProjectSchema,
)
from backend.api.state import zeroten
from backend.domain.errors import NotFoundError, RoleForbiddenError
from backend.services import audit, project_deletion
from backend.services import projects as service

projects = AdminBlueprint("projects", __name__, takes_project=False)


@projects.get("/projects")
@projects.arguments(PageQuerySchema, location="query")
@projects.response(200, page_of(ProjectSchema))
@access("admin", role="viewer", scope="projects:read", needs_project=False)
def list_projects(query: dict[str, Any]) -> dict[str, Any]:
    """List projects by id."""
    after = decode_cursor(query["cursor"], str)
    with zeroten().db.read() as session:
        found = service.listed(session, principal().own_projects, after, query["limit"] + 1)
        items = [service.view(project) for project in found[: query["limit"]]]
    more = len(found) > query["limit"]
    return {"items": items, "next_cursor": encode_cursor(items[-1]["id"]) if more else None}


@projects.post("/projects")
@projects.arguments(NewProjectSchema)
@projects.response(201, CreatedProjectSchema)
@access("admin", role="admin", scope="projects:write")
def create_project(body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Add a project with its first two keys. The secret key is never shown again.

    Only a token of the whole installation may.
    """
    if principal().project_id is not None:
        raise RoleForbiddenError("Only a token of the whole installation adds projects.")

    actor = principal().token_id

    def work(session: Session) -> dict[str, Any]:
        made = service.create(
            session,
            name=body["name"],
            timezone=body["timezone"],
            origins=body["allowed_origins"],
            identity_mode=body["identity_mode"],
        )
        audit.record(
            session,
            actor=actor,
            action="project.create",
            subject=made.project.id,
            project_id=made.project.id,
        )
        shown = {"publishable_key": made.publishable_key, "secret_key": made.secret_key}
        return service.view(made.project) | shown

    made = commit(work)
    return made, 201, etag_header(made["revision"])


@projects.get("/projects/<project_id>")
@projects.response(200, ProjectSchema)
@access("admin", role="viewer", scope="projects:read")
def get_project(project_id: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Return one project."""
    _check_own(project_id)
    with zeroten().db.read() as session:
        found = service.view(service.find(session, project_id))
    return found, 200, etag_header(found["revision"])


@projects.patch("/projects/<project_id>")
@projects.arguments(ProjectChangeSchema)
@projects.response(200, ProjectSchema)
@described(if_match=True)
@access("admin", role="admin", scope="projects:write")
def change_project(
    body: dict[str, Any], project_id: str
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Change what is sent of a project; pages and servers meet it within seconds."""
    _check_own(project_id)
    actor, tags = principal().token_id, if_match()
    changed = zeroten().db.transact(
        lambda session: service.view(
            service.change(session, project_id, body, actor=actor, if_match=tags)
        )
    )
    return changed, 200, etag_header(changed["revision"])


@projects.delete("/projects/<project_id>")
@projects.response(204)
@described(if_match=True)
@access("admin", role="owner", scope="projects:write")
def delete_project(project_id: str) -> None:
    """Delete a project with everything in it, for good: people, answers, usage, keys, log."""
    _check_own(project_id)
    parts = zeroten()
    project_deletion.delete_project(
        parts.db, parts.usage, project_id, actor=principal().token_id, if_match=if_match()
    )


def _check_own(project_id: str) -> None:
    if principal().project_id not in (None, project_id):
        raise NotFoundError
