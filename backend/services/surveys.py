"""Surveys: written as drafts, published as versions that never change, tuned while running."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from backend.domain import survey_defaults
from backend.domain.calendar import day_number
from backend.domain.errors import ConflictError
from backend.domain.flow.changes import changes as differences
from backend.domain.limits import NAME_LENGTH
from backend.domain.survey_templates import TEMPLATES
from backend.domain.timestamps import format_time
from backend.services import audit, pacing, survey_checks
from backend.services.clock import utc_now
from backend.services.ids import new_id
from backend.services.scope import check_revision, one
from backend.storage.models import Survey, SurveyDay, SurveyVersion

# Changed member by member; everything else is replaced whole.
_GROUPS: Final = ("targeting", "sampling", "rests", "limits")
_PLAIN: Final = ("name", "priority", "starts_at", "ends_at", "content")


def create(session: Session, project_id: str, *, name: str, **given: Any) -> Survey:
    """Add a draft survey; members left out of `given` get the defaults."""
    now = utc_now()
    survey_id = new_id("srv_")
    survey = Survey(
        id=survey_id,
        project_id=project_id,
        name=name,
        status="draft",
        priority=given.get("priority", 0),
        starts_at=given.get("starts_at"),
        ends_at=given.get("ends_at"),
        content=given.get("content") or survey_defaults.content(),
        targeting=survey_defaults.targeting() | (given.get("targeting") or {}),
        sampling=survey_defaults.sampling(salt=survey_id) | (given.get("sampling") or {}),
        rests=survey_defaults.rests() | (given.get("rests") or {}),
        limits=survey_defaults.limits() | (given.get("limits") or {}),
        published_version=None,
        created_at=now,
        updated_at=now,
        revision=1,
    )
    session.add(survey)
    session.flush()
    return survey


def publish(session: Session, survey: Survey) -> SurveyVersion | None:
    """Put the draft out; return the new version, or None when only its status changed.

    A version is made only when the content differs from the one that is out.
    """
    now = utc_now()
    current = (
        session.get(SurveyVersion, (survey.id, survey.published_version))
        if survey.published_version
        else None
    )
    survey.status = "published"
    survey.updated_at = now
    survey.revision += 1
    if survey.sampling.get("started_on") is None:
        survey.sampling = survey.sampling | {"started_on": now.date().isoformat()}
    if current is not None and current.content == survey.content:
        return None
    session.execute(
        update(SurveyVersion)
        .where(SurveyVersion.survey_id == survey.id, SurveyVersion.superseded_at.is_(None))
        .values(superseded_at=now)
    )
    version = SurveyVersion(
        survey_id=survey.id,
        number=(survey.published_version or 0) + 1,
        content=survey.content,
        published_at=now,
        superseded_at=None,
    )
    session.add(version)
    survey.published_version = version.number
    session.flush()
    return version


def view(session: Session, survey: Survey) -> dict[str, Any]:
    """Return a survey as the admin plane shows it."""
    members = ("id", "status", *_PLAIN, *_GROUPS, "created_at", "updated_at", "revision")
    published = _published(session, survey)
    return {name: getattr(survey, name) for name in members} | {
        "published_version": survey.published_version,
        "has_unpublished_changes": published is None or published.content != survey.content,
    }


def listed(
    session: Session, project_id: str, *, status: str | None, after: str | None, limit: int
) -> list[Survey]:
    """Return a project's surveys by id, those after `after`."""
    query = select(Survey).where(Survey.project_id == project_id).order_by(Survey.id).limit(limit)
    if status is not None:
        query = query.where(Survey.status == status)
    if after is not None:
        query = query.where(Survey.id > after)
    return list(session.scalars(query))


def versions(session: Session, project_id: str, survey_id: str) -> list[dict[str, Any]]:
    """Return what was published of a survey, newest first.

    Raises:
        NotFoundError.
    """
    one(session, Survey, project_id, survey_id)
    rows = session.scalars(
        select(SurveyVersion)
        .where(SurveyVersion.survey_id == survey_id)
        .order_by(SurveyVersion.number.desc())
    )
    members = ("number", "content", "published_at", "superseded_at")
    found = [{name: getattr(row, name) for name in members} for row in rows]
    for newer, older in zip(found, [*found[1:], *found[-1:]], strict=True):
        compared = differences(older["content"], newer["content"])
        newer["changes"] = [each._asdict() for each in compared]
    return found


def add(session: Session, project_id: str, given: Mapping[str, Any], *, actor: str) -> Survey:
    """Add a draft from what an admin wrote.

    Raises:
        InvalidRequestError: pointing at what is wrong in `given`.
    """
    given = dict(given)
    template = given.pop("template", None)
    if template is not None and "content" not in given:
        given["content"] = TEMPLATES[template].content
    given = survey_checks.checked(session, project_id, given, "#/sampling", {})
    given = pacing.settled(given, {}, {}, utc_now().date())
    survey = create(session, project_id, **given)
    audit.record(
        session, actor=actor, action="survey.create", subject=survey.id, project_id=project_id
    )
    return survey


def copy(session: Session, project_id: str, survey_id: str, *, actor: str) -> Survey:
    """Add a draft like another survey: its words, rules and rests; a sample of its own.

    Raises:
        NotFoundError.
    """
    found = one(session, Survey, project_id, survey_id)
    kept = {name: dict(getattr(found, name)) for name in ("targeting", "rests")}
    # Salt, first day and paced rates belong to the survey that is out.
    sampled = {name: found.sampling[name] for name in ("rate", "segments", "spread_days")}
    name = f"Copy of {found.name}"[:NAME_LENGTH]
    content = {"name": name, "content": found.content, "sampling": sampled}
    return add(session, project_id, kept | content, actor=actor)


def change(
    session: Session,
    project_id: str,
    survey_id: str,
    changes: Mapping[str, Any],
    *,
    actor: str,
    if_match: frozenset[str] | None,
    sampling_at: str = "#/sampling",
) -> Survey:
    """Change what is given of a survey. All but its content acts at once; that waits for publish.

    Args:
        changes: members of the survey; of targeting, sampling, rests and limits their own members.
        sampling_at: pointer to the members of `sampling`, for faults.
    Raises:
        NotFoundError, PreconditionRequiredError, PreconditionFailedError, InvalidRequestError,
        ConflictError: the survey is archived.
    """
    survey = one(session, Survey, project_id, survey_id, lock=True)
    check_revision(str(survey.revision), if_match)
    if survey.status == "archived":
        raise ConflictError("The survey is archived.")
    now = {name: getattr(survey, name) for name in ("starts_at", "ends_at")}
    changes = survey_checks.checked(session, project_id, changes, sampling_at, now)
    changes = pacing.settled(changes, survey.limits, survey.sampling, utc_now().date())
    if "daily_budget" in changes.get("limits", {}) and survey.limits.get("daily_budget") is None:
        # Showings without a budget are not counted: the day's count begins anew, with all of them.
        today = day_number(utc_now().date())
        session.execute(
            delete(SurveyDay).where(SurveyDay.survey_id == survey_id, SurveyDay.day == today)
        )
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    for name, value in changes.items():
        whole = getattr(survey, name) | value if name in _GROUPS else value
        old |= _flat(name, getattr(survey, name))
        new |= _flat(name, whole)
        setattr(survey, name, whole)
    touch(survey)
    audit.record(
        session,
        actor=actor,
        action="survey.change",
        subject=survey.id,
        project_id=project_id,
        changes=audit.difference(old, new),
    )
    return survey


def touch(survey: Survey) -> None:
    """Give a changed survey its next revision."""
    survey.updated_at = utc_now()
    survey.revision += 1


def _published(session: Session, survey: Survey) -> SurveyVersion | None:
    if survey.published_version is None:
        return None
    return session.get(SurveyVersion, (survey.id, survey.published_version))


def _flat(name: str, value: Any) -> dict[str, Any]:
    """Return the members of a group by dotted names, so that the audit log tells them apart."""
    if name in _GROUPS:
        return {f"{name}.{member}": inner for member, inner in value.items()}
    if name == "content":
        # Too long for the log; what was published of it is in the versions.
        return {name: sha256(msgspec.json.encode(value)).hexdigest()}
    return {name: format_time(value) if isinstance(value, datetime) else value}
