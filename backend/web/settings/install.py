"""The tag for pages and the lines for servers, with a check that they are heard of."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, jsonify, request

from backend.api.auth import access
from backend.api.state import zeroten
from backend.domain import roles
from backend.services import first_steps, projects
from backend.services.first_steps import Heard
from backend.web import signed_in, words
from backend.web.blueprint import page, web

Told = dict[str, dict[str, Any]]
_REFUSED: Final = "its origin is not on the list under Origins."


@web.get("/settings")
@access("dashboard", role=roles.VIEWER, scope="projects:read")
def install() -> Response:
    """The tag for pages and the lines for servers, and whether they have been heard of."""
    project_id = signed_in.project_id()
    with zeroten().db.read() as session:
        rows = projects.keys_of(session, project_id)
        live = [key.token for key in rows if key.kind == "publishable" and not key.revoked_at]
        told = _told(first_steps.heard(session, project_id))
    return page(
        "install.html",
        section="Settings",
        key=live[0] if live else None,
        address=request.host_url.rstrip("/"),
        seen=told,
    )


@web.get("/settings/seen")
@access("dashboard", role=roles.VIEWER, scope="projects:read")
def seen() -> Response:
    """Whether a page and a server have been heard of, for the live check."""
    with zeroten().db.read() as session:
        return jsonify(_told(first_steps.heard(session, signed_in.project_id())))


def _told(heard: Heard) -> Told:
    """Return in words what has been heard, and whether it is as it should be (None: not yet)."""
    page_ago, server_ago = words.ago(heard.page_at), words.ago(heard.server_at)
    at = f" at {heard.origin}" if heard.origin else ""
    found: dict[str, Any] = {"is_fine": None, "text": "No page with the tag has been seen yet."}
    if heard.page_at and heard.may_ask:
        found = {"is_fine": True, "text": f"A page{at} was seen with the tag {page_ago}."}
    elif heard.page_at:
        text = f"A page{at} was seen with the tag {page_ago}, but may not ask: {_REFUSED}"
        found = {"is_fine": False, "text": text}
    server: dict[str, Any] = {"is_fine": None, "text": "No server has sent events yet."}
    if heard.server_at:
        server = {"is_fine": True, "text": f"A server sent events {server_ago}."}
    return {"page": found, "server": server}
