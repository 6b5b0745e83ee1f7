"""From an empty project to its first answer: what is done, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.domain.origins import is_allowed
from backend.services import projects
from backend.storage.models import Batch, Decision, Survey, TagLoad


@dataclass(frozen=True, slots=True)
class Heard:
    """When a page and a server were heard of last.

    Args:
        origin: of the page that loaded the tag, empty when it did not say.
        may_ask: whether that origin is among the project's.
    """

    page_at: datetime | None
    origin: str
    may_ask: bool
    server_at: datetime | None


def heard(session: Session, project_id: str) -> Heard:
    """Return what has been heard of pages and servers: a load of the tag, or a question.

    Raises:
        NotFoundError: no such project.
    """
    project = projects.find(session, project_id)
    asked = session.scalar(select(func.max(Decision.at)).where(Decision.project_id == project_id))
    sent = select(func.max(Batch.received_at)).where(Batch.project_id == project_id)
    load = session.get(TagLoad, project_id)
    origin = load.origin if load else ""
    times = (asked, load.at if load else None)
    return Heard(
        page_at=max((at for at in times if at is not None), default=None),
        origin=origin,
        may_ask=not origin or is_allowed(origin, project.allowed_origins, project.is_demo),
        server_at=session.scalar(sent),
    )


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
        "tag": heard(session, project_id).page_at is not None,
        "survey": session.execute(published).scalar_one() > 0,
    }
    return [{"step": name, "is_done": is_done} for name, is_done in done.items()]
