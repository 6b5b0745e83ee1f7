"""The audit log: written with every change of an admin, in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.services.clock import utc_now
from backend.storage.models import AuditEntry


def record(
    session: Session,
    *,
    actor: str,
    action: str,
    subject: str,
    project_id: str | None,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry: `actor` (a token's id, `cli`) did `action` to `subject` (an id).

    Args:
        changes: `[old, new]` by member, as `difference` gives them; no secrets.
    """
    session.add(
        AuditEntry(
            project_id=project_id,
            at=utc_now(),
            actor=actor,
            action=action,
            subject=subject,
            changes=dict(changes or {}),
        )
    )


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return `[old, new]` of each member that differs."""
    names = [*old, *(name for name in new if name not in old)]
    return {
        name: [old.get(name), new.get(name)] for name in names if old.get(name) != new.get(name)
    }


@dataclass(frozen=True, slots=True)
class Filters:
    """Which entries: of whom, what, about what, in [since, until)."""

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def entries(
    session: Session, project_id: str, filters: Filters, *, before: int | None, limit: int
) -> list[AuditEntry]:
    """Return the newest entries of a project first, those below the key `before` if it is given."""
    query = select(AuditEntry).where(AuditEntry.project_id == project_id)
    for name in ("actor", "action", "subject"):
        if (wanted := getattr(filters, name)) is not None:
            query = query.where(getattr(AuditEntry, name) == wanted)
    if filters.since is not None:
        query = query.where(AuditEntry.at >= filters.since)
    if filters.until is not None:
        query = query.where(AuditEntry.at < filters.until)
    if before is not None:
        query = query.where(AuditEntry.key < before)
    return list(session.scalars(query.order_by(AuditEntry.key.desc()).limit(limit)))


def actions(session: Session, project_id: str) -> list[str]:
    """Return what has been done in a project so far, by name."""
    query = select(AuditEntry.action).where(AuditEntry.project_id == project_id).distinct()
    return sorted(session.scalars(query))
