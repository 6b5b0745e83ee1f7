"""Surveys: written, tuned while they run, published, paused, archived."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from backend.api.admin.common import (
    AdminBlueprint,
    commit,
    current_project,
    decode_cursor,
    described,
    encode_cursor,
    etag_header,
    if_match,
)
from backend.api.auth import access, principal
from backend.api.schemas.common import page_of
from backend.api.schemas.surveys import (
    NewSurveySchema,
    PublishedSurveySchema,
    SamplingChangeSchema,
    SamplingStatusSchema,
    SurveyChangeSchema,
    SurveyQuerySchema,
    SurveySchema,
    SurveyVersionsSchema,
)
from backend.api.state import zeroten
from backend.domain.errors import ConflictError
from backend.services import pacing, survey_checks, survey_status
from backend.services import surveys as service
from backend.services.clock import utc_now
from backend.services.scope import one
from backend.storage.models import Survey

Answer = tuple[dict[str, Any], int, dict[str, str]]

surveys = AdminBlueprint("surveys", __name__)


@surveys.get("/surveys")
@surveys.arguments(SurveyQuerySchema, location="query")
@surveys.response(200, page_of(SurveySchema))
@access("admin", role="viewer", scope="surveys:read")
def list_surveys(query: dict[str, Any]) -> dict[str, Any]:
    """List surveys by id."""
    project_id, limit = current_project(), query["limit"]
    after = decode_cursor(query["cursor"], str)
    with zeroten().db.read() as session:
        found = service.listed(
            session, project_id, status=query["status"], after=after, limit=limit + 1
        )
        items = [service.view(session, survey) for survey in found[:limit]]
    more = len(found) > limit
    return {"items": items, "next_cursor": encode_cursor(items[-1]["id"]) if more else None}


@surveys.post("/surveys")
@surveys.arguments(NewSurveySchema)
@surveys.response(201, SurveySchema)
@access("admin", role="admin", scope="surveys:write")
def create_survey(body: dict[str, Any]) -> Answer:
    """Add a draft. What is left out is the standard NPS survey, asked of everybody."""
    project_id, actor = current_project(), principal().token_id
    made = commit(
        lambda session: service.view(session, service.add(session, project_id, body, actor=actor))
    )
    return made, 201, etag_header(made["revision"])


@surveys.get("/surveys/<survey_id>")
@surveys.response(200, SurveySchema)
@access("admin", role="viewer", scope="surveys:read")
def get_survey(survey_id: str) -> Answer:
    """Return one survey."""
    project_id = current_project()
    with zeroten().db.read() as session:
        found = service.view(session, one(session, Survey, project_id, survey_id))
    return found, 200, etag_header(found["revision"])


@surveys.patch("/surveys/<survey_id>")
@surveys.arguments(SurveyChangeSchema)
@surveys.response(200, SurveySchema)
@described(if_match=True, problems=[ConflictError])
@access("admin", role="admin", scope="surveys:write")
def change_survey(body: dict[str, Any], survey_id: str) -> Answer:
    """Change what is sent of a survey.

    Everything but the content acts within seconds; the content is a draft until it is published.
    """
    return _change(survey_id, body)


@surveys.patch("/surveys/<survey_id>/sampling")
@surveys.arguments(SamplingChangeSchema)
@surveys.response(200, SurveySchema)
@described(if_match=True, problems=[ConflictError])
@access("admin", role="admin", scope="surveys:write")
def change_sampling(body: dict[str, Any], survey_id: str) -> Answer:
    """Turn the sampling of a running survey; it acts within seconds."""
    return _change(survey_id, {"sampling": body}, sampling_at="#")


@surveys.get("/surveys/<survey_id>/sampling")
@surveys.response(200, SamplingStatusSchema)
@access("admin", role="viewer", scope="surveys:read")
def get_sampling(survey_id: str) -> dict[str, Any]:
    """Return how the sampling goes: progress to the target, days on which the budget bound."""
    project_id = current_project()
    with zeroten().db.read() as session:
        survey = one(session, Survey, project_id, survey_id)
        return pacing.status(session, survey, utc_now())


@surveys.post("/surveys/<survey_id>/publish")
@surveys.response(200, PublishedSurveySchema)
@described(if_match=False, problems=[ConflictError])
@access("admin", role="admin", scope="surveys:write")
def publish_survey(survey_id: str) -> Answer:
    """Put the draft content out, as a new version when it differs from the one that is out."""
    return _set_status(survey_id, "published")


@surveys.post("/surveys/<survey_id>/pause")
@surveys.response(200, SurveySchema)
@described(if_match=False, problems=[ConflictError])
@access("admin", role="admin", scope="surveys:write")
def pause_survey(survey_id: str) -> Answer:
    """Ask nobody until it is published again; who sees it now may still answer."""
    return _set_status(survey_id, "paused")


@surveys.post("/surveys/<survey_id>/archive")
@surveys.response(200, SurveySchema)
@described(if_match=False)
@access("admin", role="admin", scope="surveys:write")
def archive_survey(survey_id: str) -> Answer:
    """End a survey; its answers stay, and it can be taken out of the archive."""
    return _set_status(survey_id, "archived")


@surveys.post("/surveys/<survey_id>/restore")
@surveys.response(200, SurveySchema)
@described(if_match=False, problems=[ConflictError])
@access("admin", role="admin", scope="surveys:write")
def restore_survey(survey_id: str) -> Answer:
    """Take a survey out of the archive: a draft again, or paused when it has been out."""
    project_id, actor, tags = current_project(), principal().token_id, if_match()

    def work(session: Session) -> dict[str, Any]:
        found = survey_status.restore(session, project_id, survey_id, actor=actor, if_match=tags)
        return service.view(session, found)

    restored = commit(work)
    return restored, 200, etag_header(restored["revision"])


@surveys.delete("/surveys/<survey_id>")
@surveys.response(204)
@described(if_match=False)
@access("admin", role="admin", scope="surveys:write")
def delete_survey(survey_id: str) -> None:
    """Archive a survey: the answers it got keep it."""
    _set_status(survey_id, "archived")


@surveys.get("/surveys/<survey_id>/versions")
@surveys.response(200, SurveyVersionsSchema)
@access("admin", role="viewer", scope="surveys:read")
def list_versions(survey_id: str) -> dict[str, Any]:
    """List what was published of a survey, newest first."""
    project_id = current_project()
    with zeroten().db.read() as session:
        return {"items": service.versions(session, project_id, survey_id)}


def _change(survey_id: str, changes: dict[str, Any], **given: str) -> Answer:
    project_id, actor, tags = current_project(), principal().token_id, if_match()

    def work(session: Session) -> dict[str, Any]:
        survey = service.change(
            session, project_id, survey_id, changes, actor=actor, if_match=tags, **given
        )
        return service.view(session, survey)

    changed = zeroten().db.transact(work)
    return changed, 200, etag_header(changed["revision"])


def _set_status(survey_id: str, status: str) -> Answer:
    project_id, actor, tags = current_project(), principal().token_id, if_match()

    def work(session: Session) -> dict[str, Any]:
        survey = survey_status.set_status(
            session, project_id, survey_id, status, actor=actor, if_match=tags
        )
        notes = survey_checks.warnings(session, survey, utc_now())
        return service.view(session, survey) | {"warnings": notes}

    changed = commit(work)
    return changed, 200, etag_header(changed["revision"])
