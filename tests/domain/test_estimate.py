"""Weighted levels and clustered differences: properties and second opinions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.weightstats import DescrStatsW

from backend.domain.insights.estimate import clustered_difference, difference_p, weighted_nps
from backend.domain.nps import nps_interval

from .worlds import has_nan

answer = st.tuples(
    st.sampled_from([-1, 0, 1]), st.floats(0, 1000, allow_nan=False), st.integers(0, 8)
)


@given(st.lists(answer, max_size=60))
def test_the_interval_contains_the_nps_and_nothing_is_nan(rows):
    y, w, cluster = ([row[i] for row in rows] for i in range(3))

    found = weighted_nps(y, w, cluster)

    assert not has_nan(found)
    assert found["n"] == sum(v > 0 for v in w)
    if found["lower"] is not None:
        assert -1 <= found["lower"] <= found["nps"] + 1e-12
        assert found["nps"] - 1e-12 <= found["upper"] <= 1


@given(st.lists(st.sampled_from([-1, 0, 1]), min_size=2, max_size=60))
def test_equal_weights_and_one_answer_an_account_give_the_plain_interval(y):
    plain = nps_interval(y.count(1), y.count(0), y.count(-1))

    found = weighted_nps(y, [2.5] * len(y), None)

    for field in ("n", "nps", "lower", "upper"):
        assert found[field] == pytest.approx(plain[field], abs=1e-12)


def test_the_level_is_the_weighted_mean():
    g = np.random.default_rng(1)
    y, w = g.integers(-1, 2, 200), g.random(200)

    found = weighted_nps(y.tolist(), w.tolist(), g.integers(0, 20, 200).tolist())

    assert found["nps"] == pytest.approx(DescrStatsW(y, w).mean)


def test_scaling_all_weights_changes_nothing():
    g = np.random.default_rng(2)
    y, w = g.integers(-1, 2, 100).tolist(), g.random(100)
    cluster = g.integers(0, 12, 100).tolist()

    one, other = (weighted_nps(y, (k * w).tolist(), cluster) for k in (1, 1e6))

    assert one == pytest.approx(other)


def test_colleagues_who_agree_widen_the_interval():
    y = [1] * 40 + [-1] * 40
    alone = weighted_nps(y, [1] * 80, None)
    alike = weighted_nps(y, [1] * 80, [i // 8 for i in range(80)])

    assert alike["upper"] - alike["lower"] > 2 * (alone["upper"] - alone["lower"])


def test_missing_weights_do_not_count():
    assert weighted_nps([1, 0, -1], [1.0, None, float("nan")], None)["n"] == 1


@pytest.mark.parametrize("given", [([1], [1, 1], None), ([1], [1], [1, 2])])
def test_unequal_columns_are_refused(given):
    with pytest.raises(ValueError, match="length"):
        weighted_nps(*given)


def test_an_infinite_weight_is_refused():
    with pytest.raises(ValueError, match="finite"):
        weighted_nps([1, 0], [1, float("inf")], None)


def test_the_difference_is_the_jackknife_written_out():
    g = np.random.default_rng(4)
    n = 120
    y, w = g.integers(-1, 2, n), g.random(n) + 0.5
    side, cluster = g.choice(["a", "b"], n), g.integers(0, 14, n)

    def theta(kept):
        return [np.average(y[kept & (side == s)], weights=w[kept & (side == s)]) for s in "ab"]

    a, b = theta(np.ones(n, bool))
    left_out = [np.subtract(*theta(cluster != g)) for g in range(14)]
    variance = 13 / 14 * sum((d - (a - b)) ** 2 for d in left_out)

    found = clustered_difference(y.tolist(), w.tolist(), side.tolist(), cluster.tolist())

    assert found["difference"] == pytest.approx(a - b)
    assert found["variance"] == pytest.approx(variance)
    assert found["clusters"] == 14
    assert (difference_p(found) < 0.05) == (found["lower"] > 0 or found["upper"] < 0)


@given(st.lists(st.tuples(answer, st.sampled_from("ab")), max_size=40))
def test_a_difference_is_in_range_and_never_nan(rows):
    y, w, cluster = ([row[0][i] for row in rows] for i in range(3))

    found = clustered_difference(y, w, [row[1] for row in rows], cluster)

    assert not has_nan(found)
    if found["lower"] is not None:
        assert -2 <= found["lower"] <= found["difference"] + 1e-12
        assert found["upper"] <= 2


def test_an_empty_side_has_no_difference():
    found = clustered_difference([1, 0], [1, 1], ["a", "a"], [1, 2])

    assert found["difference"] is None
    assert difference_p(found) is None
