"""The catalogue of features and pages: renamed, grouped and hidden when read, never rewritten."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from backend.api.admin.common import AdminBlueprint, commit, current_project, described
from backend.api.auth import access, principal
from backend.api.schemas.features import (
    ArrangementSchema,
    CatalogueQuerySchema,
    CatalogueSchema,
    PathSchema,
    TemplateSchema,
)
from backend.api.state import zeroten
from backend.domain.errors import NotFoundError
from backend.services import features as service
from backend.services import page_rules

features = AdminBlueprint("features", __name__)


@features.get("/features")
@features.arguments(CatalogueQuerySchema, location="query")
@features.response(200, CatalogueSchema)
@access("admin", role="viewer", scope="insights:read")
def list_features(query: dict[str, Any]) -> dict[str, Any]:
    """List features, pages or traits as reports name them, with the names each is made of."""
    project_id = current_project()
    with zeroten().db.read() as session:
        return service.catalogue(session, project_id, query["kind"])


@features.post("/features")
@features.arguments(ArrangementSchema)
@features.response(200, CatalogueSchema)
@described(problems=[NotFoundError])
@access("admin", role="admin", scope="insights:write")
def arrange_features(body: dict[str, Any]) -> dict[str, Any]:
    """Rename, group or hide names; the usage stored under them is not touched."""
    project_id, actor = current_project(), principal().token_id

    def work(session: Session) -> dict[str, Any]:
        service.arrange(session, project_id, actor=actor, **body)
        session.flush()
        return service.catalogue(session, project_id, body["kind"])

    return commit(work)


@features.post("/pages/try")
@features.arguments(PathSchema)
@features.response(200, TemplateSchema)
@access("admin", role="viewer", scope="projects:read")
def try_page_rules(body: dict[str, Any]) -> dict[str, Any]:
    """Say which page a path counts as, under the project's rules or under others."""
    project_id = current_project()
    with zeroten().db.read() as session:
        return page_rules.tried(session, project_id, body["path"], body["page_rules"])
