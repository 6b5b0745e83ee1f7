"""What happened to every event: nothing is lost without being counted and said."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Callable

log = logging.getLogger("zeroten")

OnDrop = Callable[[str, int], None]

_LOG_EVERY_S = 60.0


@dataclass(frozen=True)
class Stats:
    """Counts since the client was made (in a forked child: since the fork).

    Always `called + recovered == stored + duplicates + rejected + sum(dropped) + waiting + kept`.
    """

    called: int = 0  # calls of track, identify, group and page
    recovered: int = 0  # events found in the spool, left by an earlier process
    stored: int = 0  # the server has them on disk
    duplicates: int = 0  # the server had them already
    rejected: int = 0  # the server named them as bad
    dropped: Mapping[str, int] = field(default_factory=dict)  # by reason
    waiting: int = 0  # in memory or spool, on their way
    kept: int = 0  # left in the spool by close(), for the next start
    waiting_bytes: int = 0  # memory held by those waiting
    coerced: int = 0  # events whose values had to be changed to fit JSON or the limits
    requests: int = 0
    retries: int = 0


class Ledger:
    """Counts outcomes; reports drops to `on_drop`, to the log and to the server."""

    def __init__(self, on_drop: OnDrop | None = None) -> None:
        self._on_drop = on_drop
        self._lock = threading.Lock()
        self._dropped: Counter[str] = Counter()
        self._unsaid: Counter[str] = Counter()
        self._unlogged: Counter[str] = Counter()
        self._logged_at = float("-inf")
        self.refused_calls = 0
        self.recovered = self.stored = self.duplicates = self.rejected = self.kept = 0
        self.requests = self.retries = 0

    @property
    def dropped(self) -> dict[str, int]:
        """Dropped events by reason."""
        with self._lock:
            return dict(self._dropped)

    @property
    def lost(self) -> int:
        """Events that will not arrive, the server's refusals included."""
        with self._lock:
            return sum(self._dropped.values()) + self.rejected

    def refuse(self, reason: str) -> None:
        """Count a call whose event was not taken."""
        with self._lock:
            self.refused_calls += 1
        self.drop(reason, 1)

    def drop(self, reason: str, count: int) -> None:
        """Count events given up, and say so."""
        with self._lock:
            self._dropped[reason] += count
            self._unsaid[reason] += count
        self._say(reason, count)

    def reject(self, count: int, codes: str) -> None:
        """Count events that the server named as bad."""
        with self._lock:
            self.rejected += count
        self._say(f"rejected by the server ({codes})", count, callback_reason="rejected")

    def unsaid(self) -> dict[str, int]:
        """Return drops that the server does not know of yet."""
        with self._lock:
            return dict(self._unsaid)

    def said(self, reported: Mapping[str, int]) -> None:
        """Take off what a delivered request reported."""
        with self._lock:
            self._unsaid -= Counter(reported)

    def log_due(self) -> None:
        """Write one line about drops not logged yet, at most once a minute."""
        with self._lock:
            now = time.monotonic()
            if not self._unlogged or now - self._logged_at < _LOG_EVERY_S:
                return
            text = ", ".join(f"{reason}: {count}" for reason, count in self._unlogged.items())
            self._unlogged.clear()
            self._logged_at = now
        log.warning("zeroten: events lost since the last line: %s; see Client.stats()", text)

    def _say(self, reason: str, count: int, callback_reason: str = "") -> None:
        with self._lock:
            self._unlogged[reason] += count
        self.log_due()
        if self._on_drop is not None:
            try:
                self._on_drop(callback_reason or reason, count)
            except Exception:
                log.debug("zeroten: on_drop raised", exc_info=True)
