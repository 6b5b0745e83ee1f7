"""Notes that a page has the tag: nobody asks `decide` before a survey is out, yet it stands."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy.orm import Session

from backend.domain.errors import StorageUnavailableError
from backend.storage.db import Database
from backend.storage.models import Project, TagLoad

# How often a process writes for a project, whatever pages it has; the rest is a look into memory.
EVERY: Final = timedelta(seconds=10)
_noted: WeakKeyDictionary[Database, dict[str, datetime]] = WeakKeyDictionary()


def note(db: Database, project_id: str, origin: str, now: datetime) -> None:
    """Write down that a page loaded the tag.

    Args:
        origin: of the page, in its canonical form; empty when its policy does not say.
    """
    noted = _noted.setdefault(db, {})
    last = noted.get(project_id)
    if last is not None and now - last < EVERY:
        return
    noted[project_id] = now
    try:
        db.transact(lambda session: _store(session, project_id, origin, now))
    except StorageUnavailableError:
        # The page gets its script all the same; the next load is noted.
        noted.pop(project_id, None)


def _store(session: Session, project_id: str, origin: str, now: datetime) -> None:
    # Two processes may see the first load at once: one waits for the other.
    session.get(Project, project_id, with_for_update=True)
    known = session.get(TagLoad, project_id)
    if known is None:
        session.add(TagLoad(project_id=project_id, origin=origin, at=now))
    else:
        known.origin, known.at = origin, now
