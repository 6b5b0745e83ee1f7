"""What is kept and for how long; files of answers out and in; the way to one person's data."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from backend.api.auth import access
from backend.api.schemas.privacy import PrivacyChangeSchema
from backend.api.state import zeroten
from backend.domain import privacy, roles
from backend.domain.errors import NotFoundError
from backend.services import retention, users
from backend.web import forms, signed_in
from backend.web.blueprint import page, web
from backend.web.forms import Form

DAYS: Final = ("events_days", "decisions_days", "responses_days")
DONE: Final = {
    "saved": "Saved. What is older is deleted within the hour.",
    "erased": "Erased, for good. The id stays refused: late events and open surveys of it too.",
    "anonymised": "Anonymised: the scores are kept, and nobody can link them to the person.",
}


@web.get("/settings/data")
@access("dashboard", role=roles.ANALYST, scope="responses:read")
def data() -> Response:
    """Files of answers, how long what is kept, and the box to find a person in."""
    return _page(Form())


@web.post("/settings/data")
@access("dashboard", role=roles.ADMIN, scope="projects:write")
def change_retention() -> ResponseReturnValue:
    """Change how long the project keeps what."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id

    def work() -> ResponseReturnValue:
        changes = forms.load(PrivacyChangeSchema, _retention())
        zeroten().db.transact(
            lambda session: retention.change(
                session, project_id, changes, actor=actor, if_match=forms.tags()
            )
        )
        return forms.done("web.data", "saved")

    return forms.sent(work, _page)


@web.post("/settings/data/person")
@access("dashboard", role=roles.ANALYST, scope="users:read")
def find_person() -> ResponseReturnValue:
    """Go to the page of a person, where their data is exported and erased."""
    user_id = request.form.get("user_id", "").strip()
    is_anonymous = "anonymous" in request.form
    project_id = signed_in.project_id()
    try:
        with zeroten().db.read() as session:
            users.view(session, project_id, user_id, is_anonymous=is_anonymous)
    except NotFoundError:
        faults = {"user_id": "Nothing is kept under this id."}
        return _page(Form(request.form, faults, status=404))
    given: dict[str, Any] = {"anonymous": "true"} if is_anonymous else {}
    address = url_for("web.user", user_id=user_id, project_id=project_id, **given)
    return redirect(f"{address}#u-data", 303)


def _retention() -> dict[str, Any]:
    """Return what the form says; an empty field of answers keeps them without end."""
    given: dict[str, Any] = {name: forms.number(request.form.get(name, "")) for name in DAYS}
    given["responses_days"] = given["responses_days"] or None
    return given | {"respects_dnt": "respects_dnt" in request.form}


def _page(form: Form) -> Response:
    with zeroten().db.read() as session:
        kept = retention.settings(session, signed_in.project_id())
    return page(
        "data.html",
        form.status,
        section="Settings",
        kept=kept,
        most_days=privacy.MAX_DAYS,
        form=form,
        told=DONE,
    )
