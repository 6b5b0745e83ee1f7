"""`openapi.json` and a page to read it in: one file of HTML, no script, nothing from elsewhere."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec
from flask import Blueprint, Flask, Response, render_template
from markupsafe import Markup, escape

from backend.api.admin.common import PREFIX
from backend.api.auth import access
from backend.api.state import zeroten

DOCUMENT: Final = "zeroten.openapi"
_STYLE: Final = (Path(__file__).parent / "templates" / "docs.css").read_text()
_STYLE_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)

docs = Blueprint("docs", __name__, url_prefix=PREFIX, template_folder="templates")


def publish(app: Flask, document: dict[str, Any]) -> None:
    """Have `app` serve `document` and its page."""
    app.extensions[DOCUMENT] = document
    app.register_blueprint(docs)


@docs.get("/openapi.json")
@access("open")
def openapi_json() -> Response:
    """Return the OpenAPI document."""
    return Response(msgspec.json.encode(_document()), content_type="application/json")


@docs.get("/docs")
@access("open")
def page() -> Response:
    """Return the operations as a page; it works offline."""
    html = render_template(
        "docs.html",
        document=_document(),
        style=_STYLE,
        tags=_by_tag(),
        resolve=_resolve,
        marked=_marked,
    )
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _POLICY
    return response


def _marked(text: str) -> Markup:
    """Return a text of the document with its `code` set as such, the rest escaped."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704


def _document() -> dict[str, Any]:
    known: dict[str, Any] = zeroten().app.extensions[DOCUMENT]
    return known


def _by_tag() -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
    """Return (method, path, operation) by tag, in the document's order."""
    tags: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, item in _document()["paths"].items():
        for method in ("get", "post", "patch", "put", "delete"):
            if operation := item.get(method):
                shared = item.get("parameters", [])
                whole = operation | {"parameters": [*shared, *operation.get("parameters", [])]}
                for tag in operation["tags"]:
                    tags.setdefault(tag, []).append((method.upper(), path, whole))
    return tags


def _resolve(schema: dict[str, Any] | None) -> dict[str, Any]:
    """Return a schema with the reference at its top followed, its name as `title`."""
    if not schema:
        return {}
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].rpartition("/")[2]
    found: dict[str, Any] = _document()["components"]["schemas"][name]
    return {"title": name} | found
