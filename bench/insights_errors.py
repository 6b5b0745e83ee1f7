"""How often what has no effect is marked, and what has one is found, over 200 known worlds.

In every world active use makes people happier and use more features; four features, two roles
and a release go with happier or unhappier answers; thirty features, all plans and another
release with nothing. `floor` is the rate that is promised, or what a plain comparison of users
and non-users would mark. Releases are asked about every day for 90 days, as a dashboard does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from backend.domain.insights.breakdown import breakdown_table
from backend.domain.insights.columns import Answers, Ints, Labelled, Used, make_answers
from backend.domain.insights.drivers import drivers_table
from backend.domain.insights.landing import landing
from backend.domain.insights.trend import DAY_MS

WORLDS = 200
ANSWERS, ACCOUNTS = 800, 80
REAL, NULL = 4, 30
EFFECT = 0.8
# In points of the scale, as the features' effect and the release's are.
ROLES = {"manager": 1.0, "analyst": -1.0, "member": 0.0, "admin": 0.0}
PLANS = ("free", "team", "business", "enterprise")
DAYS, RELEASED = 180, 90
LANDED = 1.2


@dataclass(frozen=True)
class Found:
    """What one world's table marked, and what a plain comparison would have."""

    real: int
    null: int
    plain_null: int
    roles: int
    null_plans: int
    landed: bool
    null_landed: bool


def run() -> Iterator[dict[str, object]]:
    """Yield the share of false marks, the share of planted effects found, and the plain way's."""
    found = [_world(seed) for seed in range(WORLDS)]
    # The rate that is held is the mean share of false marks, a world without any counting 0.
    false = float(np.mean([f.null / max(1, f.null + f.real) for f in found]))
    plain = float(np.mean([f.plain_null / NULL for f in found]))
    power = float(np.mean([f.real / REAL for f in found]))
    nulls = float(np.mean([f.null / NULL for f in found]))
    yield _row("insights_false_among_marked", false, 0.10)
    yield _row("insights_nulls_marked", nulls, plain)
    yield _row("insights_planted_found", power, 1.0)
    yield _row(
        "insights_null_plans_marked", float(np.mean([f.null_plans > 0 for f in found])), 0.10
    )
    yield _row("insights_planted_roles_found", float(np.mean([f.roles / 2 for f in found])), 1.0)
    yield _row("insights_null_release_landed", float(np.mean([f.null_landed for f in found])), 0.05)
    yield _row("insights_planted_release_landed", float(np.mean([f.landed for f in found])), 1.0)


def _row(name: str, value: float, floor: float) -> dict[str, object]:
    ratio = round(value / floor, 3) if floor else None
    return {
        "name": name,
        "value": round(value, 3),
        "unit": "share",
        "floor": round(floor, 3),
        "ratio": ratio,
    }


def _world(seed: int) -> Found:
    g = np.random.default_rng(seed)
    account = g.integers(0, ACCOUNTS, ANSWERS)
    active = g.integers(0, 31, ANSWERS)
    features = REAL + NULL
    habit = g.normal(0, 1, features)
    chance = 1 / (1 + np.exp(-(active[:, None] / 10 - 1.5 + habit)))
    uses = g.random((ANSWERS, features)) < chance
    mood = 0.05 * active + EFFECT * uses[:, :REAL].sum(1) + g.normal(0, 0.4, ACCOUNTS)[account]
    mood = mood - mood.mean() + g.normal(0, 1.5, ANSWERS)
    role = g.integers(0, len(ROLES), ANSWERS)
    at = np.sort(g.integers(0, DAYS * DAY_MS, ANSWERS))
    score = _score(mood + np.array(list(ROLES.values()))[role])
    lengths = np.concatenate(([0], np.cumsum(uses.sum(1)))).astype(np.int64)
    ids = np.nonzero(uses)[1].astype(np.int32)
    names = tuple(f"{'real' if i < REAL else 'null'}_{i}" for i in range(features))
    answers = make_answers(
        score,
        account=account,
        active_days=active,
        at=at,
        features=Used(lengths, ids, names),
        dimensions={
            "role": Labelled(role.astype(np.int32), tuple(ROLES)),
            "plan": Labelled(g.integers(0, len(PLANS), ANSWERS).astype(np.int32), PLANS),
        },
    )
    marked = [row["name"] for row in drivers_table(answers)["features"] if row["marked"]]
    plain = sum(_plain_p(answers.y, uses[:, i]) < 0.05 for i in range(REAL, features))
    real = sum(name.startswith("real") for name in marked)
    return Found(
        real,
        len(marked) - real,
        plain,
        roles=_planted_roles(answers),
        null_plans=sum(row["clear"] for row in breakdown_table(answers, "plan")),
        landed=_landed(_score(mood + LANDED * (at >= RELEASED * DAY_MS)), account, at),
        null_landed=_landed(_score(mood), account, at),
    )


def _score(mood: np.typing.NDArray[np.float64]) -> Ints:
    return np.clip(np.round(7.5 + mood), 0, 10).astype(np.int64)


def _planted_roles(answers: Answers) -> int:
    """Return how many planted roles are marked, each in its direction."""
    clear = [row for row in breakdown_table(answers, "role") if row["clear"]]
    return sum(ROLES[row["value"] or ""] * (row["difference"] or 0) > 0 for row in clear)


def _landed(score: Ints, account: Ints, at: Ints) -> bool:
    """Whether the release was called a change on any day that somebody looked."""
    whole = make_answers(score, account=account, at=at)
    return landing(whole, RELEASED * DAY_MS, "UTC")["changed"]


def _plain_p(y: np.typing.NDArray[np.int8], uses: np.typing.NDArray[np.bool_]) -> float:
    a, b = y[uses].astype(float), y[~uses].astype(float)
    if min(len(a), len(b)) < 2:
        return 1.0
    spread = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return float(2 * norm.sf(abs(a.mean() - b.mean()) / spread))
