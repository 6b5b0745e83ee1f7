"""Ranking small groups: empirical Bayes (METHODS section 7)."""

import math
from collections.abc import Sequence
from typing import TypedDict

import numpy as np
from scipy.special import ndtr

from backend.domain.insights.columns import Floats
from backend.domain.nps import normal_quantile

LEAST_ACCOUNTS = 5
LEAST_DEGREES = 10
NO_VARIANCE = 1e-12
SMALLEST_TAU2, LARGEST_TAU2 = 1e-8, 1.0
BISECTIONS = 200


class Shrunken(TypedDict):
    """One account on the unit scale; `reliability` is the weight of its own answers."""

    raw: float
    reliability: float
    estimate: float
    sd: float
    lower: float
    upper: float
    prob_below: float


class Shrinkage(TypedDict):
    """The common level, the variances within and between, and each account."""

    mu: float
    sigma2: float
    tau2: float
    accounts: list[Shrunken]


def shrink(
    n: Sequence[int],
    s1: Sequence[int],
    s2: Sequence[int],
    below: float = 0.0,
    confidence: float = 0.95,
) -> Shrinkage | None:
    """Pull each account's level towards the common one, the more the fewer its answers.

    Args:
        n, s1, s2: answers, sum of y and sum of y^2 of each account; n at least 1.
        below: the level that `prob_below` is the probability of lying under.
    Returns:
        None with fewer than 5 accounts, or when everybody gave the same category.
    Raises:
        ValueError: lengths differ or an account has no answer.

    Source: adjusted likelihood of Li, Lahiri 2010 and Morris, Tang 2011, whose estimate of
    the variance between accounts is never 0.
    """
    if not len(n) == len(s1) == len(s2):
        raise ValueError("n, s1 and s2 differ in length")
    sizes = np.asarray(n, np.float64)
    if len(sizes) and sizes.min() < 1:
        raise ValueError("each account has an answer")
    z = normal_quantile(confidence)
    first, second = np.asarray(s1, np.float64), np.asarray(s2, np.float64)
    sigma2 = _within(sizes, first, second)
    if len(sizes) < LEAST_ACCOUNTS or sigma2 <= NO_VARIANCE:
        return None
    raw, v = first / sizes, sigma2 / sizes
    tau2 = _between(raw, v)
    w = 1 / (tau2 + v)
    mu = float((w * raw).sum() / w.sum())
    reliability = tau2 / (tau2 + v)
    estimate = mu + reliability * (raw - mu)
    sd = np.sqrt(reliability * v + (1 - reliability) ** 2 / w.sum())
    columns = (
        raw,
        reliability,
        estimate,
        sd,
        np.maximum(-1, estimate - z * sd),
        np.minimum(1, estimate + z * sd),
        ndtr((below - estimate) / sd),
    )
    return {
        "mu": mu,
        "sigma2": sigma2,
        "tau2": tau2,
        "accounts": [_account(*row) for row in zip(*(c.tolist() for c in columns), strict=True)],
    }


def _within(n: Floats, s1: Floats, s2: Floats) -> float:
    """Variance of one answer within accounts; the total one with few degrees of freedom."""
    total, accounts = float(n.sum()), len(n)
    if total - accounts >= LEAST_DEGREES:
        return float((s2 - s1**2 / n).sum()) / (total - accounts)
    if total <= 1:
        return 0.0
    return float(s2.sum() - s1.sum() ** 2 / total) / (total - 1)


def _between(raw: Floats, v: Floats) -> float:
    """Root of the adjusted likelihood's derivative, by bisection on the logarithm."""
    low, high = math.log(SMALLEST_TAU2), math.log(LARGEST_TAU2)
    if _derivative(LARGEST_TAU2, raw, v) >= 0:
        return LARGEST_TAU2
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if _derivative(math.exp(middle), raw, v) > 0:
            low = middle
        else:
            high = middle
    return math.exp((low + high) / 2)


def _derivative(tau2: float, raw: Floats, v: Floats) -> float:
    w = 1 / (tau2 + v)
    total = float(w.sum())
    mu = float((w * raw).sum()) / total
    squares = float((w**2).sum())
    fit = float((w**2 * (raw - mu) ** 2).sum())
    return -total / 2 + squares / total / 2 + fit / 2 + 1 / tau2


def _account(
    raw: float,
    reliability: float,
    estimate: float,
    sd: float,
    lower: float,
    upper: float,
    prob_below: float,
) -> Shrunken:
    return {
        "raw": raw,
        "reliability": reliability,
        "estimate": estimate,
        "sd": sd,
        "lower": lower,
        "upper": upper,
        "prob_below": prob_below,
    }
