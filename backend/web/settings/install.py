"""The tag for pages and the lines for servers, with a check that they are heard of."""

from __future__ import annotations

from flask import Response, jsonify, request

from backend.api.auth import access
from backend.api.state import zeroten
from backend.domain import roles
from backend.services import first_steps, projects
from backend.web import signed_in, words
from backend.web.blueprint import page, web


@web.get("/settings")
@access("dashboard", role=roles.VIEWER, scope="projects:read")
def install() -> Response:
    """The tag for pages and the lines for servers, and whether they have been heard of."""
    project_id = signed_in.project_id()
    with zeroten().db.read() as session:
        rows = projects.keys_of(session, project_id)
        live = [key.token for key in rows if key.kind == "publishable" and not key.revoked_at]
        seen = first_steps.seen(session, project_id)
    return page(
        "install.html",
        section="Settings",
        key=live[0] if live else None,
        address=request.host_url.rstrip("/"),
        seen=seen,
    )


@web.get("/settings/seen")
@access("dashboard", role=roles.VIEWER, scope="projects:read")
def seen() -> Response:
    """Whether a page and a server have been heard of, for the live check."""
    with zeroten().db.read() as session:
        found = first_steps.seen(session, signed_in.project_id())
    return jsonify({name: at and words.ago(at) for name, at in found.items()})
