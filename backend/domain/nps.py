"""One Net Promoter Score, its interval, and the difference of two.

Everything here is on the unit scale, -1 to 1; the tables of `insights` multiply by 100.
Formulas: docs/methods, sections 0 to 2.
"""

import math
from collections.abc import Sequence
from typing import Literal, TypedDict

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

Category = Literal["promoter", "passive", "detractor"]
Counts = Sequence[int]
"""Promoters, passives, detractors, in this order."""

PSEUDO_ANSWERS = 3.0
PSEUDO_SQUARES = 1.5


class Interval(TypedDict):
    """One NPS on the unit scale; None is "no value", never 0."""

    n: int
    nps: float | None
    lower: float | None
    upper: float | None


class Difference(TypedDict):
    """nps_a - nps_b on the unit scale; `clear` means that the interval excludes 0."""

    difference: float | None
    lower: float | None
    upper: float | None
    z: float | None
    p_value: float | None
    clear: bool


def classify(score: object) -> Category | None:
    """Name the category of one answer; None when it is not a whole number from 0 to 10.

    Nothing is clamped or converted: True, "9" and 7.5 are no scores.
    """
    if isinstance(score, bool) or not isinstance(score, int | np.integer):
        return None
    if not 0 <= score <= 10:
        return None
    if score >= 9:
        return "promoter"
    return "passive" if score >= 7 else "detractor"


def categories(scores: npt.ArrayLike) -> npt.NDArray[np.int8]:
    """Turn scores into y: +1 for promoters, 0 for passives, -1 for detractors.

    Raises:
        ValueError: a score is not a whole number from 0 to 10.
    """
    values = np.asarray(scores)
    if values.size == 0:
        return np.zeros(0, np.int8)
    if values.dtype.kind not in "iu":
        raise ValueError("scores are whole numbers")
    if values.min() < 0 or values.max() > 10:
        raise ValueError("scores run from 0 to 10")
    return (values >= 9).astype(np.int8) - (values <= 6).astype(np.int8)


def normal_quantile(confidence: float) -> float:
    """Return z, the two-sided normal quantile of `confidence`.

    Raises:
        ValueError: the confidence does not lie strictly between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise ValueError("confidence lies between 0 and 1")
    return float(ndtri(0.5 + confidence / 2))


def two_sided_p(z: float) -> float:
    """Return the two-sided p value of a normal statistic."""
    return float(2 * ndtr(-abs(z)))


def centre_and_variance(n: float, s1: float, s2: float) -> tuple[float, float]:
    """Return the centre c and the variance of that centre, with three pseudo answers.

    `n` may be an effective number; `s1` and `s2` are the sums of y and of its square.
    The pseudo answers are 3/4 promoter, 3/2 passive and 3/4 detractor.

    Source: Rocks, Interval estimation for the Net Promoter Score, Am. Statistician 70, 2016.
    """
    m = n + PSEUDO_ANSWERS
    centre = s1 / m
    variance = (s2 + PSEUDO_SQUARES) / m - centre**2
    return centre, max(variance, 0.0) / m


def adjusted(
    n: float, s1: float, s2: float, critical: float, bound: float = 1.0
) -> tuple[float, float]:
    """Return lower and upper limit of s1/n, widened to contain it, within -bound..bound.

    `n` must be positive. For paired answers, pass sums of d and `bound` 2.
    """
    centre, variance = centre_and_variance(n, s1, s2)
    half = critical * math.sqrt(variance)
    # s1 / n can leave the range by one rounding error; a point outside it would be drawn.
    point = min(bound, max(-bound, s1 / n))
    lower = max(-bound, min(centre - half, point))
    return lower, min(bound, max(centre + half, point))


def nps_interval(
    promoters: int, passives: int, detractors: int, confidence: float = 0.95
) -> Interval:
    """Return the NPS of three counts with its adjusted Wald interval.

    No answers give None three times. The interval is never of zero width and is not
    symmetric about the NPS.

    Raises:
        ValueError: a count is negative or the confidence is not between 0 and 1.
    """
    z = normal_quantile(confidence)
    if min(promoters, passives, detractors) < 0:
        raise ValueError("counts are not negative")
    n = promoters + passives + detractors
    if n == 0:
        return {"n": 0, "nps": None, "lower": None, "upper": None}
    lower, upper = adjusted(n, promoters - detractors, promoters + detractors, z)
    return {"n": n, "nps": (promoters - detractors) / n, "lower": lower, "upper": upper}


def counted_centre(counts: Counts) -> tuple[float, float]:
    """Return `centre_and_variance` of promoters, passives and detractors."""
    promoters, passives, detractors = counts
    n = promoters + passives + detractors
    return centre_and_variance(n, promoters - detractors, promoters + detractors)


def nps_difference(a: Counts, b: Counts, confidence: float = 0.95) -> Difference:
    """Compare two independent groups, answers of which come from different accounts.

    An empty group gives None and `clear` False. The layer above does not call it with
    fewer than 10 answers on a side, and uses `clustered_difference` for accounts.
    """
    z_critical = normal_quantile(confidence)
    n_a, n_b = sum(a), sum(b)
    if n_a == 0 or n_b == 0:
        return {
            "difference": None,
            "lower": None,
            "upper": None,
            "z": None,
            "p_value": None,
            "clear": False,
        }
    (centre_a, variance_a), (centre_b, variance_b) = counted_centre(a), counted_centre(b)
    difference = (a[0] - a[2]) / n_a - (b[0] - b[2]) / n_b
    centre, se = centre_a - centre_b, math.sqrt(variance_a + variance_b)
    lower = max(-2.0, min(centre - z_critical * se, difference))
    upper = min(2.0, max(centre + z_critical * se, difference))
    return {
        "difference": difference,
        "lower": lower,
        "upper": upper,
        "z": centre / se,
        "p_value": two_sided_p(centre / se),
        "clear": lower > 0 or upper < 0,
    }
