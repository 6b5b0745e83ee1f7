"""Answers made up for tests: a random world with accounts, roles and features."""

import math
from typing import Any

import numpy as np

from backend.domain.insights.columns import Answers, Labelled, make_answers, used

START_MS = 1_740_000_000_000
DAY_MS = 86_400_000


def random_answers(n: int, seed: int = 1, accounts: int = 30, features: int = 6) -> Answers:
    """A world in which everything varies and nothing is associated with anything."""
    g = np.random.default_rng(seed)
    names = [f"f{i}" for i in range(features)]
    return make_answers(
        g.integers(0, 11, n),
        key=g.permutation(n) + 1000,
        user=g.integers(0, max(1, 2 * n), n),
        account=g.integers(-1, accounts, n),
        at=START_MS + g.integers(0, 200 * DAY_MS, n),
        weight=g.choice([0.0, 1.0, 2.0, 4.0], n, p=[0.05, 0.45, 0.25, 0.25]),
        active_days=g.integers(0, 31, n),
        percentile=np.where(g.random(n) < 0.05, np.nan, g.random(n) * 100),
        features=used([[f for f in names if g.random() < 0.4] for _ in range(n)]),
        pages=used([["/home"] if g.random() < 0.5 else ["/home", "/reports"] for _ in range(n)]),
        dimensions={
            "role": column(g, ["admin", "member", "viewer"], n),
            "plan": column(g, ["free", "pro"], n),
            "page": column(g, ["/home", "/reports", "/settings"], n),
            "language": column(g, ["de", "en"], n),
            "version": column(g, ["1", "2"], n),
        },
    )


def column(g: np.random.Generator, labels: list[str], n: int) -> Labelled:
    """Random labels, a tenth of them missing."""
    codes = np.where(g.random(n) < 0.1, -1, g.integers(0, len(labels), n))
    return Labelled(codes.astype(np.int32), tuple(labels))


def has_nan(value: Any) -> bool:
    """Whether NaN or infinity hides anywhere in a table."""
    if isinstance(value, dict):
        return any(has_nan(v) for v in value.values())
    if isinstance(value, list | tuple):
        return any(has_nan(v) for v in value)
    return isinstance(value, float) and not math.isfinite(value)
