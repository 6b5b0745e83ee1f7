"""How many of the people who are known meet the rules of saved segments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from backend.domain import audience as rules
from backend.domain.audience import Facts
from backend.services import dry_run
from backend.services.published import PublishedProject
from backend.storage.models import Segment

LOOKED_AT: Final = 2_000


def sizes(
    session: Session, project: PublishedProject, segments: Sequence[Segment], now: datetime
) -> dict[str, int]:
    """Return by id how many of the people seen in the last 90 days meet each rule today.

    Counted on up to LOOKED_AT people taken evenly, and scaled.
    """
    total, looked = dry_run.count_people(session, project.id, now), 0
    found = dict.fromkeys((segment.id for segment in segments), 0)
    if not segments:
        return found
    for _, person in dry_run.people(session.connection(), project, now, LOOKED_AT):
        looked += 1
        # No survey stands behind a segment: its rules about scores name theirs.
        facts = Facts(person, "", now)
        for segment in segments:
            found[segment.id] += rules.matches(segment.audience, facts)
    scale = total / looked if looked else 0.0
    return {key: round(n * scale) for key, n in found.items()}
