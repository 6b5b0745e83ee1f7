"""The simulation of a survey programme, on a size for tests."""

from dataclasses import replace

import numpy as np
import pytest

from backend.domain.eligibility import Cap
from bench import simulate_pacing
from bench import simulate_program as bench


@pytest.fixture(scope="module")
def program():
    return bench.simulate(users=8_000, days=270)


def test_light_users_are_asked_nearly_as_often_as_heavy_ones(program):
    least, *_, most = bench.share_by_quarter(program)
    least_sampled, *_, most_sampled = bench.share_by_quarter(program, only_sample=True)

    assert abs(most - least) <= 0.05
    # Of those in the sample alone, so that the luck of the draw plays no part.
    assert abs(most_sampled - least_sampled) * bench.RATE <= 0.05


def test_no_week_after_the_first_two_brings_a_flood(program):
    weeks = bench.answers_by_week(program)[2:]

    assert max(weeks) <= 1.5 * np.median(weeks)


def test_nobody_meets_two_surveys_within_a_week(program):
    assert bench.least_days_between(program) >= 7


def test_the_budget_is_a_safety_stop_that_did_not_bind(program):
    assert program.bound_days == set()
    assert max(program.asked_by_day) <= program.rules["srv_nps"].daily_budget


def test_tight_caps_and_budgets_are_never_passed():
    rules = bench.surveys(2_000, Cap(3, 30))
    rules["srv_nps"] = replace(rules["srv_nps"], daily_budget=5)

    program = bench.simulate(users=2_000, days=150, rules=rules)

    assert bench.most_in_account(program) == 3
    assert max(program.asked_by_day) == 5
    assert program.bound_days


def test_weekly_pacing_comes_near_its_target_and_brings_no_first_month_flood():
    answers, _, program = simulate_pacing.reach(users=3_000, target=150, answered=0.2)

    assert 0.85 <= answers / 150 <= 1.1
    assert sum(program.answers_by_day[:30]) <= 0.5 * answers


def test_the_same_seed_gives_the_same_year():
    first, second = (bench.simulate(users=500, days=60) for _ in range(2))

    assert first.asks == second.asks
