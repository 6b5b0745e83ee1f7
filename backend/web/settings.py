"""Settings: the tag with a check that it works, keys, origins, members, the audit log."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.api.admin.common import decode_cursor, encode_cursor
from backend.api.auth import access
from backend.api.schemas.projects import ProjectChangeSchema
from backend.api.state import zeroten
from backend.domain import roles
from backend.domain.errors import InvalidRequestError, PreconditionFailedError
from backend.services import audit, members, projects
from backend.storage.models import Batch, Decision
from backend.web import signed_in, words
from backend.web.blueprint import page, web

LOG_A_PAGE: Final = 50


@web.get("/settings")
@access("dashboard", role=roles.VIEWER, scope="projects:read")
def install() -> Response:
    """The tag for pages and the lines for servers, and whether they have been heard of."""
    project_id = signed_in.project_id()
    with zeroten().db.read() as session:
        rows = projects.keys_of(session, project_id)
        live = [key.token for key in rows if key.kind == "publishable" and not key.revoked_at]
        seen = _seen(session, project_id)
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
        found = _seen(session, signed_in.project_id())
    return jsonify({name: at and words.ago(at) for name, at in found.items()})


@web.get("/settings/keys")
@access("dashboard", role=roles.ADMIN, scope="keys:read")
def keys() -> Response:
    """The project's keys; of secret ones their ends."""
    return _keys(None)


@web.post("/settings/keys")
@access("dashboard", role=roles.ADMIN, scope="keys:write")
def add_key() -> Response:
    """Add a key; a secret one is shown this once."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    kind = "secret" if request.form.get("kind") == "secret" else "publishable"
    made = zeroten().db.transact(
        lambda session: projects.add_key(session, project_id, kind, actor=actor)[1]
    )
    return _keys(made)


@web.post("/settings/keys/<key_id>/revoke")
@access("dashboard", role=roles.ADMIN, scope="keys:write")
def revoke_key(key_id: str) -> ResponseReturnValue:
    """Revoke a key, at once and for good."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    zeroten().db.transact(
        lambda session: projects.revoke_key(session, project_id, key_id, actor=actor)
    )
    return redirect(url_for("web.keys", project_id=project_id), 303)


@web.get("/settings/origins")
@access("dashboard", role=roles.VIEWER, scope="projects:read")
def origins() -> Response:
    """The pages that may ask."""
    return _origins(None)


@web.post("/settings/origins")
@access("dashboard", role=roles.ADMIN, scope="projects:write")
def change_origins() -> ResponseReturnValue:
    """Replace the list; pages meet the new one within seconds."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    text = request.form.get("origins", "")
    listed = [line.strip() for line in text.splitlines() if line.strip()]
    try:
        changes = ProjectChangeSchema().load({"allowed_origins": listed})
        zeroten().db.transact(
            lambda session: projects.change(
                session,
                project_id,
                changes,
                actor=actor,
                if_match=frozenset([request.form.get("revision", "")]),
            )
        )
    except (ValidationError, InvalidRequestError):
        told = "One origin a line, such as https://app.example.com or https://*.example.com."
        return _origins(text, told, 422)
    except PreconditionFailedError:
        told = "Somebody else has changed the project meanwhile. What you entered stands below."
        return _origins(text, told, 412)
    return redirect(url_for("web.origins", project_id=project_id, done="saved"), 303)


@web.get("/settings/members")
@access("dashboard", role=roles.ADMIN, scope="members:read")
def team() -> Response:
    """Who may enter the project."""
    with zeroten().db.read() as session:
        rows = members.listed(session, signed_in.project_id())
    return page("members.html", section="Settings", rows=rows)


@web.get("/settings/audit")
@access("dashboard", role=roles.ADMIN, scope="audit:read")
def audit_log() -> Response:
    """Who changed what, the newest first."""
    before = decode_cursor(request.args.get("cursor"), int)
    with zeroten().db.read() as session:
        found = audit.entries(
            session,
            signed_in.project_id(),
            subject=request.args.get("subject") or None,
            before=before,
            limit=LOG_A_PAGE + 1,
        )
        cursor = encode_cursor(found[LOG_A_PAGE - 1].key) if len(found) > LOG_A_PAGE else None
        return page("audit.html", section="Settings", rows=found[:LOG_A_PAGE], cursor=cursor)


def _keys(made: str | None) -> Response:
    with zeroten().db.read() as session:
        rows = [projects.key_view(key) for key in projects.keys_of(session, signed_in.project_id())]
    return page("keys.html", section="Settings", rows=rows, made=made)


def _origins(text: str | None, problem: str = "", status: int = 200) -> Response:
    with zeroten().db.read() as session:
        project = projects.view(projects.find(session, signed_in.project_id()))
    return page(
        "origins.html",
        status,
        section="Settings",
        project=project,
        text="\n".join(project["allowed_origins"]) if text is None else text,
        problem=problem,
        done=request.args.get("done"),
    )


def _seen(session: Session, project_id: str) -> dict[str, Any]:
    asked = select(func.max(Decision.at)).where(Decision.project_id == project_id)
    sent = select(func.max(Batch.received_at)).where(Batch.project_id == project_id)
    return {"page": session.scalar(asked), "server": session.scalar(sent)}
