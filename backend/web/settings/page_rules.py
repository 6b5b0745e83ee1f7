"""Which paths are one page: the project's rules, tried on a path before they are saved."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, request
from flask.typing import ResponseReturnValue

from backend.api.auth import access
from backend.api.schemas.features import PathSchema
from backend.api.schemas.projects import ProjectChangeSchema
from backend.api.state import zeroten
from backend.domain import roles
from backend.domain.errors import FieldError, InvalidRequestError
from backend.services import page_rules as service
from backend.services import projects
from backend.web import forms, signed_in
from backend.web.blueprint import page, web
from backend.web.forms import Form

ARROW: Final = "->"
DONE: Final = {"saved": "Saved; it acts within seconds."}


@web.get("/settings/pages")
@access("dashboard", role=roles.VIEWER, scope="projects:read")
def page_rules() -> Response:
    """The rules, and the box to try a path in."""
    return _page(Form())


@web.post("/settings/pages")
@access("dashboard", role=roles.ADMIN, scope="projects:write")
def change_page_rules() -> ResponseReturnValue:
    """Replace the rules, and whether the widget reports which pages are used."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id

    def work() -> ResponseReturnValue:
        wanted = {"page_rules": _rules(), "page_views": "page_views" in request.form}
        changes = forms.load(ProjectChangeSchema, wanted)
        zeroten().db.transact(
            lambda session: projects.change(
                session, project_id, changes, actor=actor, if_match=forms.tags()
            )
        )
        return forms.done("web.page_rules", "saved")

    return forms.sent(work, _page)


@web.post("/settings/pages/try")
@access("dashboard", role=roles.VIEWER, scope="projects:read")
def try_page_rules() -> ResponseReturnValue:
    """Say which page a path counts as under the rules as they stand in the form."""

    def work() -> Response:
        given = {"path": request.form.get("path", "").strip(), "page_rules": _rules()}
        wanted = forms.load(PathSchema, given)
        with zeroten().db.read() as session:
            told = service.tried(session, signed_in.project_id(), **_named(wanted))
        return _page(Form(request.form), told)

    return forms.sent(work, _page)


def _named(wanted: dict[str, Any]) -> dict[str, Any]:
    return {"path": wanted["path"], "rules": wanted["page_rules"]}


def _rules() -> list[dict[str, str]]:
    """Return the rules as they stand in the form, one a line: `/a/* -> /a/:id`."""
    rules = []
    for line in forms.lines("page_rules"):
        pattern, arrow, template = (part.strip() for part in line.partition(ARROW))
        if not (pattern and arrow and template):
            detail = f"“{line}” is no rule: write a pattern, {ARROW} and what it counts as."
            raise InvalidRequestError(errors=[FieldError("#/page_rules", detail)])
        rules.append({"pattern": pattern, "template": template})
    return rules


def _page(form: Form, tried: dict[str, Any] | None = None) -> Response:
    with zeroten().db.read() as session:
        project = projects.view(projects.find(session, signed_in.project_id()))
    rules = project["page_rules"]
    return page(
        "page_rules.html",
        form.status,
        section="Settings",
        project=project,
        text="\n".join(f"{rule['pattern']} {ARROW} {rule['template']}" for rule in rules),
        reports=("page_views" in form.values) if form.values else project["page_views"],
        tried=tried,
        form=form,
        told=DONE,
    )
