"""Surveys: written as drafts, published as versions that never change, tuned while running."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from backend.domain import survey_defaults
from backend.services.clock import utc_now
from backend.services.ids import new_id
from backend.storage.models import Survey, SurveyVersion


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
