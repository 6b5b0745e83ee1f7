"""Saved segments: what an insight found, kept for a survey to ask."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from backend.api.admin.common import (
    AdminBlueprint,
    current_project,
    decode_cursor,
    described,
    encode_cursor,
)
from backend.api.auth import access, principal
from backend.api.schemas.common import PageQuerySchema, page_of
from backend.api.schemas.segments import NewSegmentSchema, SavedSegmentSchema
from backend.api.state import zeroten
from backend.domain.errors import ConflictError, InvalidRequestError
from backend.services import segments as service
from backend.services.survey_checks import KnownTraits, audience_faults

segments = AdminBlueprint("segments", __name__)


@segments.get("/segments")
@segments.arguments(PageQuerySchema, location="query")
@segments.response(200, page_of(SavedSegmentSchema))
@access("admin", role="viewer", scope="surveys:read")
def list_segments(query: dict[str, Any]) -> dict[str, Any]:
    """List saved segments, the latest first."""
    project_id, limit = current_project(), query["limit"]
    before = decode_cursor(query["cursor"], tuple[datetime, str])
    with zeroten().db.read() as session:
        found = service.listed(session, project_id, before=before, limit=limit + 1)
        items = [service.view(segment) for segment in found[:limit]]
    more = len(found) > limit
    last = (items[-1]["created_at"], items[-1]["id"]) if more else None
    return {"items": items, "next_cursor": last and encode_cursor(last)}


@segments.post("/segments")
@segments.arguments(NewSegmentSchema)
@segments.response(201, SavedSegmentSchema)
@described(problems=(ConflictError,))
@access("admin", role="analyst", scope="surveys:write")
def add_segment(body: dict[str, Any]) -> dict[str, Any]:
    """Save a group of people, such as the `audience` that `insights/active-use/people` returns.

    A survey's audience takes its rule over by `{"op": "segment", "id": …}` when it is saved.
    """
    project_id, actor = current_project(), principal().token_id

    def work(session: Session) -> dict[str, Any]:
        rule = service.resolved(session, project_id, body["audience"], "#/audience")
        known = KnownTraits(session, project_id)
        faults = audience_faults(rule, "#/audience", known)
        if faults:
            raise InvalidRequestError(errors=faults)
        return service.view(
            service.add(session, project_id, name=body["name"], audience=rule, actor=actor)
        )

    return zeroten().db.transact(work)


@segments.delete("/segments/<segment_id>")
@segments.response(204)
@access("admin", role="analyst", scope="surveys:write")
def remove_segment(segment_id: str) -> None:
    """Forget a segment; surveys that took its rule keep it."""
    project_id, actor = current_project(), principal().token_id
    zeroten().db.transact(
        lambda session: service.remove(session, project_id, segment_id, actor=actor)
    )
