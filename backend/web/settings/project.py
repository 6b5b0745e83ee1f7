"""The project itself: its name, its days, and the switch that stops all asking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import available_timezones

from flask import Response, request
from flask.typing import ResponseReturnValue

from backend.api.auth import access
from backend.api.schemas.projects import ProjectChangeSchema
from backend.api.state import zeroten
from backend.domain import roles
from backend.services import projects
from backend.web import forms, signed_in
from backend.web.blueprint import page, web
from backend.web.forms import Form

DONE: Final = {
    "saved": "Saved; it acts within seconds.",
    "on": "Asking is on again.",
    "off": "Asking is switched off: nobody is asked from now on.",
}


@web.get("/settings/project")
@access("dashboard", role=roles.VIEWER, scope="projects:read")
def project() -> Response:
    """Name, time zone and the switch."""
    return _page(Form())


@web.post("/settings/project")
@access("dashboard", role=roles.ADMIN, scope="projects:write")
def change_project() -> ResponseReturnValue:
    """Change the name and the time zone."""
    wanted = {name: request.form.get(name, "").strip() for name in ("name", "timezone")}
    return forms.sent(lambda: _change(wanted, "saved"), _page)


@web.post("/settings/project/asking")
@access("dashboard", role=roles.ADMIN, scope="projects:write")
def switch_asking() -> ResponseReturnValue:
    """Switch all asking off, or on again; what was answered stays, and answers go on arriving."""
    is_on = request.form.get("asking") == "on"
    return forms.sent(lambda: _change({"is_enabled": is_on}, "on" if is_on else "off"), _page)


def _change(wanted: Mapping[str, Any], said: str) -> ResponseReturnValue:
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    changes = forms.load(ProjectChangeSchema, wanted)
    zeroten().db.transact(
        lambda session: projects.change(
            session, project_id, changes, actor=actor, if_match=forms.tags()
        )
    )
    return forms.done("web.project", said)


def _page(form: Form) -> Response:
    with zeroten().db.read() as session:
        found = projects.view(projects.find(session, signed_in.project_id()))
    return page(
        "project.html",
        form.status,
        section="Settings",
        project=found,
        zones=sorted(available_timezones()),
        form=form,
        told=DONE,
    )
