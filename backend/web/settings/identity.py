"""Who is answering: how far the page is believed, the secrets of signing, and a token's check."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, request
from flask.typing import ResponseReturnValue

from backend.api.auth import access
from backend.api.schemas.identity import TokenCheckSchema
from backend.api.schemas.projects import ProjectChangeSchema
from backend.api.state import zeroten
from backend.domain import roles
from backend.services import identity_secrets, projects
from backend.services.clock import utc_now
from backend.web import forms, signed_in
from backend.web.blueprint import page, web
from backend.web.forms import Form

DONE: Final = {
    "saved": "Saved; it acts within seconds.",
    "revoked": "Revoked: tokens signed with it are no longer taken.",
}


@web.get("/settings/identity")
@access("dashboard", role=roles.ADMIN, scope="keys:read")
def identity() -> Response:
    """The mode, the secrets, and the box to try a token in."""
    return _page(Form())


@web.post("/settings/identity")
@access("dashboard", role=roles.ADMIN, scope="projects:write")
def change_identity() -> ResponseReturnValue:
    """Change how far a page's word about its user is taken."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id

    def work() -> ResponseReturnValue:
        wanted = {
            "identity_mode": request.form.get("identity_mode", ""),
            "excludes_unverified": "excludes_unverified" in request.form,
        }
        changes = forms.load(ProjectChangeSchema, wanted)
        zeroten().db.transact(
            lambda session: projects.change(
                session, project_id, changes, actor=actor, if_match=forms.tags()
            )
        )
        return forms.done("web.identity", "saved")

    return forms.sent(work, _page)


@web.post("/settings/identity/secrets")
@access("dashboard", role=roles.ADMIN, scope="keys:write")
def add_identity_secret() -> ResponseReturnValue:
    """Add a secret beside the one in use; it is shown this once."""
    project_id, actor, vault = signed_in.project_id(), signed_in.principal().token_id, _vault()

    def work() -> Response:
        made = zeroten().db.transact(
            lambda session: identity_secrets.add(session, vault, project_id, actor=actor)
        )
        return _page(Form(), made=(made[0].id, made[1]))

    return forms.sent(work, _page)


@web.post("/settings/identity/revoke")
@access("dashboard", role=roles.ADMIN, scope="keys:write")
def revoke_identity_secret() -> ResponseReturnValue:
    """Revoke a secret, at once and for good."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    secret_id = request.form.get("secret_id", "")
    zeroten().db.transact(
        lambda session: identity_secrets.revoke(session, project_id, secret_id, actor=actor)
    )
    return forms.done("web.identity", "revoked")


@web.post("/settings/identity/check")
@access("dashboard", role=roles.ADMIN, scope="keys:read")
def check_token() -> ResponseReturnValue:
    """Say what the server makes of a token; it is neither stored nor put into an address."""

    def work() -> Response:
        given = {"token": request.form.get("token", "").strip()}
        token = forms.load(TokenCheckSchema, given)["token"]
        with zeroten().db.read() as session:
            told = identity_secrets.check(
                session, _vault(), signed_in.project_id(), token, utc_now()
            )
        return _page(Form(request.form), told=told)

    return forms.sent(work, _page)


def _vault() -> Any:
    return zeroten().vault


def _page(
    form: Form, made: tuple[str, str] | None = None, told: dict[str, Any] | None = None
) -> Response:
    project_id = signed_in.project_id()
    with zeroten().db.read() as session:
        project = projects.view(projects.find(session, project_id))
        rows = [identity_secrets.view(x) for x in identity_secrets.secrets_of(session, project_id)]
    return page(
        "identity.html",
        form.status,
        section="Settings",
        project=project,
        rows=rows,
        steps=_steps(project, rows),
        form=form,
        made=made,
        checked=told,
        told=DONE,
    )


def _steps(project: dict[str, Any], secrets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the three steps from unsigned to signed, and which of them are done."""
    return [
        {"step": "secret", "is_done": any(each["revoked_at"] is None for each in secrets)},
        {"step": "token", "is_done": any(each["last_used_on"] for each in secrets)},
        {"step": "required", "is_done": project["identity_mode"] == "required"},
    ]
