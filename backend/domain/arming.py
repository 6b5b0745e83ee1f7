"""What of a batch arms surveys: when events that surveys wait for happened to somebody."""

from __future__ import annotations

from collections.abc import Iterable, Set

from backend.domain.events import Person, WireEvent, text_id

Occurred = dict[Person, dict[str, int]]
"""When (ms since 1970) each event that arms a survey last happened to somebody."""


def occurred(
    arming: Set[str],
    events: Iterable[tuple[int, WireEvent]],
    received_ms: int,
    skew_ms: int = 0,
) -> Occurred:
    """Return what of a batch arms a survey that is out; nothing for most projects, at no cost.

    Args:
        arming: names of the events that arm one.
        events: good events with their places in the batch.
        skew_ms: what the sender's clock is behind ours.
    """
    found: Occurred = {}
    if not arming:
        return found
    for _, event in events:
        name = event.event if event.type == "track" else None
        if name is None or name not in arming:
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
