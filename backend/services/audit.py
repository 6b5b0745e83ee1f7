"""The audit log: written with every change of an admin, in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
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


def entries(
    session: Session, project_id: str, *, subject: str | None, before: int | None, limit: int
) -> list[AuditEntry]:
    """Return the newest entries of a project first, those below the key `before` if it is given."""
    query = select(AuditEntry).where(AuditEntry.project_id == project_id)
    if subject is not None:
        query = query.where(AuditEntry.subject == subject)
    if before is not None:
        query = query.where(AuditEntry.key < before)
    return list(session.scalars(query.order_by(AuditEntry.key.desc()).limit(limit)))
