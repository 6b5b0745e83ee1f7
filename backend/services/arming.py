"""Arms surveys by events that servers send: the next decision about the person picks it up.

The arming is stored with the batch, in its transaction. A showing of the survey uses up what
happened before it; nothing has to be cleared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from sqlalchemy import Connection

from backend.domain.events import Person, WireEvent, text_id
from backend.services.published import PublishedProject
from backend.storage import armings
from backend.storage.armings import Armed

Occurred = dict[Person, dict[str, int]]
"""When (ms since 1970) each event that arms a survey last happened to somebody."""


def occurred(
    project: PublishedProject,
    events: Iterable[tuple[int, WireEvent]],
    received_ms: int,
    skew_ms: int = 0,
) -> Occurred:
    """Return what of a batch arms a survey that is out; nothing for most projects, at no cost.

    Args:
        events: good events with their places in the batch.
        skew_ms: what the sender's clock is behind ours.
    """
    found: Occurred = {}
    if not project.armed_by:
        return found
    for _, event in events:
        name = event.event if event.type == "track" else None
        if name is None or name not in project.armed_by:
            continue
        at = event.timestamp
        # An event of tomorrow, by a clock that is wrong, arms from now on.
        ms = min(int(at.timestamp() * 1000) + skew_ms, received_ms) if at else received_ms
        user_id = text_id(event.userId)
        person = Person(user_id or text_id(event.anonymousId) or "", user_id is None)
        times = found.setdefault(person, {})
        times[name] = max(ms, times.get(name, ms))
    return found


def together(batches: Iterable[Occurred]) -> Occurred:
    """Return what several batches say, of the same event the latest."""
    found: Occurred = {}
    for batch in batches:
        for person, times in batch.items():
            known = found.setdefault(person, {})
            for name, ms in times.items():
                known[name] = max(ms, known.get(name, ms))
    return found


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
