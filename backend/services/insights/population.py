"""Whom the numbers should speak for: the users who were active, by role, plan and use."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np
from sqlalchemy.orm import Session

from backend.domain.insights.active_use import GROUPS, percentiles, reference_days
from backend.domain.insights.levels import Population
from backend.services.clock import utc_now
from backend.services.insights import settings
from backend.services.insights.view import USAGE_GROUP, View
from backend.storage import asked
from backend.storage.fast import Sql

KEPT_S: Final = 60.0
MOST_KEPT: Final = 100
# Shares of a trait that few users have would say nothing of the others.
LEAST_KNOWN: Final = 0.8
# Shares of so many users are known to a point: reading a million would tell no more.
ENOUGH: Final = 20_000
_COUNT = Sql("SELECT count(*) FROM users WHERE project_id = ?")
_USERS = Sql(
    "SELECT traits ->> 'role', traits ->> 'plan', activity_day, activity_bits FROM users"
    " WHERE project_id = ? AND key - key / ? * ? = 0 AND last_seen_at >= ? AND first_seen_at < ?"
    " AND NOT is_anonymous"
)
_DAY_MS: Final = 86_400_000


class Populations:
    """Reads populations and keeps each for a minute: they change slowly and cost a scan."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, int, int], tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def of(self, session: Session, view: View) -> Population:
        """Return what the weights of `view` need to know; the segment is not looked at."""
        chosen = settings.read(session, view.project_id)
        return Population(
            # A segment's own population is not known, so its answers are not raked to all.
            shares={} if view.is_segment else self._minute("shares", _read, session, view),
            value=settings.account_values(session, view.project_id, chosen),
            role_weight=chosen.role_weights,
        )

    def counts(self, session: Session, view: View) -> dict[str, int]:
        """Return how many people were eligible, and how many of them sampled."""
        found: dict[str, int] = self._minute("counts", _counts, session, view)
        return found

    def _minute(self, name: str, read: Callable[..., Any], session: Session, view: View) -> Any:
        minute = 60_000
        key = (name, view.project_id, view.start_ms // minute, view.end_ms // minute)
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        found = read(session, view)
        with self._lock:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = (time.monotonic() + KEPT_S, found)
        return found


def _counts(session: Session, view: View) -> dict[str, int]:
    connection, span = session.connection(), (view.project_id, view.start_ms, view.end_ms)
    return {
        "eligible": asked.active(connection, *span),
        "sampled": asked.sampled(connection, *span),
    }


def _read(session: Session, view: View) -> dict[str, dict[str, float]]:
    connection = session.connection()
    (users,) = _COUNT(connection, (view.project_id,)).fetchone()
    every = 1 + users // ENOUGH
    arguments = (view.project_id, every, every, view.start_ms, view.end_ms)
    rows = _USERS(connection, arguments).fetchall()
    if not rows:
        return {}
    role, plan, anchors, bits = zip(*rows, strict=True)
    found = {"role": _known(role), "plan": _known(plan), USAGE_GROUP: _by_use(anchors, bits, view)}
    return {name: shares for name, shares in found.items() if shares}


def _known(values: Iterable[Any]) -> dict[str, float]:
    counts = Counter(str(value) for value in values if value is not None)
    counted, total = sum(counts.values()), sum(1 for _ in values)
    if counted < LEAST_KNOWN * total:
        return {}
    return {value: n / counted for value, n in counts.items()}


def _by_use(anchors: Any, bits: Any, view: View) -> dict[str, float]:
    """Return the share of each fifth of active use; equal days stay together."""
    until = min(view.end_ms, int(utc_now().timestamp() * 1000)) // _DAY_MS
    days = reference_days(np.array(anchors, np.int64), np.array(bits, np.int64), until)
    if len(days) == 0:
        return {}
    midrank, _ = percentiles(days, days)
    group = np.minimum(np.floor(midrank / (100 / GROUPS) + 1e-9), GROUPS - 1).astype(np.int64)
    return {str(g + 1): float(n) / len(days) for g, n in enumerate(np.bincount(group)) if n}
