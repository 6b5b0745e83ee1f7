"""The audit log, narrowed to who, what, to what and when."""

from __future__ import annotations

from typing import Final

from flask import Response, request

from backend.api.admin.common import decode_cursor, encode_cursor
from backend.api.auth import access
from backend.api.schemas.responses import AuditQuerySchema
from backend.api.state import zeroten
from backend.domain import roles
from backend.services import audit
from backend.services import members as people
from backend.web import forms, signed_in
from backend.web.blueprint import page, web

A_PAGE: Final = 50
FILTERS: Final = ("actor", "action", "subject", "since", "until")


@web.get("/settings/audit")
@access("dashboard", role=roles.ADMIN, scope="audit:read")
def audit_log() -> Response:
    """Who changed what, the newest first."""
    project_id = signed_in.project_id()
    before = decode_cursor(request.args.get("cursor"), int)
    entered = {name: request.args[name] for name in FILTERS if request.args.get(name)}
    wanted = forms.load(AuditQuerySchema, entered)
    with zeroten().db.read() as session:
        filters = audit.Filters(**{name: wanted.get(name) for name in FILTERS})
        found = audit.entries(session, project_id, filters, before=before, limit=A_PAGE + 1)
        cursor = encode_cursor(found[A_PAGE - 1].key) if len(found) > A_PAGE else None
        return page(
            "audit.html",
            section="Settings",
            rows=found[:A_PAGE],
            cursor=cursor,
            entered=entered,
            actions=audit.actions(session, project_id),
            names={row["id"]: row["email"] for row in people.listed(session, project_id)},
        )
