"""How many answers are needed, and what change they could show (METHODS section 2)."""

import math

from scipy.special import ndtri

from backend.domain.nps import normal_quantile

UNKNOWN_VARIANCE = 0.6
"""p + d - (p - d)^2 of a usual product, for a first period without history."""


def answer_variance(promoters: int, passives: int, detractors: int) -> float:
    """Return V = p + d - (p - d)^2 of one answer; 0.6 when there are none yet."""
    n = promoters + passives + detractors
    if n == 0:
        return UNKNOWN_VARIANCE
    return (promoters + detractors) / n - ((promoters - detractors) / n) ** 2


def required_n_per_group(
    delta: float, variance: float = UNKNOWN_VARIANCE, confidence: float = 0.95, power: float = 0.8
) -> int:
    """Return the answers a group needs to see a difference of `delta` (unit scale).

    With answers from accounts, multiply by the design effect of the last period.

    Raises:
        ValueError: delta is not positive, or the variance lies outside 0 to 1.
    """
    if not 0 < delta <= 2:
        raise ValueError("the difference lies above 0 and at most at 2")
    quantiles = normal_quantile(confidence) + _power_quantile(power)
    return math.ceil(quantiles**2 * 2 * _checked(variance) / delta**2)


def n_for_half_width(
    half_width: float, variance: float = UNKNOWN_VARIANCE, confidence: float = 0.95
) -> int:
    """Return the answers that make the interval about +- `half_width` (unit scale).

    Raises:
        ValueError: the half-width is not positive, or the variance lies outside 0 to 1.
    """
    if half_width <= 0:
        raise ValueError("the half-width is positive")
    z = normal_quantile(confidence)
    return max(1, math.ceil(z**2 * _checked(variance) / half_width**2 - 3))


def half_width_of(
    n: float, variance: float = UNKNOWN_VARIANCE, confidence: float = 0.95
) -> float | None:
    """Return how far the interval of `n` answers reaches to either side (unit scale).

    The opposite of `n_for_half_width`; None without answers.

    Raises:
        ValueError: the variance lies outside 0 to 1.
    """
    if n <= 0:
        return None
    return normal_quantile(confidence) * math.sqrt(_checked(variance) / (n + 3))


def minimum_detectable_change(
    n1: int,
    n2: int,
    variance1: float = UNKNOWN_VARIANCE,
    variance2: float = UNKNOWN_VARIANCE,
    confidence: float = 0.95,
    power: float = 0.8,
) -> float | None:
    """Return the change found `power` of the time with these numbers; None without answers."""
    if n1 <= 0 or n2 <= 0:
        return None
    quantiles = normal_quantile(confidence) + _power_quantile(power)
    return quantiles * math.sqrt(_checked(variance1) / n1 + _checked(variance2) / n2)


def detectable(
    variance: float | None, confidence: float = 0.95, power: float = 0.8
) -> float | None:
    """Return the change found `power` of the time by a difference of this variance, in points.

    Shown beside every comparison that is not clear; None where there is no variance.
    """
    if variance is None or variance < 0:
        return None
    return 100 * (normal_quantile(confidence) + _power_quantile(power)) * math.sqrt(variance)


def _power_quantile(power: float) -> float:
    if not 0 < power < 1:
        raise ValueError("power lies between 0 and 1")
    return float(ndtri(power))


def _checked(variance: float) -> float:
    if not 0 <= variance <= 1:
        raise ValueError("the variance of one answer lies between 0 and 1")
    return variance
