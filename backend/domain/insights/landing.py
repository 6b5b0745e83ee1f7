"""Did a declared change land? Looked at as often as one likes (METHODS section 3)."""

import math
from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from backend.domain.insights.columns import Answers, Bools
from backend.domain.insights.estimate import difference_of, side_sums
from backend.domain.insights.levels import ScoreLevel, level_of
from backend.domain.insights.planning import detectable
from backend.domain.insights.rows import clusters, counts_of, latest
from backend.domain.insights.trend import DAY_MS, local_days
from backend.domain.insights.wording import (
    LARGEST_ACCOUNT_SHARE,
    TEST_ANSWERS,
    change_sentence,
    points,
)
from backend.domain.nps import Counts, counted_centre

ETA = 0.15
ALPHA = 0.05
BEFORE_DAYS = 90
LARGEST_LOG = 700.0
"""exp of more is infinite in a float; the p value is computed from the logarithm."""


class AlwaysValid(TypedDict):
    """A difference after - before on the unit scale, valid at every look."""

    difference: float | None
    lower: float | None
    upper: float | None
    e_value: float | None
    p_always: float


class Look(AlwaysValid):
    """One daily look: `p_running` is the smallest `p_always` so far."""

    p_running: float


class Landing(TypedDict):
    """Before and after a release, in points; `changed` needs 20 answers on both sides."""

    before: ScoreLevel
    after: ScoreLevel
    difference: float | None
    lower: float | None
    upper: float | None
    p_running: float
    changed: bool
    detectable: float | None
    sentence: str


def always_valid_difference(
    before: Counts, after: Counts, eta: float = ETA, alpha: float = ALPHA
) -> AlwaysValid:
    """Compare the answers since a change with a fixed "before"; no answers on a side: None.

    Args:
        eta: prior size of a change, on the unit scale.
    Raises:
        ValueError: eta is not positive or alpha is not between 0 and 1.

    Source: normal mixture of Robbins 1970 as in Johari, Koomen, Pekelis, Walsh 2022.
    """
    if sum(before) == 0 or sum(after) == 0:
        return always_valid(None, None, eta, alpha)
    (centre_0, variance_0), (centre_1, variance_1) = counted_centre(before), counted_centre(after)
    return always_valid(centre_1 - centre_0, variance_0 + variance_1, eta, alpha)


def always_valid(
    difference: float | None, variance: float | None, eta: float = ETA, alpha: float = ALPHA
) -> AlwaysValid:
    """Return the e value and the limits of a difference with this variance."""
    if not eta > 0 or not 0 < alpha < 1:
        raise ValueError("eta is positive, alpha lies between 0 and 1")
    if difference is None or variance is None or variance <= 0:
        return {
            "difference": difference,
            "lower": None,
            "upper": None,
            "e_value": None,
            "p_always": 1.0,
        }
    prior = eta**2
    spread = math.log((variance + prior) / variance) + 2 * math.log(1 / alpha)
    half = math.sqrt(variance * (variance + prior) / prior * spread)
    log_e = 0.5 * math.log(variance / (variance + prior))
    log_e += prior * difference**2 / (2 * variance * (variance + prior))
    return {
        "difference": difference,
        "lower": max(-2.0, difference - half),
        "upper": min(2.0, difference + half),
        "e_value": math.exp(min(log_e, LARGEST_LOG)),
        "p_always": min(1.0, math.exp(-max(log_e, -LARGEST_LOG))),
    }


def always_valid_series(
    before: Counts, daily: Sequence[Counts], eta: float = ETA, alpha: float = ALPHA
) -> list[Look]:
    """Return one look a day, each over all answers since the change."""
    looks: list[Look] = []
    after, running = [0, 0, 0], 1.0
    for day in daily:
        after = [sum(pair) for pair in zip(after, day, strict=True)]
        look = always_valid_difference(before, after, eta, alpha)
        running = min(running, look["p_always"])
        looks.append({**look, "p_running": running})
    return looks


def landing(answers: Answers, release_ms: int, timezone: str, confidence: float = 0.95) -> Landing:
    """Compare the answers since a release with those of the 90 days up to it.

    In each period the last answer of each user counts. If an account gives more than a
    fifth of the answers, the variance is that of the clustered difference, and only the
    last look counts.

    Raises:
        ValueError: unknown time zone.
    """
    answers = answers.without_usage()
    start = release_ms - BEFORE_DAYS * DAY_MS
    before = latest(answers.select((answers.at >= start) & (answers.at < release_ms)))
    after = latest(answers.select(answers.at >= release_ms))
    looks = always_valid_series(counts_of(before.y), _daily(after, timezone))
    last = looks[-1] if looks else None
    running = last["p_running"] if last else 1.0
    chosen: AlwaysValid = last if last else always_valid(None, None)
    variance: float | None = _variance(before) + _variance(after)
    if _has_large_account(before) or _has_large_account(after):
        chosen, variance = _clustered(answers, release_ms, start)
        running = chosen["p_always"]
    enough = min(len(before), len(after)) >= TEST_ANSWERS
    changed = enough and running <= ALPHA
    shown = chosen["difference"] if enough else None
    return {
        "before": level_of(before, confidence),
        "after": level_of(after, confidence),
        "difference": points(shown),
        "lower": points(chosen["lower"]) if enough else None,
        "upper": points(chosen["upper"]) if enough else None,
        "p_running": running,
        "changed": changed,
        "detectable": detectable(variance) if enough else None,
        "sentence": change_sentence(
            points(shown),
            clear=changed,
            since="the release",
            detectable=detectable(variance),
        ),
    }


def _daily(after: Answers, timezone: str) -> list[list[int]]:
    """Counts of the days with answers: a day without changes no look."""
    days = local_days(after.at, timezone)
    _, place = np.unique(days, return_inverse=True)
    size = int(place.max()) + 1 if len(place) else 0
    table = np.bincount(3 * place + 1 - after.y, minlength=3 * size)
    return [[int(count) for count in day] for day in table.reshape(size, 3)]


def _variance(answers: Answers) -> float:
    return counted_centre(counts_of(answers.y))[1]


def _has_large_account(answers: Answers) -> bool:
    if len(answers) == 0:
        return False
    cluster, _ = clusters(answers)
    return int(np.bincount(cluster).max()) > LARGEST_ACCOUNT_SHARE * len(answers)


def _clustered(answers: Answers, release_ms: int, start: int) -> tuple[AlwaysValid, float | None]:
    """The always valid difference with the variance over accounts."""
    sides = [
        (answers.at >= release_ms),
        (answers.at >= start) & (answers.at < release_ms),
    ]
    cluster, size = clusters(answers)
    y, ones = answers.y.astype(np.float64), np.ones(len(answers))
    sums = [side_sums(y, ones, cluster, _last(answers, rows), size) for rows in sides]
    found = difference_of(sums[0], sums[1])
    return always_valid(found["difference"], found["variance"]), found["variance"]


def _last(answers: Answers, rows: Bools) -> Bools:
    places = np.flatnonzero(rows)
    part = answers.select(places)
    kept = np.zeros(len(answers), np.bool_)
    last = np.isin(part.key, latest(part).key)
    kept[places[last]] = True
    return kept
