"""What the widget told of itself: where it gave in, counted, and never more rows than a cap."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.storage.models import Project, WidgetError

# Of one project. A new one takes the place of the one longest not seen.
MOST: Final = 100


class Report(NamedTuple):
    """The kind of an error, and where in our own files it came from, innermost first."""

    panel: str
    kind: str
    place: str


def count(session: Session, project_id: str, report: Report, now: datetime) -> None:
    """Count one report."""
    # Reports are rare; two of one project at once wait for each other.
    session.get(Project, project_id, with_for_update=True)
    known = session.get(WidgetError, (project_id, *report))
    if known:
        known.count += 1
        known.last_at = now
        return
    _make_room(session, project_id)
    times = {"first_at": now, "last_at": now}
    session.add(WidgetError(project_id=project_id, **report._asdict(), count=1, **times))


def latest(session: Session, project_id: str) -> list[dict[str, Any]]:
    """Return what was counted, the latest first."""
    rows = session.scalars(
        select(WidgetError)
        .where(WidgetError.project_id == project_id)
        .order_by(WidgetError.last_at.desc(), WidgetError.kind, WidgetError.place)
    )
    names = (*Report._fields, "count", "first_at", "last_at")
    return [{name: getattr(row, name) for name in names} for row in rows]


def _make_room(session: Session, project_id: str) -> None:
    of_project = WidgetError.project_id == project_id
    stored = session.scalar(select(func.count()).select_from(WidgetError).where(of_project)) or 0
    if stored >= MOST:
        oldest = select(WidgetError).where(of_project).order_by(WidgetError.last_at).limit(1)
        session.delete(session.scalars(oldest).one())
        session.flush()
