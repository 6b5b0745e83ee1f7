"""The score of a window: distribution, level, and whom it speaks for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

import numpy as np

from backend.domain.insights import weights as weighting
from backend.domain.insights.columns import NO_ACCOUNT, Answers, Floats
from backend.domain.insights.levels import Population, ScoreLevel, level_of, user_weights
from backend.domain.insights.numbering import numbered
from backend.domain.insights.rows import latest
from backend.domain.insights.wording import HIDE_BELOW, level_sentence


class Estimand(TypedDict):
    """One named answer to "whom does the number speak for?"; points."""

    name: str
    level: ScoreLevel
    sentence: str
    answers_covered: float | None


class ScoreTable(TypedDict):
    """The score endpoint's content. `distribution[s]` counts score s; None when hidden."""

    n: int
    accounts: int
    distribution: list[int] | None
    level: ScoreLevel
    unweighted: ScoreLevel
    estimands: dict[str, Estimand | None]
    sentence: str


def latest_per_user(
    responses: Sequence[Mapping[str, Any]], start: str | datetime, end: str | datetime
) -> list[str]:
    """Return the ids of each user's last response in [start, end), users as first met.

    Last by (instant, id): instants are compared, not their strings.
    """
    first, after = _instant(start), _instant(end)
    last: dict[str, tuple[datetime, str]] = {}
    for response in responses:
        at = _instant(response["at"])
        if first <= at < after:
            candidate = (at, response["id"])
            last[response["user"]] = max(candidate, last.get(response["user"], candidate))
    return [id_ for _, id_ in last.values()]


def score_table(
    answers: Answers, population: Population | None = None, confidence: float = 0.95
) -> ScoreTable:
    """Return the score of a window, by each user's last answer in it.

    Without a `population` the users estimand has the sampling weights alone, and revenue
    is None. Fewer than five answers hide everything but their number.
    """
    answers = latest(answers.without_usage())
    population = population or Population()
    weights, warnings = user_weights(answers, population)
    users = level_of(answers, confidence, weights, warnings)
    shown = len(answers) >= HIDE_BELOW
    return {
        "n": len(answers),
        "accounts": len(np.unique(answers.account[answers.account != NO_ACCOUNT])),
        "distribution": np.bincount(answers.score, minlength=11).tolist() if shown else None,
        "level": users,
        "unweighted": level_of(answers, confidence, np.ones(len(answers))),
        "estimands": {
            "users": _estimand("every eligible user counts once", users, 1.0),
            "accounts": _by_account(answers, weights, population, confidence),
            "revenue": _by_revenue(answers, weights, population, confidence),
        },
        "sentence": level_sentence(users),
    }


def _by_account(
    answers: Answers, weights: Floats, population: Population, confidence: float
) -> Estimand | None:
    named = answers.account != NO_ACCOUNT
    if not named.any():
        return None
    inside = answers.select(named)
    _, place = numbered(inside.account)
    worth = np.ones(int(place.max()) + 1)
    omega = weights[named] * _role_weights(inside, population)
    spread = weighting.spread(worth, omega, place)
    shown = level_of(inside, confidence, spread)
    return _estimand("every account counts once", shown, float(named.mean()))


def _by_revenue(
    answers: Answers, weights: Floats, population: Population, confidence: float
) -> Estimand | None:
    keys, place = numbered(answers.account)
    worth = np.array([population.value.get(int(key), np.nan) for key in keys], np.float64)
    known = np.isfinite(worth) & (worth > 0) & (keys != NO_ACCOUNT)
    rows = known[place] if len(keys) else np.zeros(0, np.bool_)
    if not rows.any():
        return None
    inside = answers.select(rows)
    omega = weights[rows] * _role_weights(inside, population)
    spread = weighting.spread(worth, omega, place[rows])
    shown = level_of(inside, confidence, spread)
    return _estimand("every unit of account value counts once", shown, float(rows.mean()))


def _estimand(name: str, shown: ScoreLevel, covered: float) -> Estimand:
    return {
        "name": name,
        "level": shown,
        "sentence": level_sentence(shown),
        "answers_covered": covered if shown["n"] else None,
    }


def _role_weights(answers: Answers, population: Population) -> Floats:
    role = answers.dimension("role")
    table = [population.role_weight.get(label, 1.0) for label in role.labels]
    return np.array([*table, 1.0], np.float64)[role.codes]


def _instant(value: str | datetime) -> datetime:
    instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    if instant.tzinfo is None:
        raise ValueError("an instant needs its offset from UTC")
    return instant
