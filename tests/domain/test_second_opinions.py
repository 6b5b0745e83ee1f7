"""Formulas beside those of other libraries, where they have an equivalent."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.weightstats import DescrStatsW

from backend.domain.insights import planning
from backend.domain.insights.bias import smd_continuous
from backend.domain.insights.breakdown import difference_p
from backend.domain.insights.repeats import paired_change
from backend.domain.nps import nps_difference, nps_interval

Y = (1, 0, -1)
PSEUDO = np.array([0.75, 1.5, 0.75])


@pytest.mark.parametrize("counts", [(45, 40, 15), (8, 3, 2), (120, 300, 80)])
def test_the_interval_is_that_of_a_mean_with_three_more_answers(counts):
    told = DescrStatsW(Y, np.array(counts) + PSEUDO, ddof=0)
    half = stats.norm.ppf(0.975) * told.std / math.sqrt(sum(counts) + 3)

    found = nps_interval(*counts)

    assert found["lower"] == pytest.approx(told.mean - half)
    assert found["upper"] == pytest.approx(told.mean + half)


def test_the_difference_is_a_z_test_of_two_means_with_three_more_answers_each():
    a, b = (45, 40, 15), (30, 45, 25)
    sides = [DescrStatsW(Y, np.array(counts) + PSEUDO, ddof=0) for counts in (a, b)]
    se = math.sqrt(sum(side.var / side.nobs for side in sides))
    z = (sides[0].mean - sides[1].mean) / se

    found = nps_difference(a, b)

    assert found["z"] == pytest.approx(z)
    assert found["p_value"] == pytest.approx(2 * stats.norm.sf(abs(z)))


@pytest.mark.parametrize(("delta", "power"), [(0.1, 0.8), (0.25, 0.9), (0.05, 0.5)])
def test_answers_needed_are_those_of_a_power_analysis(delta, power):
    variance = planning.answer_variance(45, 40, 15)
    n = NormalIndPower().solve_power(delta / math.sqrt(variance), alpha=0.05, power=power)

    assert planning.required_n_per_group(delta, variance, power=power) == math.ceil(n)


def test_the_change_that_could_be_seen_is_that_of_a_power_analysis():
    variance = planning.answer_variance(45, 40, 15)
    effect = NormalIndPower().solve_power(nobs1=100, alpha=0.05, power=0.8)

    found = planning.minimum_detectable_change(100, 100, variance, variance)

    assert found == pytest.approx(effect * math.sqrt(variance), rel=1e-4)


def test_a_paired_change_is_a_mean_of_differences_with_three_more():
    before, after = [1, 1, 0, -1, -1, 0, 1, -1], [1, 0, 0, 1, -1, 1, 1, 0]
    d = [b - a for a, b in zip(before, after, strict=True)]
    told = DescrStatsW([*d, *Y], [1.0] * len(d) + PSEUDO.tolist(), ddof=0)
    half = stats.norm.ppf(0.975) * told.std / math.sqrt(told.sum_weights)

    found = paired_change(before, after)

    assert found["change"] == pytest.approx(np.mean(d))
    assert (found["lower"], found["upper"]) == pytest.approx((told.mean - half, told.mean + half))


def test_the_standardised_difference_is_that_of_two_samples():
    a, b = [3, 7, 9, 12, 5], [2, 4, 4, 9, 1, 0]
    t = stats.ttest_ind(a, b, equal_var=False)
    pooled = math.sqrt((np.var(a, ddof=1) + np.var(b, ddof=1)) / 2)
    standard_error = math.sqrt(np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b))

    assert smd_continuous(a, b) == pytest.approx(t.statistic * standard_error / pooled)


def test_a_clustered_difference_has_the_p_value_of_students_t():
    found = {"difference": 0.2, "variance": 0.01, "clusters": 10}

    assert difference_p(found) == pytest.approx(2 * stats.t.sf(2.0, 9))
