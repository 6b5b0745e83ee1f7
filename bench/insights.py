"""Insights on 100,000 answers of 30 features each, beside a bare fetch of the same rows.

`ratio` is our time over the floor: for a cold look, sqlite3's `fetchall` of the columns read; for
a loaded one, a single pass of numpy over the pairs. Times are the processor's, so that a busy
machine does not count. `INSIGHTS_ANSWERS=1000000` asks for more; then the resident memory of the
process is told too. Each look is repeated once the usage stored has doubled: no more than 10 %
may change (tests/services/test_insights_cost.py shows that usage is not read at all).
"""

from __future__ import annotations

import os
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from backend.domain.insights.drivers import drivers_table
from backend.services.insights import (
    accounts,
    answered,
    comments,
    levels,
    over_time,
    people,
    planning,
    recency,
)
from backend.services.insights.population import Populations
from backend.services.insights.question import Question
from backend.services.insights.windows import Windows
from backend.storage.db import Database
from backend.storage.fast import from_ms
from bench import insights_errors
from bench.insights_world import DAY_MS, NOW_MS, PROJECT, World, add_usage, write

LOOKS = 5
Look = Callable[[Any, Windows], Any]


def run() -> Iterator[dict[str, object]]:
    """Measure every insight cold and loaded, then again with twice the usage stored."""
    world = World(answers=int(os.environ.get("INSIGHTS_ANSWERS", "100000")))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "insights.db"
        db = write(path, world)
        try:
            yield from _all(db, path)
            if world.answers <= 500_000:
                yield from _with_more_usage(db, path, world)
            else:
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                yield row("insights_peak_memory", peak, "MiB", 1024)
        finally:
            db.close()
    yield from insights_errors.run()


def row(name: str, value: float, unit: str, floor: float) -> dict[str, object]:
    """Return one line; lower is better."""
    return {
        "name": name,
        "value": round(value, 1),
        "unit": unit,
        "floor": round(floor, 1),
        "ratio": round(value / floor, 2),
    }


def _question() -> Question:
    since, until = from_ms(NOW_MS - 90 * DAY_MS), from_ms(NOW_MS + 1)
    return Question(since=since, until=until, sees_answers=True)


def _looks() -> dict[str, Look]:
    q = _question()

    def of(service: Callable[..., Any], **given: Any) -> Look:
        return lambda session, windows: service(session, windows, PROJECT, q, **given)

    return {
        "score": lambda s, w: levels.score(s, w, PROJECT, q, _populations(w)),
        "breakdown_role": of(levels.breakdown, by="role"),
        "breakdown_page": of(levels.breakdown, by="page"),
        "breakdown_trait": of(levels.breakdown, by="seats"),
        "breakdown_display_number": of(levels.breakdown, by="display_number"),
        "recency": of(recency.recency),
        "features": of(levels.features, kind="features"),
        "trend_day": of(over_time.trend, unit="day"),
        "drift": of(over_time.drift),
        "repeats": of(over_time.repeats, split=from_ms(NOW_MS - 45 * DAY_MS)),
        "active_use": of(people.active_use),
        "accounts": of(accounts.accounts, only_attention=False, start=0, limit=50),
        "answered": lambda s, w: answered.answered(s, w, PROJECT, q, _populations(w)),
        "comments": of(comments.comments),
        "planning": of(planning.plan, change=10, half_width=5, power=0.8),
    }


_POPULATIONS: WeakKeyDictionary[Windows, Populations] = WeakKeyDictionary()


def _populations(windows: Windows) -> Populations:
    """As many as there are windows: a cold look reads its population too."""
    return _POPULATIONS.setdefault(windows, Populations())


def _all(db: Database, path: Path) -> Iterator[dict[str, object]]:
    fetched = _best(lambda: _fetch(path))
    for name, look in _looks().items():
        yield row(f"insights_{name}_cold", _cold(db, look), "ms", fetched)
    windows = Windows()
    pairs = _best(lambda: _pass_over_pairs(db, windows))
    for name, look in _looks().items():
        _look(db, look, windows)
        loaded = _best(lambda look=look: _look(db, look, windows))
        yield row(f"insights_{name}_loaded", loaded, "ms", pairs)
    with db.read() as session:
        loaded_answers = windows.between(session, PROJECT, 0, 1 << 59).answers
    table = _best(lambda: drivers_table(loaded_answers))
    yield row("insights_features_table_loaded", table, "ms", pairs)


def _with_more_usage(db: Database, path: Path, world: World) -> Iterator[dict[str, object]]:
    add_usage(path, world.answers * 5)
    before = {name: _cold(db, look) for name, look in _looks().items()}
    add_usage(path, world.answers * 5, first_day=20_001)
    for name, look in _looks().items():
        yield row(f"insights_{name}_with_twice_the_usage", _cold(db, look), "ms", before[name])


def _cold(db: Database, look: Look) -> float:
    return _best(lambda: _look(db, look, Windows()))


def _look(db: Database, look: Look, windows: Windows) -> None:
    with db.read() as session:
        look(session, windows)


def _fetch(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute(
        "SELECT score, user_key, account_key, answered_at, admission_probability, active_days,"
        " role, plan, page, features, pages FROM responses WHERE project_id = ?"
        " ORDER BY answered_at",
        (PROJECT,),
    ).fetchall()
    connection.close()


def _pass_over_pairs(db: Database, windows: Windows) -> None:
    with db.read() as session:
        answers = windows.between(session, PROJECT, 0, 1 << 59).answers
    np.bincount(answers.features.ids, np.repeat(answers.y, answers.features.lengths))


def _best(work: Callable[[], Any]) -> float:
    """Return the shortest of some runs in ms of the processor."""
    times = []
    for _ in range(LOOKS):
        started = time.process_time()
        work()
        times.append(1000 * (time.process_time() - started))
    return min(times)
