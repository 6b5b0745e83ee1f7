"""Undeclared drift: an alarm that may be looked at every day (METHODS section 3).

A sum of e-processes restarted weekly, per stratum, so that a change of who answers is not
taken for a change of what they say. Source: Shin, Ramdas, Rinaldo, E-detectors, NEJSDS 2,
2024.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

import numpy as np

from backend.domain.insights.columns import Floats
from backend.domain.nps import Counts, normal_quantile

Side = Literal["drop", "rise"]
SIDES: tuple[Side, ...] = ("drop", "rise")
LAMBDAS = (0.1, 0.2, 0.4)
RESTART_DAYS = 7
BUDGET = 0.10
MIN_MARGIN = 0.03
LARGEST = 1e300
CLIP = 0.99


class Alarm(TypedDict):
    """The first day a statistic reached the threshold, and when the change began."""

    day: int
    side: Side
    onset_day: int


class Drift(TypedDict):
    """Centres by stratum, the statistics day by day up to the end, and the first alarm."""

    threshold: float
    centres: dict[str, list[float]]
    drop: list[float]
    rise: list[float]
    alarm: Alarm | None


def drift(
    baseline: Mapping[str, Counts],
    days: Sequence[Mapping[str, Counts]],
    budget: float = BUDGET,
    min_margin: float = MIN_MARGIN,
) -> Drift:
    """Watch daily counts by stratum against a frozen baseline.

    Days without answers leave the statistics unchanged apart from the weekly restart; a
    stratum that the baseline lacks does not count. If each stratum's true level lies within
    its margin, a false alarm within a year has at most the chance `budget`.

    Raises:
        ValueError: the budget is not positive.
    """
    if not budget > 0:
        raise ValueError("the budget is positive")
    limit = 2 * (365 // RESTART_DAYS + 1) / budget
    centres = {
        name: centre(counts, min_margin) for name, counts in baseline.items() if sum(counts) > 0
    }
    logs = {side: _log_factors(days, centres, side) for side in SIDES}
    series = {side: _statistics(logs[side]) for side in SIDES}
    return {
        "threshold": limit,
        "centres": centres,
        "drop": series["drop"],
        "rise": series["rise"],
        "alarm": _first_alarm(series, logs, limit),
    }


def centre(counts: Counts, min_margin: float = MIN_MARGIN) -> list[float]:
    """Return the lower and upper level that a stratum may take without being a change."""
    promoters, passives, detractors = counts
    n = promoters + passives + detractors
    mean = (promoters - detractors) / n
    variance = max(0.0, (promoters + detractors) / n - mean**2)
    # Half of all baselines miss their truth by more than this quartile of the normal.
    margin = max(min_margin, normal_quantile(0.5) * math.sqrt(variance / n))
    return [max(-CLIP, min(CLIP, mean - margin)), max(-CLIP, min(CLIP, mean + margin))]


def log_gain(y: Floats, limits: Sequence[float], side: Side) -> Floats:
    """Return the logarithm of each answer's factor, one row a lambda."""
    step = limits[0] - y if side == "drop" else y - limits[1]
    return np.log1p(np.multiply.outer(LAMBDAS, step))


def _log_factors(
    days: Sequence[Mapping[str, Counts]], centres: Mapping[str, list[float]], side: Side
) -> Floats:
    """Logarithm of each day's factor, one row a day and one column a lambda."""
    logs = np.zeros((len(days), len(LAMBDAS)))
    values = np.array([1.0, 0.0, -1.0])
    gains = {name: log_gain(values, limits, side) for name, limits in centres.items()}
    for t, day in enumerate(days):
        for name, counts in day.items():
            if name in gains:
                logs[t] += gains[name] @ np.asarray(counts, np.float64)
    return logs


def _statistics(logs: Floats) -> list[float]:
    statistics = []
    r = np.zeros(len(LAMBDAS))
    for t, log in enumerate(logs):
        restart = 1.0 if t % RESTART_DAYS == 0 else 0.0
        with np.errstate(over="ignore"):
            r = np.minimum((r + restart) * np.exp(log), LARGEST)
        statistics.append(float(r.mean()))
    return statistics


def _first_alarm(
    series: Mapping[Side, list[float]], logs: Mapping[Side, Floats], limit: float
) -> Alarm | None:
    for day in range(len(series["drop"])):
        for side in SIDES:
            if series[side][day] >= limit:
                return {"day": day, "side": side, "onset_day": _onset(logs[side][: day + 1])}
    return None


def _onset(logs: Floats) -> int:
    """The restart day whose own product up to now, averaged over lambda, is largest."""
    starts = range(0, len(logs), RESTART_DAYS)
    products = [
        float(np.logaddexp.reduce(logs[start:].sum(0)) - math.log(len(LAMBDAS))) for start in starts
    ]
    return starts[int(np.argmax(products))]
