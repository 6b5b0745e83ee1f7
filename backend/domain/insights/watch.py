"""The drift alarm over a project's answers: baselines, strata, and who moved it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from backend.domain.insights.columns import Answers, Bools, Floats, Ints
from backend.domain.insights.drift import BUDGET, Alarm, Drift, Side, drift, log_gain
from backend.domain.insights.rows import latest_rows
from backend.domain.insights.trend import date_of, local_days
from backend.domain.nps import Counts

BASELINE_DAYS = 90
BASELINE_ANSWERS = 90
STRATUM_ANSWERS = 30
MOST_STRATA = 12
MOST_NAMED = 5
OTHER = "other"
TOO_FEW_TO_WATCH = "too few answers to watch"


class AlarmRow(TypedDict):
    """One alarm. `strata` and `accounts` (keys) moved it most, strongest first."""

    side: Side
    alarm_on: str
    onset: str
    statistic: float
    strata: list[str]
    accounts: list[int]
    sentence: str


class DriftTable(TypedDict):
    """The watch as it stands; dates are local, `alarms` in order of time."""

    status: str
    baseline_from: str | None
    watched_from: str | None
    threshold: float | None
    drop: list[float]
    rise: list[float]
    alarms: list[AlarmRow]
    sentence: str


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the watch reads: local day, stratum, account and category of each answer."""

    answers: Answers
    days: Ints
    codes: Ints
    names: Sequence[str]


def drift_table(answers: Answers, timezone: str, today_ms: int, monitors: int = 1) -> DriftTable:
    """Freeze a baseline of the first 90 days and watch every day after it.

    The baseline needs 90 answers (one a day). Strata are role x plan, at most 12; one with
    fewer than 30 answers in the baseline joins "other". After an alarm a new baseline
    begins at its onset. `monitors` share the budget of one false alarm in ten years.

    Raises:
        ValueError: unknown time zone.
    """
    answers = answers.without_usage()
    names, codes = _role_and_plan(answers)
    columns = _Columns(answers, local_days(answers.at, timezone), codes, names)
    today = int(local_days(np.array([today_ms]), timezone)[0])
    start = int(columns.days.min()) if len(answers) else today
    alarms: list[AlarmRow] = []
    while True:
        end = start + BASELINE_DAYS
        base = _baseline_rows(columns, start, end)
        if end > today or not base.any():
            return _table(start, None, alarms)
        stratum, strata = _strata(columns, base)
        found = _watch(columns, stratum, strata, base, range(end, today + 1), monitors)
        if found["alarm"] is None:
            return _table(start, found, alarms)
        alarms.append(_told(columns, stratum, strata, found, found["alarm"], end))
        start = end + found["alarm"]["onset_day"]


def _baseline_rows(columns: _Columns, start: int, end: int) -> Bools:
    """The last answer of each user in the baseline; none when it is too small."""
    inside = (columns.days >= start) & (columns.days < end)
    if inside.sum() < BASELINE_ANSWERS:
        return np.zeros(len(inside), np.bool_)
    rows = np.flatnonzero(inside)
    part = columns.answers.select(rows)
    inside[rows] = latest_rows(part, part.user)
    return inside


def _watch(
    columns: _Columns,
    stratum: Ints,
    strata: Sequence[str],
    base: Bools,
    watched: range,
    monitors: int,
) -> Drift:
    y, size = columns.answers.y, len(strata)
    counts = _by_stratum(stratum[base], y[base], size)
    rows = (columns.days >= watched.start) & (columns.days < watched.stop)
    key = (columns.days[rows] - watched.start) * size + stratum[rows]
    daily = _by_stratum(key, y[rows], size * len(watched)).reshape(len(watched), size, 3)
    return drift(
        _named(counts, strata), [_named(day, strata) for day in daily], BUDGET / max(1, monitors)
    )


def _strata(columns: _Columns, base: Bools) -> tuple[Ints, list[str]]:
    """Stratum of every answer, and their names, the largest first and "other" last."""
    size = np.bincount(columns.codes[base], minlength=len(columns.names))
    large = [int(c) for c in np.argsort(-size, kind="stable") if size[c] >= STRATUM_ANSWERS]
    kept = large[: MOST_STRATA - 1]
    place = np.full(len(columns.names), len(kept))
    place[kept] = np.arange(len(kept))
    return place[columns.codes], [*(columns.names[c] for c in kept), OTHER]


def _told(
    columns: _Columns,
    stratum: Ints,
    strata: Sequence[str],
    found: Drift,
    alarm: Alarm,
    end: int,
) -> AlarmRow:
    onset, last, side = end + alarm["onset_day"], end + alarm["day"], alarm["side"]
    rows = np.flatnonzero((columns.days >= onset) & (columns.days <= last))
    gain = np.zeros(len(rows))
    for i, name in enumerate(strata):
        inside = stratum[rows] == i
        if name in found["centres"]:
            y = columns.answers.y[rows[inside]].astype(np.float64)
            gain[inside] = log_gain(y, found["centres"][name], side).mean(0)
    word = "Down" if side == "drop" else "Up"
    return {
        "side": side,
        "alarm_on": date_of(last).isoformat(),
        "onset": date_of(onset).isoformat(),
        "statistic": found[side][alarm["day"]],
        "strata": [strata[i] for i in _strongest(stratum[rows], gain)],
        "accounts": [key for key in _strongest(columns.answers.account[rows], gain) if key >= 0],
        "sentence": f"{word} since about {date_of(onset).isoformat()}.",
    }


def _strongest(keys: Ints, gain: Floats) -> list[int]:
    names, place = np.unique(keys, return_inverse=True)
    sums = np.bincount(place, gain, len(names))
    order = np.argsort(-sums, kind="stable")[:MOST_NAMED]
    return [int(names[i]) for i in order if sums[i] > 0]


def _table(start: int, found: Drift | None, alarms: list[AlarmRow]) -> DriftTable:
    if found is None:
        sentence = alarms[-1]["sentence"] if alarms else "Too few answers to watch."
        return {
            "status": TOO_FEW_TO_WATCH,
            "baseline_from": date_of(start).isoformat() if alarms else None,
            "watched_from": None,
            "threshold": None,
            "drop": [],
            "rise": [],
            "alarms": alarms,
            "sentence": sentence,
        }
    return {
        "status": "watching",
        "baseline_from": date_of(start).isoformat(),
        "watched_from": date_of(start + BASELINE_DAYS).isoformat(),
        "threshold": found["threshold"],
        "drop": found["drop"],
        "rise": found["rise"],
        "alarms": alarms,
        "sentence": alarms[-1]["sentence"] if alarms else "No clear change since the baseline.",
    }


def _role_and_plan(answers: Answers) -> tuple[list[str], Ints]:
    role, plan = answers.dimension("role"), answers.dimension("plan")
    base = len(plan.labels) + 1
    keys, codes = np.unique(
        (role.codes.astype(np.int64) + 1) * base + plan.codes + 1, return_inverse=True
    )
    pairs = [divmod(int(key), base) for key in keys]
    return [f"{_label(role.labels, r)} / {_label(plan.labels, p)}" for r, p in pairs], codes


def _label(labels: Sequence[str], place: int) -> str:
    return labels[place - 1] if place else "unknown"


def _by_stratum(key: Ints, y: npt.NDArray[np.int8], size: int) -> Ints:
    return np.bincount(3 * key + 1 - y, minlength=3 * size).reshape(size, 3)


def _named(table: Ints, strata: Sequence[str]) -> Mapping[str, Counts]:
    return {name: table[i].tolist() for i, name in enumerate(strata)}
