"""What state a survey is in: published, paused, archived, taken out of the archive."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.domain.errors import ConflictError
from backend.services import audit
from backend.services.scope import check_revision, one
from backend.services.surveys import publish, touch
from backend.storage.models import Survey


def set_status(
    session: Session,
    project_id: str,
    survey_id: str,
    status: str,
    *,
    actor: str,
    if_match: frozenset[str] | None,
) -> Survey:
    """Publish, pause or archive a survey; the status it has already is left as it is.

    Args:
        status: `published` puts the draft content out, as a new version if it differs.
        if_match: None asks for no revision.
    Raises:
        NotFoundError, PreconditionFailedError,
        ConflictError: it is archived, or to be paused and not out.
    """
    survey = one(session, Survey, project_id, survey_id, lock=True)
    if if_match is not None:
        check_revision(str(survey.revision), if_match)
    before = {"status": survey.status, "published_version": survey.published_version}
    if survey.status == "archived" and status != "archived":
        raise ConflictError("The survey is archived.")
    if status == "paused" and survey.status == "draft":
        raise ConflictError("Only a published survey can be paused.")
    if status == "published":
        publish(session, survey)
    elif survey.status != status:
        survey.status = status
        touch(survey)
    audit.record(
        session,
        actor=actor,
        action=f"survey.{status}",
        subject=survey.id,
        project_id=project_id,
        changes=audit.difference(before, {name: getattr(survey, name) for name in before}),
    )
    return survey


def restore(
    session: Session,
    project_id: str,
    survey_id: str,
    *,
    actor: str,
    if_match: frozenset[str] | None,
) -> Survey:
    """Take a survey out of the archive: a draft again, or paused when it has been out.

    Raises:
        NotFoundError, PreconditionFailedError,
        ConflictError: it is not archived.
    """
    survey = one(session, Survey, project_id, survey_id, lock=True)
    if if_match is not None:
        check_revision(str(survey.revision), if_match)
    if survey.status != "archived":
        raise ConflictError("The survey is not archived.")
    survey.status = "paused" if survey.published_version else "draft"
    touch(survey)
    audit.record(
        session,
        actor=actor,
        action="survey.restore",
        subject=survey.id,
        project_id=project_id,
        changes={"status": ["archived", survey.status]},
    )
    return survey
