"""The audit log, to be read."""

from __future__ import annotations

from typing import Any

from backend.api.admin.common import AdminBlueprint, current_project, decode_cursor, encode_cursor
from backend.api.auth import access
from backend.api.schemas.common import page_of
from backend.api.schemas.responses import AuditEntrySchema, AuditQuerySchema
from backend.api.state import zeroten
from backend.services import audit as service

audit = AdminBlueprint("audit", __name__)


@audit.get("/audit")
@audit.arguments(AuditQuerySchema, location="query")
@audit.response(200, page_of(AuditEntrySchema))
@access("admin", role="admin", scope="audit:read")
def list_audit_entries(query: dict[str, Any]) -> dict[str, Any]:
    """List who changed what, the newest first. Nobody can edit it."""
    project_id, limit = current_project(), query.pop("limit")
    before = decode_cursor(query.pop("cursor"), int)
    with zeroten().db.read() as session:
        filters = service.Filters(**query)
        found = service.entries(session, project_id, filters, before=before, limit=limit + 1)
        members = ("at", "actor", "action", "subject", "changes")
        items = [{name: getattr(entry, name) for name in members} for entry in found[:limit]]
        cursor = encode_cursor(found[limit - 1].key) if len(found) > limit else None
    return {"items": items, "next_cursor": cursor}
