"""One level with its weights, its accounts, and what to keep in mind when reading it."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from backend.domain.insights import weights as weighting
from backend.domain.insights.columns import Answers, Floats, Ints
from backend.domain.insights.estimate import Weighted, weighted
from backend.domain.insights.rows import clusters, counts_of
from backend.domain.insights.wording import (
    FEW_ACCOUNTS,
    FEW_ACCOUNTS_BELOW,
    HIDE_BELOW,
    LARGEST_ACCOUNT_SHARE,
    Level,
    hidden,
    level,
)

OUTSIDE_RULE = "all answers came from outside the sampling rule, so they are not weighted"
REFUSED = "weights are too unequal (design effect above 3), so they are not used"
UNEQUAL = "a few answers carry most of the weight (design effect above 3)"
NOT_CONVERGED = "weights could not meet the population's shares, so they are not used"


class ScoreLevel(Level):
    """A level with the accounts behind it and what to keep in mind when reading it."""

    accounts: int | None
    n_eff: float | None
    design_effect: float | None
    warnings: list[str]


@dataclass(frozen=True)
class Population:
    """What the weights need to know about the eligible users and the accounts.

    `shares` are targets by dimension and label for raking; `value` is ARR or seats by
    account key; `role_weight` is the workspace's choice, 1 for roles not named.
    """

    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    value: Mapping[int, float] = field(default_factory=dict)
    role_weight: Mapping[str, float] = field(default_factory=dict)


def level_of(
    answers: Answers,
    confidence: float = 0.95,
    weights: Floats | None = None,
    warnings: Sequence[str] = (),
) -> ScoreLevel:
    """Return the weighted level of answers, clustered by account, hidden under five.

    Without `weights`, those of the sampling rule (`sampling_weights`). The answers must
    already be one a user.
    """
    if weights is None:
        weights, warnings = sampling_weights(answers)
    cluster, _ = clusters(answers)
    estimate = weighted(answers.y, weights, cluster, confidence)
    counted = weights > 0
    effect = weighting.design_effect(weights[counted])
    if effect is not None and effect > weighting.LARGEST_DESIGN_EFFECT:
        warnings = [*warnings, UNEQUAL]
    shown = level(counts_of(answers.y[counted]), *_limits(estimate))
    return {
        **shown,
        "accounts": estimate["clusters"],
        "n_eff": estimate["n_eff"] if shown["nps"] is not None else None,
        "design_effect": effect,
        "warnings": [*warnings, *account_warnings(estimate, weights, cluster)],
    }


def hidden_level() -> ScoreLevel:
    """Return the level of a cell that may not be seen by someone who may not see answers."""
    return {**hidden(), "accounts": None, "n_eff": None, "design_effect": None, "warnings": []}


def sampling_weights(answers: Answers) -> tuple[Floats, list[str]]:
    """Return 1/pi scaled to mean 1; ones, and why, when there are none or they are too unequal."""
    counted = np.isfinite(answers.weight) & (answers.weight > 0)
    if not counted.any():
        return np.ones(len(answers)), [OUTSIDE_RULE] if len(answers) else []
    weights = np.where(counted, answers.weight, 0.0)
    effect = weighting.design_effect(weights[counted])
    if effect is not None and effect > weighting.LARGEST_DESIGN_EFFECT:
        return counted.astype(np.float64), [REFUSED]
    return weights / weights[counted].mean(), []


def user_weights(answers: Answers, population: Population) -> tuple[Floats, list[str]]:
    """Return weights for "every eligible user counts once": 1/pi, raked, trimmed.

    Categories with fewer than 10 answers are merged before raking.
    """
    base, warnings = sampling_weights(answers)
    counted = np.flatnonzero(base > 0)
    margins = [
        margin
        for name, shares in population.shares.items()
        if (margin := _margin(answers, counted, name, shares)) is not None
    ]
    if not margins:
        return base, warnings
    raked, converged = weighting.rake_codes(base[counted], margins)
    if not converged:
        return base, [*warnings, NOT_CONVERGED]
    trimmed, cut = weighting.trim_counted(raked)
    effect = weighting.design_effect(trimmed)
    if effect is not None and effect > weighting.LARGEST_DESIGN_EFFECT:
        return base, [*warnings, REFUSED]
    weights = np.zeros(len(answers))
    weights[counted] = trimmed
    return weights, [*warnings, f"{cut} weights trimmed"] if cut else warnings


def account_warnings(estimate: Weighted, weights: Floats, cluster: Ints) -> list[str]:
    """Say when few accounts, or one large one, carry the number."""
    warnings = []
    kish = estimate["kish_clusters"]
    if estimate["clusters"] < FEW_ACCOUNTS_BELOW or (kish or 0) < FEW_ACCOUNTS_BELOW:
        warnings.append(FEW_ACCOUNTS)
    if estimate["n"] >= HIDE_BELOW:
        by_account = np.bincount(cluster, np.maximum(weights, 0.0))
        share = float(by_account.max() / by_account.sum())
        if share > LARGEST_ACCOUNT_SHARE:
            warnings.append(f"one account carries {100 * share:.0f} % of the weight")
    return warnings if estimate["n"] else []


def _margin(
    answers: Answers, rows: Ints, name: str, shares: Mapping[str, float]
) -> tuple[Ints, Floats] | None:
    """Codes and targets of one factor, small categories merged; None when one is left.

    Answers without a label, or with one the population does not know, share a category
    that keeps its share of the answers.
    """
    column = answers.dimension(name)
    labels = [label for label in column.labels if shares.get(label, 0) > 0]
    place = {label: i for i, label in enumerate(labels)}
    of_code = [place.get(label, len(labels)) for label in column.labels]
    codes = np.array([*of_code, len(labels)], np.int64)[column.codes[rows]]
    answered = np.bincount(codes, minlength=len(labels) + 1)
    merged = weighting.merge_small({label: int(answered[place[label]]) for label in labels})
    names: list[Hashable] = list(dict.fromkeys(merged.values()))
    if len(names) < 2:
        return None
    unknown = answered[-1] / len(rows)
    new = np.array([*(names.index(merged[label]) for label in labels), len(names)], np.int64)
    target = np.zeros(len(names) + 1)
    for label in labels:
        target[names.index(merged[label])] += shares[label]
    target *= (1 - unknown) / target.sum()
    target[-1] = unknown
    return new[codes], target


def _limits(estimate: Weighted) -> tuple[float | None, float | None, float | None]:
    return estimate["nps"], estimate["lower"], estimate["upper"]
