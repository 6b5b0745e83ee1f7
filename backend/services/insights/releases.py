"""Releases: markers on the trend, and the moments that "did it land?" is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.services import audit
from backend.services.clock import utc_now
from backend.services.ids import new_id
from backend.services.scope import one
from backend.storage.models import Release


def add(session: Session, project_id: str, *, name: str, at: datetime, actor: str) -> Release:
    """Mark a release at `at`, which may lie in the past."""
    release = Release(
        id=new_id("rel_"), project_id=project_id, name=name, at=at, created_at=utc_now()
    )
    session.add(release)
    session.flush()
    _note(session, release, "release.create", actor)
    return release


def remove(session: Session, project_id: str, release_id: str, *, actor: str) -> None:
    """Take a marker off the trend; no answer changes.

    Raises:
        NotFoundError.
    """
    release = one(session, Release, project_id, release_id)
    _note(session, release, "release.remove", actor)
    session.delete(release)


def listed(
    session: Session, project_id: str, *, before: tuple[datetime, str] | None, limit: int
) -> Sequence[Release]:
    """Return releases, the latest first, those before the place `before`."""
    query = select(Release).where(Release.project_id == project_id)
    if before is not None:
        at, release_id = before
        query = query.where((Release.at < at) | ((Release.at == at) & (Release.id < release_id)))
    return session.scalars(query.order_by(Release.at.desc(), Release.id.desc()).limit(limit)).all()


def between(session: Session, project_id: str, start: datetime, end: datetime) -> list[Release]:
    """Return the releases in [start, end), the earliest first."""
    query = select(Release).where(
        Release.project_id == project_id, Release.at >= start, Release.at < end
    )
    return list(session.scalars(query.order_by(Release.at, Release.id)))


def view(release: Release) -> dict[str, Any]:
    """Return a release as the admin plane shows it."""
    return {
        "id": release.id,
        "name": release.name,
        "at": release.at,
        "created_at": release.created_at,
    }


def _note(session: Session, release: Release, action: str, actor: str) -> None:
    audit.record(
        session, actor=actor, action=action, subject=release.id, project_id=release.project_id
    )
