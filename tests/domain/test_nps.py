"""One NPS and the difference of two: edges, and properties that hold for all counts."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.insights.planning import (
    answer_variance,
    minimum_detectable_change,
    n_for_half_width,
    required_n_per_group,
)
from backend.domain.nps import categories, classify, nps_difference, nps_interval

count = st.integers(0, 10_000)
counts = st.tuples(count, count, count)
confidences = st.sampled_from([0.9, 0.95])


@pytest.mark.parametrize(
    ("score", "category"),
    [
        (0, "detractor"),
        (6, "detractor"),
        (7, "passive"),
        (8, "passive"),
        (9, "promoter"),
        (10, "promoter"),
    ],
)
def test_the_bands_begin_at_seven_and_nine(score, category):
    assert classify(score) == category
    assert classify(np.int8(score)) == category


@pytest.mark.parametrize("score", [-1, 11, 7.5, 9.0, "9", True, None, math.nan])
def test_anything_but_a_whole_number_from_0_to_10_is_no_score(score):
    assert classify(score) is None


def test_scores_become_plus_one_nought_and_minus_one():
    assert categories(range(11)).tolist() == [-1] * 7 + [0, 0, 1, 1]


def test_no_scores_are_no_categories():
    assert categories([]).tolist() == []


@pytest.mark.parametrize("scores", [[-1], [11], [7.5], [True], ["9"]])
def test_columns_of_wrong_scores_are_refused_not_clamped(scores):
    with pytest.raises(ValueError, match="scores"):
        categories(scores)


@given(counts, confidences)
def test_the_interval_contains_the_nps_and_is_never_of_zero_width(given_counts, confidence):
    found = nps_interval(*given_counts, confidence)

    if found["n"] == 0:
        assert found == {"n": 0, "nps": None, "lower": None, "upper": None}
    else:
        assert -1 <= found["lower"] <= found["nps"] <= found["upper"] <= 1
        assert found["lower"] < found["upper"]


@given(counts)
def test_swapping_promoters_and_detractors_mirrors_the_interval(given_counts):
    p, m, d = given_counts
    one, other = nps_interval(p, m, d), nps_interval(d, m, p)

    if one["n"]:
        assert one["lower"] == pytest.approx(-other["upper"], abs=1e-12)
        assert one["nps"] == -other["nps"]


@given(counts, counts)
def test_a_difference_changes_sign_with_its_sides(a, b):
    one, other = nps_difference(a, b), nps_difference(b, a)

    if one["difference"] is None:
        assert sum(a) == 0 or sum(b) == 0
        assert one["clear"] is False
    else:
        assert -2 <= one["lower"] <= one["difference"] <= one["upper"] <= 2
        assert one["p_value"] == pytest.approx(other["p_value"])
        assert one["clear"] == other["clear"] == (one["lower"] > 0 or one["upper"] < 0)


def test_counts_below_zero_are_refused():
    with pytest.raises(ValueError, match="negative"):
        nps_interval(-1, 2, 3)


@pytest.mark.parametrize("confidence", [0, 1, -0.5, 2])
def test_a_confidence_outside_0_to_1_is_refused(confidence):
    with pytest.raises(ValueError, match="confidence"):
        nps_interval(1, 2, 3, confidence)


def test_the_planned_number_finds_the_planned_change():
    n = required_n_per_group(0.2, 0.5875)

    assert minimum_detectable_change(n, n, 0.5875, 0.5875) <= 0.2
    assert minimum_detectable_change(n - 1, n - 1, 0.5875, 0.5875) > 0.2


def test_the_planned_number_gives_the_planned_half_width():
    n = n_for_half_width(0.07, answer_variance(45, 40, 15))
    found = nps_interval(round(0.45 * n), round(0.40 * n), round(0.15 * n))

    assert (found["upper"] - found["lower"]) / 2 == pytest.approx(0.07, abs=0.002)


def test_nothing_is_detectable_without_answers():
    assert minimum_detectable_change(0, 100) is None


def test_a_variance_is_assumed_until_there_are_answers():
    assert answer_variance(0, 0, 0) == 0.6


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: required_n_per_group(0),
        lambda: required_n_per_group(0.1, variance=1.5),
        lambda: required_n_per_group(0.1, power=1),
        lambda: n_for_half_width(0),
    ],
)
def test_plans_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=r"lies|positive"):
        wrong()
