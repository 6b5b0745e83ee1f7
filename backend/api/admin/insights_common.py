"""What the routes of the insights share: the question, and its answer as JSON or CSV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from flask import Response, current_app, request

from backend.api.admin.common import current_project
from backend.api.auth import principal
from backend.api.state import zeroten
from backend.services.insights.question import Question
from backend.services.insights.tables import table_csv
from backend.services.insights.windows import Windows

JSON = "application/json"
CSV = "text/csv"


def windows() -> Windows:
    """Return the application's loaded windows."""
    kept: Windows = current_app.extensions.setdefault("insights", Windows())
    return kept


def sees_answers() -> bool:
    """Say whether the caller may see single answers."""
    return principal().role != "viewer"


def question(query: Mapping[str, Any]) -> Question:
    """Return the question behind the query's parameters."""
    return Question(**query, sees_answers=sees_answers())


def ask(service: Any, query: Mapping[str, Any], *, rows: str = "rows", **given: Any) -> Response:
    """Answer a question by a service function; as CSV its list `rows` alone, a line each."""
    project_id = current_project()
    with zeroten().db.read() as session:
        table = service(session, windows(), project_id, question(query), **given)
    return answered(table, rows)


def answered(table: Mapping[str, Any], rows: str) -> Response:
    """Return an insight in the form that the caller prefers."""
    if request.accept_mimetypes.best_match([JSON, CSV], JSON) == CSV:
        found = table.get(rows, [table])
        response = Response(table_csv(found), content_type="text/csv; charset=utf-8")
    else:
        response = Response(msgspec.json.encode(table), content_type=JSON)
    response.vary.add("Accept")
    return response


def shape(table: Any) -> dict[str, Any]:
    """Return the JSON schema of a typed dictionary, without references, for the documentation."""
    (found,), parts = msgspec.json.schema_components([table], ref_template="{name}")
    resolved: dict[str, Any] = _resolved(found, parts)
    return resolved


def _resolved(schema: Any, parts: Mapping[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_resolved(one, parts) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _resolved(parts[schema["$ref"]], parts)
    return {name: _resolved(value, parts) for name, value in schema.items()}
