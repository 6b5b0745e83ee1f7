"""Loaded windows of answers, kept while nothing changed and while there is room."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.domain import flow
from backend.domain.insights.columns import Labelled
from backend.storage import answers, answers_beside
from backend.storage.answers_loaded import Loaded, Texts
from backend.storage.answers_merge import merged
from backend.storage.models import Survey, SurveyVersion

# A look at the stamp costs little, yet a dashboard asks ten questions at once.
CHECK_S: Final = 1.0
MOST_BYTES: Final = 384 * 1024 * 1024
MOST_TRAITS: Final = 8
DAY_MS: Final = 86_400_000
# Windows move with the clock: rounding their start keeps them the same for a week.
STEP_MS: Final = 7 * DAY_MS
# A change may be on disk later than one stamped after it: that long is looked back.
OVERLAP_MS: Final = 60_000
END_OF_TIME_MS: Final = 1 << 60


@dataclass(slots=True)
class _Kept:
    start_ms: int
    end_ms: int
    stamp: tuple[int, int | None, int | None]
    checked_s: float
    surveys: Sequence[answers.Survey]
    added: frozenset[bytes]
    loaded: Loaded


class Windows:
    """Reads windows of answers and keeps them, the least used going first.

    A kept window is used again when it covers the one wanted. At most once a second it is
    looked up whether a response of its project has been added, changed or erased since; what was
    added or changed is read and put in its place, after an erasure the window is read anew.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[str, int, int], _Kept] = OrderedDict()
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}

    def between(self, session: Session, project_id: str, start_ms: int, end_ms: int) -> Loaded:
        """Return the answers of [start, end) by (time, id)."""
        # Ten questions at once wait for one load instead of making ten.
        with self._turn(project_id):
            kept = self._get(session, project_id, start_ms, end_ms)
        return kept.loaded.between(start_ms, end_ms)

    def trait(self, session: Session, project_id: str, loaded: Loaded, name: str) -> Labelled:
        """Return one trait of the answers of `loaded`."""
        kept = loaded.beside.traits
        with self._turn(project_id):
            if name not in kept:
                if len(kept) >= MOST_TRAITS:
                    kept.clear()
                kept[name] = answers_beside.trait(
                    session.connection(), project_id, loaded.beside, name
                )
            return kept[name].select(loaded.answers.key)

    def comments(self, session: Session, project_id: str, loaded: Loaded) -> Texts:
        """Return the comments of the answers of `loaded`, None where there is none."""
        place = loaded.answers.key
        span = (int(place.min()), int(place.max()) + 1) if len(place) else (0, 0)
        with self._turn(project_id):
            connection = session.connection()
            return answers_beside.read_comments(connection, project_id, loaded.beside, span)[place]

    def _turn(self, project_id: str) -> threading.Lock:
        with self._lock:
            return self._locks.setdefault(project_id, threading.Lock())

    def _get(self, session: Session, project_id: str, start_ms: int, end_ms: int) -> _Kept:
        kept = self._find(session, project_id, start_ms, end_ms)
        return kept or self._load(session, project_id, start_ms, end_ms)

    def _find(self, session: Session, project_id: str, start_ms: int, end_ms: int) -> _Kept | None:
        for key, kept in reversed(list(self._kept.items())):
            if key[0] == project_id and kept.start_ms <= start_ms and end_ms <= kept.end_ms:
                break
        else:
            return None
        now_s = time.monotonic()
        if kept.checked_s + CHECK_S <= now_s:
            stamp = answers.stamp(session.connection(), project_id)
            if stamp != kept.stamp:
                return self._refreshed(session, key, kept, stamp, now_s)
            kept.checked_s = now_s
        with self._lock:
            self._kept.move_to_end(key)
        return kept

    def _refreshed(
        self,
        session: Session,
        key: tuple[str, int, int],
        old: _Kept,
        stamp: tuple[int, int | None, int | None],
        now_s: float,
    ) -> _Kept | None:
        """Bring a window up to date by what changed; None when it must be read anew."""
        connection, project_id = session.connection(), key[0]
        (count, changed, names), (old_count, old_changed, old_names) = stamp, old.stamp
        surveys = published_versions(session, project_id)
        if changed is None or old_changed is None or names != old_names or surveys != old.surveys:
            return None
        since_ms = old_changed - OVERLAP_MS
        ids, added = answers.changed_since(connection, project_id, since_ms)
        # What is missing beside the new ones has been erased, and which it was is not told.
        if len(added - old.added) != count - old_count:
            return None
        new = answers.load(
            connection, project_id, old.start_ms, old.end_ms, surveys, changed_since_ms=since_ms
        )
        loaded = merged(old.loaded, ids, new)
        _, lately = answers.changed_since(connection, project_id, changed - OVERLAP_MS)
        kept = _Kept(old.start_ms, old.end_ms, stamp, now_s, surveys, lately, loaded)
        self._keep(key, kept)
        return kept

    def _load(self, session: Session, project_id: str, start_ms: int, end_ms: int) -> _Kept:
        connection, now_s = session.connection(), time.monotonic()
        start_ms -= start_ms % STEP_MS
        end_ms = _rounded_end(end_ms)
        # The stamp first: what arrives while loading must not be taken for known.
        stamp = answers.stamp(connection, project_id)
        surveys = published_versions(session, project_id)
        _, added = answers.changed_since(connection, project_id, (stamp[1] or 0) - OVERLAP_MS)
        loaded = answers.load(connection, project_id, start_ms, end_ms, surveys)
        kept = _Kept(start_ms, end_ms, stamp, now_s, surveys, added, loaded)
        self._keep((project_id, start_ms, end_ms), kept)
        return kept

    def _keep(self, key: tuple[str, int, int], kept: _Kept) -> None:
        with self._lock:
            self._kept[key] = kept
            while len(self._kept) > 1 and self._bytes() > self._most_bytes:
                self._kept.popitem(last=False)

    def _bytes(self) -> int:
        return sum(kept.loaded.bytes for kept in self._kept.values())


def published_versions(session: Session, project_id: str) -> Sequence[answers.Survey]:
    """Return every published version of the project's surveys, by survey and number."""
    rows = session.execute(
        select(Survey.id, Survey.name, SurveyVersion.number, SurveyVersion.content)
        .join(Survey, Survey.id == SurveyVersion.survey_id)
        .where(Survey.project_id == project_id)
        .order_by(Survey.id, SurveyVersion.number)
    )
    return [
        answers.Survey(survey_id, name, number, _is_nps(content))
        for survey_id, name, number, content in rows
    ]


def _is_nps(content: dict[str, object]) -> bool:
    metric = flow.metric(content)
    return metric is not None and metric["kind"] == "nps"


def _rounded_end(end_ms: int) -> int:
    """Return the end of time for a window that reaches today, else the end of its step."""
    reaches_now = end_ms > time.time() * 1000 - DAY_MS
    return END_OF_TIME_MS if reaches_now else end_ms + -end_ms % STEP_MS
