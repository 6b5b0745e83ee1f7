"""Responses: filtered, one by one, and as files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from flask import Response

from backend.api import rate_limit
from backend.api.admin.common import (
    AdminBlueprint,
    current_project,
    decode_cursor,
    described,
    encode_cursor,
    etag_header,
    if_match,
)
from backend.api.auth import access, principal
from backend.api.schemas.common import page_of
from backend.api.schemas.responses import (
    ResponseChangeSchema,
    ResponseFilterSchema,
    ResponseQuerySchema,
    ResponseSchema,
)
from backend.api.state import zeroten
from backend.domain.errors import RoleForbiddenError
from backend.services import exports
from backend.services import responses as service
from backend.services.response_views import views
from backend.services.responses import Filters

Answer = tuple[dict[str, Any], int, dict[str, str]]

responses = AdminBlueprint("responses", __name__)

# Small groups are hidden from viewers in every insight (METHODS, section 7); so they are here.
_BY_WHOM: Final = frozenset(
    (
        "user_id",
        "account_id",
        "role",
        "plan",
        "page",
        "language",
        "app_version",
        "is_verified",
        "assignee_id",
        "tag",
    )
)


@responses.get("/responses")
@responses.arguments(ResponseQuerySchema, location="query")
@responses.response(200, page_of(ResponseSchema))
@access("admin", role="viewer", scope="responses:read")
def list_responses(query: dict[str, Any]) -> dict[str, Any]:
    """List responses by time, the newest first.

    Viewers see what was said and when, and nothing of who or which group said it: a filter by
    that needs the role analyst.
    """
    _check_filters(query)
    project_id = current_project()
    after = decode_cursor(query.pop("cursor"), tuple[datetime, str])
    limit, newest_first = query.pop("limit"), query.pop("sort") == "-answered_at"
    filters = Filters(**query)
    with zeroten().db.read() as session:
        found = service.listed(
            session, project_id, filters, newest_first=newest_first, after=after, limit=limit + 1
        )
        shown = found[:limit]
        items = views(session, project_id, shown, names_people=_sees_names())
        more = len(found) > limit
        cursor = encode_cursor(service.place(shown[-1], filters)) if more else None
    return {"items": items, "next_cursor": cursor}


@responses.get("/responses/<response_id>")
@responses.response(200, ResponseSchema)
@access("admin", role="viewer", scope="responses:read")
def get_response(response_id: str) -> Answer:
    """Return one response."""
    return _one(current_project(), response_id)


@responses.patch("/responses/<response_id>")
@responses.arguments(ResponseChangeSchema)
@responses.response(200, ResponseSchema)
@described(if_match=True)
@access("admin", role="analyst", scope="responses:write")
def change_response(body: dict[str, Any], response_id: str) -> Answer:
    """Follow a response up, or mark it as a test: tests count in no insight."""
    project_id, actor, tags = current_project(), principal().token_id, if_match()
    zeroten().db.transact(
        lambda session: service.change(
            session, project_id, response_id, changes=body, actor=actor, if_match=tags
        )
    )
    return _one(project_id, response_id)


@responses.get("/responses.csv")
@responses.arguments(ResponseFilterSchema, location="query")
@responses.response(200, {"type": "string"}, content_type="text/csv")
@access("admin", role="analyst", scope="responses:read")
def export_csv(query: dict[str, Any]) -> Response:
    """Export responses as CSV, oldest first.

    RFC 4180 with a header line, UTF-8. A text that a spreadsheet would take for a formula gets a
    leading `'`; numbers stay numbers; lists and objects are JSON.
    """
    return _export("csv", "text/csv; charset=utf-8; header=present", query)


@responses.get("/responses.jsonl")
@responses.arguments(ResponseFilterSchema, location="query")
@responses.response(200, ResponseSchema, content_type="application/jsonl")
@access("admin", role="analyst", scope="responses:read")
def export_json_lines(query: dict[str, Any]) -> Response:
    """Export responses as JSON, one a line, oldest first."""
    return _export("jsonl", "application/jsonl; charset=utf-8", query)


def _one(project_id: str, response_id: str) -> Answer:
    with zeroten().db.read() as session:
        row = service.find(session, project_id, response_id)
        shown = views(session, project_id, [row], names_people=_sees_names())[0]
        return shown, 200, etag_header(service.etag(row[0]))


def _export(kind: str, content_type: str, query: dict[str, Any]) -> Response:
    db, project_id = zeroten().db, current_project()
    rate_limit.check_export(principal().token_id)
    exports.record(db, project_id, kind, actor=principal().token_id)
    pieces = exports.pieces(db, project_id, Filters(**query))
    response = Response(exports.FORMATS[kind](pieces), content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="responses.{kind}"'
    return response


def _check_filters(query: Mapping[str, Any]) -> None:
    """Raise RoleForbiddenError when a viewer would cut the answers down to few people."""
    if not _sees_names() and not query.keys().isdisjoint(_BY_WHOM):
        raise RoleForbiddenError("A filter by person, account or group needs the role analyst.")


def _sees_names() -> bool:
    return principal().role != "viewer"
