"""Surveys: what is out, whom it asks and how many answers that brings, and how it looks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError
from sqlalchemy.orm import Session

from backend.api.auth import access
from backend.api.schemas.surveys import SurveyChangeSchema
from backend.api.state import zeroten
from backend.domain import roles
from backend.domain.audience_words import in_words
from backend.domain.errors import (
    FieldError,
    InvalidRequestError,
    NotFoundError,
    PreconditionFailedError,
)
from backend.domain.flow.changes import changes
from backend.domain.limits import NAME_LENGTH
from backend.domain.survey_templates import TEMPLATES
from backend.services import decisions, reach, survey_checks, survey_status
from backend.services import surveys as service
from backend.services.clock import utc_now
from backend.services.decisions import Filters
from backend.services.scope import one
from backend.storage.models import Survey
from backend.web import signed_in
from backend.web.asked import survey_names
from backend.web.blueprint import page, web

SHOWN_DECISIONS: Final = 8
# A forecast follows the slider: on so many people it is off by a percent or two, within 0.1 s.
FORECAST_ON: Final = 1_000
# What the sampling form holds: percent and whole days.
SAMPLING: Final = ("rate", "spread_days", "old_enough_days")
RESTS: Final = {
    "rest_days": "after an answer to this survey",
    "decline_rest_days": "after a “no”",
    "ignore_rest_days": "after being ignored",
    "any_survey_rest_days": "after any survey",
}


@web.get("/surveys")
@access("dashboard", role=roles.VIEWER, scope="surveys:read")
def surveys() -> Response:
    """All surveys of the project."""
    with zeroten().db.read() as session:
        found = service.listed(session, signed_in.project_id(), status=None, after=None, limit=200)
        rows = [service.view(session, survey) for survey in found]
    order = {"published": 0, "paused": 1, "draft": 2, "archived": 3}
    rows.sort(key=lambda row: (order[row["status"]], -row["priority"], row["name"]))
    return page("surveys.html", section="Surveys", rows=rows, templates=TEMPLATES)


@web.post("/surveys")
@access("dashboard", role=roles.ADMIN, scope="surveys:write")
def add_survey() -> ResponseReturnValue:
    """Draft a survey from a template."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    template = TEMPLATES.get(request.form.get("template", "nps"))
    if template is None:
        raise NotFoundError
    name = request.form.get("name", "").strip()[:NAME_LENGTH] or template.name
    given = {"name": name, "content": template.content}
    survey_id = zeroten().db.transact(
        lambda session: service.add(session, project_id, given, actor=actor).id
    )
    return redirect(url_for("web.edit_survey", survey_id=survey_id, project_id=project_id), 303)


@web.post("/surveys/<survey_id>/copy")
@access("dashboard", role=roles.ADMIN, scope="surveys:write")
def copy_survey(survey_id: str) -> ResponseReturnValue:
    """Draft a survey like this one, whatever state this one is in."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    made = zeroten().db.transact(
        lambda session: service.copy(session, project_id, survey_id, actor=actor).id
    )
    return redirect(url_for("web.edit_survey", survey_id=made, project_id=project_id), 303)


@web.get("/surveys/<survey_id>")
@access("dashboard", role=roles.VIEWER, scope="surveys:read")
def survey(survey_id: str) -> Response:
    """One survey; the sampling in the address is tried, not saved."""
    tried = {name: request.args[name] for name in (*SAMPLING, *RESTS) if name in request.args}
    return _page(survey_id, tried)


@web.post("/surveys/<survey_id>")
@access("dashboard", role=roles.ADMIN, scope="surveys:write")
def change_survey(survey_id: str) -> ResponseReturnValue:
    """Save the sampling and the rests; when somebody was faster, show both and lose nothing."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    given = {name: request.form[name] for name in (*SAMPLING, *RESTS) if name in request.form}
    tags = frozenset([request.form.get("revision", "")])
    try:
        wanted = _changes(given)
        zeroten().db.transact(
            lambda session: service.change(
                session, project_id, survey_id, wanted, actor=actor, if_match=tags
            )
        )
    except PreconditionFailedError:
        told = "Somebody else has changed this survey meanwhile. What you entered stands below."
        return _page(survey_id, given, told, 412)
    except InvalidRequestError as error:
        faults = " ".join(fault.detail for fault in error.errors)
        return _page(survey_id, given, faults or error.detail, 422)
    return _back(survey_id, "saved")


@web.post("/surveys/<survey_id>/status")
@access("dashboard", role=roles.ADMIN, scope="surveys:write")
def set_status(survey_id: str) -> ResponseReturnValue:
    """Publish, pause, archive or take out of the archive."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    status = request.form.get("status", "")
    if status not in ("published", "paused", "archived", "restored"):
        raise NotFoundError
    tags = frozenset([request.form.get("revision", "")])
    try:
        zeroten().db.transact(
            lambda session: (
                survey_status.restore(session, project_id, survey_id, actor=actor, if_match=tags)
                if status == "restored"
                else survey_status.set_status(
                    session, project_id, survey_id, status, actor=actor, if_match=tags
                )
            )
        )
    except PreconditionFailedError:
        return _page(survey_id, {}, "Somebody else has changed this survey. Look again.", 412)
    return _back(survey_id, status)


def _page(survey_id: str, tried: dict[str, str], problem: str = "", status: int = 200) -> Response:
    project_id, parts = signed_in.project_id(), zeroten()
    project = parts.published.project(project_id)
    with parts.db.read() as session:
        found = one(session, Survey, project_id, survey_id)
        stored = service.view(session, found)
        versions = service.versions(session, project_id, survey_id)
        draft = changes(versions[0]["content"], stored["content"]) if versions else []
        names = survey_names(session)
        notes = survey_checks.warnings(session, found, utc_now())
        forecast = None
        try:
            tries = survey_checks.checked(session, project_id, _changes(tried), "#/sampling", {})
            forecast = reach.reach(
                session,
                parts.published,
                project,
                survey_id,
                tries,
                utc_now(),
                at_most=FORECAST_ON,
            )
        except InvalidRequestError as error:
            problem = problem or " ".join(fault.detail for fault in error.errors)
        asked = _decisions(session, survey_id) if signed_in.sees_answers() else None
    return page(
        "survey.html",
        status,
        section="Surveys",
        survey=stored,
        versions=versions,
        draft_changes=draft,
        audience=in_words(stored["targeting"]["audience"], names),
        warnings=notes,
        values=_form(stored) | tried,
        is_tried=bool(tried),
        rests=RESTS,
        forecast=forecast,
        decisions=asked,
        problem=problem,
        done=request.args.get("done"),
        questions=stored["content"]["questions"],
        languages=list(stored["content"]["texts"]),
    )


def _decisions(session: Session, survey_id: str) -> list[dict[str, Any]]:
    filters = Filters(since=utc_now() - timedelta(days=30))
    found, _ = decisions.listed(
        session, signed_in.project_id(), survey_id, filters, after=None, limit=SHOWN_DECISIONS
    )
    return [decisions.summary(row) for row in found]


def _form(stored: dict[str, Any]) -> dict[str, str]:
    """Return the fields of the form as they are stored."""
    sampling = stored["sampling"]
    return {
        "rate": f"{100 * sampling['rate']:g}",
        "spread_days": str(sampling["spread_days"]),
        "old_enough_days": f"{stored['targeting']['old_enough_days']:g}",
        **{name: f"{stored['rests'][name]:g}" for name in RESTS},
    }


def _changes(given: dict[str, str]) -> dict[str, Any]:
    """Return the change that a form asks for, checked as REST checks it.

    Raises:
        InvalidRequestError.
    """
    document: dict[str, Any] = {}
    try:
        if "rate" in given:
            document.setdefault("sampling", {})["rate"] = float(given["rate"]) / 100
        if "spread_days" in given:
            document.setdefault("sampling", {})["spread_days"] = int(given["spread_days"])
        if "old_enough_days" in given:
            document["targeting"] = {"old_enough_days": float(given["old_enough_days"])}
        for name in RESTS:
            if name in given:
                document.setdefault("rests", {})[name] = float(given[name])
        found: dict[str, Any] = SurveyChangeSchema().load(document)
    except (ValueError, ValidationError) as error:
        detail = "The rate is 0 to 100 percent; days are numbers from 0 to 3650."
        raise _refusal(detail) from error
    return found


def _refusal(detail: str) -> InvalidRequestError:
    return InvalidRequestError(errors=[FieldError("#/sampling", detail)])


def _back(survey_id: str, done: str) -> ResponseReturnValue:
    address = url_for(
        "web.survey", survey_id=survey_id, project_id=signed_in.project_id(), done=done
    )
    return redirect(address, 303)
