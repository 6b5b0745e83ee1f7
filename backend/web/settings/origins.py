"""The pages that may ask."""

from __future__ import annotations

from typing import Final

from flask import Response
from flask.typing import ResponseReturnValue

from backend.api.auth import access
from backend.api.schemas.projects import ProjectChangeSchema
from backend.api.state import zeroten
from backend.domain import roles
from backend.services import projects
from backend.web import forms, signed_in
from backend.web.blueprint import page, web
from backend.web.forms import Form

DONE: Final = {"saved": "Saved; it acts within seconds."}


@web.get("/settings/origins")
@access("dashboard", role=roles.VIEWER, scope="projects:read")
def origins() -> Response:
    """The pages that may ask."""
    return _page(Form())


@web.post("/settings/origins")
@access("dashboard", role=roles.ADMIN, scope="projects:write")
def change_origins() -> ResponseReturnValue:
    """Replace the list; pages meet the new one within seconds."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id

    def work() -> ResponseReturnValue:
        listed = {"allowed_origins": forms.lines("allowed_origins")}
        changes = forms.load(ProjectChangeSchema, listed)
        zeroten().db.transact(
            lambda session: projects.change(
                session, project_id, changes, actor=actor, if_match=forms.tags()
            )
        )
        return forms.done("web.origins", "saved")

    return forms.sent(work, _page)


def _page(form: Form) -> Response:
    with zeroten().db.read() as session:
        project = projects.view(projects.find(session, signed_in.project_id()))
    stored = "\n".join(project["allowed_origins"])
    return page(
        "origins.html",
        form.status,
        section="Settings",
        project=project,
        text=form.values.get("allowed_origins", stored),
        form=form,
        told=DONE,
    )
