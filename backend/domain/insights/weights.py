"""Weights: whom the number speaks for (METHODS section 5)."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypedDict

import numpy as np

from backend.domain.insights.columns import Floats, Ints

MAX_SWEEPS = 1000
TOLERANCE = 1e-12
SMALLEST_CATEGORY = 10
TRIM_AT = 4.0
LARGEST_DESIGN_EFFECT = 3.0


class Raked(TypedDict):
    """Weights that sum to n; when not converged they are not to be used."""

    weights: list[float]
    converged: bool
    design_effect: float | None


def rake(
    base: Sequence[float],
    factors: Sequence[Sequence[Hashable]],
    targets: Sequence[Mapping[Hashable, float]],
) -> Raked:
    """Scale `base` so that every factor's shares equal its targets (iterative proportions).

    Args:
        base: positive weights, 1/pi.
        factors: one sequence of categories a factor, as long as `base`.
        targets: the share of each category among eligible users, one mapping a factor.
    Raises:
        ValueError: a category of the answers has no target, a weight is not positive, or
            lengths differ.

    Source: Deville, Särndal, Calibration estimators in survey sampling, JASA 87, 1992.
    """
    if len(factors) != len(targets) or any(len(f) != len(base) for f in factors):
        raise ValueError("each factor needs a category for each answer, and its targets")
    if len(base) == 0:
        return {"weights": [], "converged": True, "design_effect": None}
    if not min(base) > 0:
        raise ValueError("base weights are positive")
    coded = [_coded(f, t) for f, t in zip(factors, targets, strict=True)]
    weights, converged = rake_codes(np.asarray(base, np.float64), coded)
    return {
        "weights": weights.tolist(),
        "converged": converged,
        "design_effect": design_effect(weights),
    }


def rake_codes(base: Floats, margins: Sequence[tuple[Ints, Floats]]) -> tuple[Floats, bool]:
    """Rake over (codes, target shares) pairs; weights sum to n, and whether it converged."""
    weights = base * (len(base) / base.sum())
    for _ in range(MAX_SWEEPS):
        for codes, target in margins:
            reached = np.bincount(codes, weights, len(target)).astype(np.float64)
            weights = weights * _ratio(target * weights.sum(), reached)[codes]
        # A category that nobody is in takes its target away from the sum, sweep by sweep.
        weights = weights * (len(base) / weights.sum())
        if all(_is_met(weights, codes, target) for codes, target in margins):
            return weights, True
    return weights, False


def merge_small(counts: Mapping[str, int], minimum: int = SMALLEST_CATEGORY) -> dict[str, str]:
    """Say which name each category goes by, so that each has `minimum` answers.

    The smallest categories are joined, smallest first and by name among equals, under one
    name made of theirs; a category that stays alone keeps its own.
    """
    order = sorted(counts, key=lambda name: (counts[name], name))
    joined: list[str] = []
    while order and (
        counts[order[0]] < minimum or (joined and sum(counts[c] for c in joined) < minimum)
    ):
        joined.append(order.pop(0))
    together = " + ".join(sorted(joined))
    return {name: together if name in joined else name for name in counts}


def trim(weights: Sequence[float], cap: float = TRIM_AT) -> list[float]:
    """Scale to mean 1, cut at `cap`, scale to mean 1 again. Empty stays empty.

    Raises:
        ValueError: the weights sum to nothing.
    """
    trimmed, _ = trim_counted(np.asarray(weights, np.float64), cap)
    return [float(w) for w in trimmed]


def trim_counted(weights: Floats, cap: float = TRIM_AT) -> tuple[Floats, int]:
    """Return the trimmed weights and how many were cut, which is always reported."""
    if len(weights) == 0:
        return weights, 0
    if not weights.sum() > 0:
        raise ValueError("the weights sum to nothing")
    scaled = weights / weights.mean()
    cut = np.minimum(scaled, cap)
    return cut / cut.mean(), int((scaled > cap).sum())


def poststratify(cells: Sequence[Hashable], population: Mapping[Hashable, float]) -> list[float]:
    """Return w_i = N_c/n_c * n/N; for cells of at least 10 answers, otherwise `rake`.

    Raises:
        ValueError: a cell of the answers is not in the population.
    """
    names = list(dict.fromkeys(cells))
    if any(name not in population for name in names):
        raise ValueError("a cell of the answers is missing from the population")
    place = {name: i for i, name in enumerate(names)}
    codes = np.array([place[cell] for cell in cells], np.int64)
    answered = np.bincount(codes, minlength=len(names))
    total = sum(population.values())
    share = np.array([population[name] for name in names], np.float64)
    return [float(w) for w in (share / answered)[codes] * len(cells) / total] if names else []


def account_weights(
    account: Sequence[Hashable],
    role: Sequence[str | None],
    value: Mapping[Hashable, float | None] | None = None,
    role_weight: Mapping[str, float] | None = None,
    base: Sequence[float] | None = None,
) -> list[float | None]:
    """Return w_i = A_a omega_i / (sum of omega over the account).

    Args:
        value: A of each account (ARR, seats); left out, every account counts 1. An account
            without a value gives None: its answers are left out.
        role_weight: omega of a role; 1 for roles not named.
        base: raked weights, which multiply omega.
    """
    names = list(dict.fromkeys(account))
    place = {name: i for i, name in enumerate(names)}
    codes = np.array([place[name] for name in account], np.int64)
    of_role = role_weight or {}
    omega = np.array([of_role.get(r, 1.0) if r is not None else 1.0 for r in role], np.float64)
    worth = np.array(
        [1.0 if value is None else _number(value.get(name)) for name in names], np.float64
    )
    weights = spread(worth, omega if base is None else omega * np.asarray(base), codes)
    return [None if np.isnan(w) else float(w) for w in weights]


def spread(worth: Floats, omega: Floats, codes: Ints) -> Floats:
    """Share each account's worth among its answers by omega; NaN where there is no worth."""
    if len(codes) == 0:
        return np.zeros(0)
    totals = np.bincount(codes, omega, len(worth)).astype(np.float64)
    scale = _ratio(worth, totals)
    return scale[codes] * omega


def design_effect(weights: Floats) -> float | None:
    """Return Kish's n sum w^2/(sum w)^2; None without weight.

    Source: Kish, Survey Sampling, 1965.
    """
    total = float(weights.sum())
    return len(weights) * float((weights**2).sum()) / total**2 if total > 0 else None


def _coded(factor: Sequence[Hashable], target: Mapping[Hashable, float]) -> tuple[Ints, Floats]:
    place = {name: i for i, name in enumerate(target)}
    if any(name not in place for name in factor):
        raise ValueError("a category of the answers has no target")
    shares = np.array(list(target.values()), np.float64)
    if shares.min() < 0 or not shares.sum() > 0:
        raise ValueError("targets are shares")
    return np.array([place[name] for name in factor], np.int64), shares / shares.sum()


def _is_met(weights: Floats, codes: Ints, target: Floats) -> bool:
    shares = np.bincount(codes, weights, len(target)) / weights.sum()
    return bool(np.abs(shares - target).max() <= TOLERANCE)


def _ratio(a: Floats, b: Floats) -> Floats:
    return np.divide(a, b, out=np.zeros(len(a)), where=b > 0)


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)
