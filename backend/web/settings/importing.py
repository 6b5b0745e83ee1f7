"""Answers from another tool's file: read, shown as they were understood, then taken over.

With scripts a long file goes over in pieces and a bar tells how far it is; without, at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from backend.api.auth import access
from backend.api.schemas.imports import ImportSchema
from backend.api.state import zeroten
from backend.domain import roles
from backend.domain.errors import FieldError, InvalidRequestError
from backend.services import imports
from backend.services import surveys as survey_service
from backend.services.import_rows import HEADINGS, REQUIRED, Options
from backend.web import forms, signed_in
from backend.web.blueprint import page, web
from backend.web.forms import Form

DELIMITERS: Final = (
    ("", "as the heading has most of"),
    (",", "comma"),
    (";", "semicolon"),
    ("\t", "tab"),
    ("|", "bar"),
)
SHOWN_FAULTS: Final = 20


@web.get("/settings/import")
@access("dashboard", role=roles.ADMIN, scope="responses:write")
def import_page() -> Response:
    """Choose a file and the survey whose answers these are from now on."""
    return _page(Form())


@web.post("/settings/import")
@access("dashboard", role=roles.ADMIN, scope="responses:write")
def import_answers() -> ResponseReturnValue:
    """Look at the file, or take its answers over; sending it again adds nothing."""
    is_trial = request.form.get("step") != "import"

    def work() -> ResponseReturnValue:
        text = _text()
        body = forms.load(ImportSchema, {**_options(), "csv": text, "dry_run": is_trial})
        told = _run(body)
        if request.accept_mimetypes.best == "application/json":
            return jsonify(told)
        return _page(Form(request.form), told, text)

    return forms.sent(work, _page)


def _run(body: dict[str, Any]) -> dict[str, Any]:
    survey_id, text, dry_run = (body.pop(name) for name in ("survey_id", "csv", "dry_run"))
    return imports.run(
        zeroten().db,
        signed_in.project_id(),
        survey_id,
        text,
        Options(**body),
        actor=signed_in.principal().token_id,
        dry_run=dry_run,
    )


def _text() -> str:
    """Return the file's text: of the file chosen just now, else as it came before."""
    chosen = request.files.get("file")
    if chosen is None or not chosen.filename:
        text = request.form.get("csv", "")
    else:
        try:
            text = chosen.stream.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            fault = FieldError("#/file", "The file is no text in UTF-8: save it as “CSV UTF-8”.")
            raise InvalidRequestError(errors=[fault]) from None
    if not text.strip():
        raise InvalidRequestError(errors=[FieldError("#/file", "Choose a file with a heading.")])
    return text


def _options() -> dict[str, Any]:
    named: Mapping[str, str] = request.form
    columns = {name: named[f"column_{name}"] for name in HEADINGS if named.get(f"column_{name}")}
    given: dict[str, Any] = {"survey_id": named.get("survey_id", ""), "columns": columns}
    for name in ("delimiter", "time_format"):
        # A tab is a value that trimming would take away.
        if named.get(name):
            given[name] = named[name]
    return given | {"traits": request.form.getlist("traits")}


def _page(form: Form, told: dict[str, Any] | None = None, text: str = "") -> Response:
    with zeroten().db.read() as session:
        surveys = _scored(session)
    headings: list[str] = []
    if told is not None:
        headings = [*told["columns"].values(), *told["ignored_columns"]]
        headings += [one for one in request.form.getlist("traits") if one not in headings]
    return page(
        "import.html",
        form.status,
        section="Settings",
        surveys=surveys,
        members=[(name, name.replace("_", " "), name in REQUIRED) for name in HEADINGS],
        headings=headings,
        chosen_traits=frozenset(request.form.getlist("traits")),
        delimiters=DELIMITERS,
        result=told,
        faults=told["faults"][:SHOWN_FAULTS] if told else [],
        csv=text,
        form=form,
        told={},
    )


def _scored(session: Session) -> dict[str, str]:
    """Return the surveys that were published, by id: an imported answer needs a version."""
    found = survey_service.listed(
        session, signed_in.project_id(), status=None, after=None, limit=200
    )
    return {survey.id: survey.name for survey in found if survey.status != "draft"}
