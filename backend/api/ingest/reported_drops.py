"""What senders say they lost before a batch: counted in /metrics, said in the log.

Our SDK reports each drop with the next batch that arrives, so that a queue too small or a key that
was revoked shows here too, and not only in the log of some worker.
"""

from __future__ import annotations

import re
from typing import Final

import structlog
from prometheus_client import Counter

_DROPPED: Final = Counter(
    "zeroten_sender_dropped_events",
    "Events that senders said they dropped; one told twice after a lost answer counts twice",
    ["project", "reason"],
)
_PAIR: Final = re.compile(r"([a-z0-9_]{1,40})=([1-9]\d{0,11})")
# A sender's words become labels, which are kept for good: no more kinds than these.
_MOST_PAIRS: Final = 20
_MOST_REASONS: Final = 50
_log = structlog.get_logger()
_reasons: Final[set[str]] = set()


def note(project_id: str, header: str | None) -> None:
    """Count what a `Zeroten-Dropped` header says, such as `queue_full=120, closed=3`."""
    if header is None:
        return
    told: dict[str, int] = {}
    for pair in header.split(",", _MOST_PAIRS)[:_MOST_PAIRS]:
        if found := _PAIR.fullmatch(pair.strip()):
            reason = _known(found[1])
            told[reason] = told.get(reason, 0) + int(found[2])
    for reason, count in told.items():
        _DROPPED.labels(project_id, reason).inc(count)
    if told:
        _log.warning("events-dropped-by-sender", project=project_id, reasons=told)


def _known(reason: str) -> str:
    if len(_reasons) < _MOST_REASONS:
        _reasons.add(reason)
    return reason if reason in _reasons else "other"
