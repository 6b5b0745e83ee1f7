"""From an empty project to its first answer: what is done, and what comes next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.services import projects
from backend.storage.models import Batch, Decision, Survey


def seen(session: Session, project_id: str) -> dict[str, datetime | None]:
    """Return when a page and a server were heard of last."""
    asked = select(func.max(Decision.at)).where(Decision.project_id == project_id)
    sent = select(func.max(Batch.received_at)).where(Batch.project_id == project_id)
    return {"page": session.scalar(asked), "server": session.scalar(sent)}


def steps(session: Session, project_id: str) -> list[dict[str, Any]]:
    """Return the steps to the first answer in their order, each with whether it is done.

    Raises:
        NotFoundError: no such project.
    """
    project = projects.find(session, project_id)
    published = select(func.count()).where(
        Survey.project_id == project_id, Survey.status == "published"
    )
    done = {
        "origins": bool(project.allowed_origins) or project.is_demo,
        "tag": seen(session, project_id)["page"] is not None,
        "survey": session.execute(published).scalar_one() > 0,
    }
    return [{"step": name, "is_done": is_done} for name, is_done in done.items()]
