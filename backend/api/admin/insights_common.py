"""What the routes of the insights share: the question, and its answer as JSON or CSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from flask import Response, current_app, request

from backend.api.admin.common import current_project, decode_cursor, encode_cursor
from backend.api.auth import principal
from backend.api.state import zeroten
from backend.services.insights.population import Populations
from backend.services.insights.question import Question
from backend.services.insights.tables import table_csv
from backend.services.insights.windows import Windows

JSON: Final = "application/json"
CSV: Final = "text/csv"


@dataclass(frozen=True, slots=True)
class Kept:
    """What the insights keep between requests."""

    windows: Windows = field(default_factory=Windows)
    populations: Populations = field(default_factory=Populations)


def kept() -> Kept:
    """Return what this application's insights keep."""
    found: Kept = current_app.extensions.setdefault("insights", Kept())
    return found


def ask(service: Callable[..., Any], query: Mapping[str, Any], **given: Any) -> Response:
    """Answer a question by a service function; as CSV, its `rows` alone."""
    project_id = current_project()
    with zeroten().db.read() as session:
        return answered(service(session, kept().windows, project_id, _question(query), **given))


def ask_page(service: Callable[..., Any], query: dict[str, Any], **given: Any) -> Response:
    """Answer a question whose rows come in pages."""
    limit, start = query.pop("limit"), decode_cursor(query.pop("cursor"), int) or 0
    project_id = current_project()
    with zeroten().db.read() as session:
        table, more = service(
            session,
            kept().windows,
            project_id,
            _question(query),
            start=max(0, start),
            limit=limit,
            **given,
        )
    table["next_cursor"] = encode_cursor(start + limit) if more else None
    return answered(table)


def answered(table: Mapping[str, Any]) -> Response:
    """Return an insight in the form that the caller prefers."""
    if request.accept_mimetypes.best_match([JSON, CSV], JSON) == CSV:
        rows = table.get("rows", [table])
        response = Response(table_csv(rows), content_type="text/csv; charset=utf-8")
    else:
        response = Response(msgspec.json.encode(table), content_type=JSON)
    response.vary.add("Accept")
    return response


def shape(table: Any) -> dict[str, Any]:
    """Return the JSON schema of a typed dictionary, without references, for the documentation."""
    (found,), parts = msgspec.json.schema_components([table], ref_template="{name}")
    resolved: dict[str, Any] = _resolved(found, parts)
    return resolved


def _question(query: Mapping[str, Any]) -> Question:
    return Question(**query, sees_answers=principal().role != "viewer")


def _resolved(schema: Any, parts: Mapping[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_resolved(one, parts) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _resolved(parts[schema["$ref"]], parts)
    return {name: _resolved(value, parts) for name, value in schema.items()}
