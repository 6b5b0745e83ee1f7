"""Every table on the inputs that break tables: none, one, all alike, one account."""

import numpy as np
import pytest

from backend.domain.insights.accounts import accounts_table
from backend.domain.insights.active_use import hotspot_table, scatter_table
from backend.domain.insights.bias import loudest_voices
from backend.domain.insights.breakdown import breakdown_table
from backend.domain.insights.columns import DIMENSIONS, make_answers
from backend.domain.insights.drivers import drivers_table
from backend.domain.insights.landing import landing
from backend.domain.insights.levels import Population
from backend.domain.insights.repeats import repeat_table
from backend.domain.insights.score import score_table
from backend.domain.insights.telling import term_table
from backend.domain.insights.themes import theme_table
from backend.domain.insights.trend import UNITS, trend_table
from backend.domain.insights.watch import drift_table

from .worlds import DAY_MS, START_MS, has_nan, random_answers

POPULATION = Population(
    shares={"role": {"admin": 0.2, "member": 0.8}, "plan": {"free": 1.0}},
    value={1: 100.0, 2: 0.0},
    role_weight={"admin": 3.0},
)
MIDDLE = START_MS + 100 * DAY_MS
END = START_MS + 200 * DAY_MS
BERLIN = "Europe/Berlin"

TABLES = {
    "score": score_table,
    "weighted score": lambda a: score_table(a, POPULATION),
    **{f"by {d}": lambda a, d=d: breakdown_table(a, d) for d in DIMENSIONS},
    "drivers": drivers_table,
    **{f"trend by {u}": lambda a, u=u: trend_table(a, BERLIN, u, END) for u in UNITS},
    "landing": lambda a: landing(a, MIDDLE, BERLIN),
    "landing long ago": lambda a: landing(a, 0, BERLIN),
    "drift": lambda a: drift_table(a, BERLIN, END),
    "repeats": lambda a: repeat_table(a, MIDDLE),
    "hotspots": hotspot_table,
    "scatter": scatter_table,
    "accounts": lambda a: accounts_table(a, {1: 10.0}),
    "themes": lambda a: theme_table(a, ["slow but cheap"] * len(a)),
    "terms": lambda a: term_table(a, ["slow but cheap"] * len(a)),
    "voices": lambda a: loudest_voices(a, [True] * len(a)),
}

WORLDS = {
    "nobody": make_answers([]),
    "one answer": random_answers(1),
    "two answers": random_answers(2),
    "thirty answers": random_answers(30),
    "all of one account": random_answers(400, accounts=1),
    "all outside the rule": make_answers([9, 3] * 60, weight=np.zeros(120)),
    "all promoters": make_answers([10] * 400, account=np.arange(400) % 20, at=np.full(400, MIDDLE)),
    "one user": make_answers([10, 0] * 60, user=np.zeros(120), at=np.arange(120)),
    "many": random_answers(700),
}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("table", TABLES)
def test_no_table_fails_or_holds_nan(table, world):
    assert not has_nan(TABLES[table](WORLDS[world]))


@pytest.mark.parametrize("table", TABLES)
def test_the_same_answers_give_the_same_table(table):
    assert TABLES[table](random_answers(150)) == TABLES[table](random_answers(150))


def test_the_order_of_the_rows_does_not_matter():
    answers = random_answers(300)
    mixed = answers.select(np.random.default_rng(1).permutation(300))

    one, other = score_table(answers), score_table(mixed)

    assert one["level"]["lower"] == pytest.approx(other["level"]["lower"])
    assert one["distribution"] == other["distribution"]
