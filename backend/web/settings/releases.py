"""Markers on the trend: what was released when."""

from __future__ import annotations

from typing import Final

from flask import Response, request
from flask.typing import ResponseReturnValue

from backend.api.auth import access
from backend.api.schemas.insights import NewReleaseSchema
from backend.api.state import zeroten
from backend.domain import roles
from backend.services.insights import releases as service
from backend.web import forms, signed_in
from backend.web.blueprint import page, web
from backend.web.forms import Form

SHOWN: Final = 200
DONE: Final = {"added": "Added to the trend.", "removed": "Taken off the trend."}


@web.get("/settings/releases")
@access("dashboard", role=roles.VIEWER, scope="insights:read")
def releases() -> Response:
    """The markers on the trend, the latest first."""
    return _page(Form())


@web.post("/settings/releases")
@access("dashboard", role=roles.ANALYST, scope="insights:write")
def add_release() -> ResponseReturnValue:
    """Mark a release on the trend."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id

    def work() -> ResponseReturnValue:
        wanted = {name: request.form.get(name, "").strip() for name in ("name", "at")}
        body = forms.load(NewReleaseSchema, wanted)
        zeroten().db.transact(lambda session: service.add(session, project_id, actor=actor, **body))
        return forms.done("web.releases", "added")

    return forms.sent(work, _page)


@web.post("/settings/releases/remove")
@access("dashboard", role=roles.ANALYST, scope="insights:write")
def remove_release() -> ResponseReturnValue:
    """Take a marker off the trend; no answer changes."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    release_id = request.form.get("release_id", "")
    zeroten().db.transact(
        lambda session: service.remove(session, project_id, release_id, actor=actor)
    )
    return forms.done("web.releases", "removed")


def _page(form: Form) -> Response:
    with zeroten().db.read() as session:
        found = service.listed(session, signed_in.project_id(), before=None, limit=SHOWN)
        rows = [service.view(release) for release in found]
    return page(
        "releases.html",
        form.status,
        section="Settings",
        rows=rows,
        most=SHOWN,
        form=form,
        told=DONE,
    )
