"""Surveys: what is out, whom it asks and how many answers that brings, and how it looks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from backend.api.auth import access
from backend.api.state import zeroten
from backend.domain import roles
from backend.domain.audience_words import in_words
from backend.domain.errors import (
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
from backend.web import sampling_form, signed_in
from backend.web.asked import survey_names
from backend.web.blueprint import page, web
from backend.web.content_form import as_json

SHOWN_DECISIONS: Final = 8
# A forecast follows the slider: on so many people it is off by a percent or two, within 0.1 s.
FORECAST_ON: Final = 1_000


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
    return _page(survey_id, sampling_form.entered(request.args))


@web.post("/surveys/<survey_id>")
@access("dashboard", role=roles.ADMIN, scope="surveys:write")
def change_survey(survey_id: str) -> ResponseReturnValue:
    """Save the sampling and the rests; when somebody was faster, both are kept where they can."""
    given = sampling_form.entered(request.form)
    if request.form.get("do") == "try":
        values: dict[str, Any] = {"project_id": signed_in.project_id(), **given}
        return redirect(url_for("web.survey", survey_id=survey_id, **values), 303)
    try:
        _change(survey_id, given, request.form.get("revision", ""))
    except PreconditionFailedError:
        return _change_late(survey_id, given)
    except InvalidRequestError as error:
        faults = " ".join(fault.detail for fault in error.errors)
        return _page(survey_id, given, faults or error.detail, 422)
    return _back(survey_id, "saved")


def _change(survey_id: str, given: dict[str, str], revision: str) -> None:
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    wanted = sampling_form.changes(given)
    zeroten().db.transact(
        lambda session: service.change(
            session, project_id, survey_id, wanted, actor=actor, if_match=frozenset([revision])
        )
    )


def _change_late(survey_id: str, given: dict[str, str]) -> ResponseReturnValue:
    """Save what somebody entered while another saved; a field that both changed is asked about."""
    with zeroten().db.read() as session:
        stored = service.view(session, one(session, Survey, signed_in.project_id(), survey_id))
    theirs = sampling_form.shown(stored)
    joined, fields = sampling_form.joined(sampling_form.begun(request.form), theirs, given)
    told = "Somebody else has changed this survey meanwhile. What you entered stands below."
    if not fields:
        try:
            _change(survey_id, joined, str(stored["revision"]))
            return _back(survey_id, "joined_sampling")
        except PreconditionFailedError:
            return _page(survey_id, joined, told, 412)
    named = [f"{sampling_form.NAMES[name]}: {theirs[name]}, yours {given[name]}" for name in fields]
    return _page(
        survey_id, joined, f"{told} Theirs: {'; '.join(named)}. Save again for yours.", 412
    )


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
            tries = survey_checks.checked(
                session, project_id, sampling_form.changes(tried), "#/sampling", {}
            )
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
        values=sampling_form.shown(stored) | tried,
        begun=as_json(sampling_form.shown(stored)),
        is_tried=bool(tried),
        rests=sampling_form.RESTS,
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


def _back(survey_id: str, done: str) -> ResponseReturnValue:
    address = url_for(
        "web.survey", survey_id=survey_id, project_id=signed_in.project_id(), done=done
    )
    return redirect(address, 303)
