"""Arms surveys by events that servers send: the next decision about the person picks it up.

The arming is stored with the batch, in its transaction. A showing of the survey uses up what
happened before it; nothing has to be cleared.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from sqlalchemy import Connection

from backend.domain.arming import Occurred
from backend.services.published import PublishedProject
from backend.storage import armings
from backend.storage.armings import Armed


def arm(
    connection: Connection, project: PublishedProject, found: Occurred, received_ms: int
) -> None:
    """Arm the surveys of `project` for everybody in `found`, until each one's lifetime is over."""
    # In the order of ids, so that two batches lock the same people in the same order.
    for person, times in sorted(found.items()):
        merge = partial(_merged, project, times, received_ms)
        armings.change(connection, project.id, person, merge)


def _merged(project: PublishedProject, times: Mapping[str, int], now_ms: int, old: Armed) -> Armed:
    """Return `old` with `times` added; what is over is left out."""
    merged: Armed = {survey: dict(events) for survey, events in old.items()}
    for event, since_ms in times.items():
        for survey_id, lifetime_ms in project.armed_by[event]:
            entry = [since_ms, since_ms + lifetime_ms]
            events = merged.setdefault(survey_id, {})
            events[event] = max(entry, events.get(event, entry))
    alive = {
        survey: {event: entry for event, entry in events.items() if entry[1] > now_ms}
        for survey, events in merged.items()
    }
    return {survey: events for survey, events in alive.items() if events}
