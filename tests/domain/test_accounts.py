"""Accounts: shrunken scores and the reasons to call; active use and hotspots."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from statsmodels.stats.contingency_tables import Table

from backend.domain.insights.accounts import (
    FELL,
    KEY_PERSON_UNHAPPY,
    LIKELY_NEGATIVE,
    SILENT,
    accounts_table,
    attention,
)
from backend.domain.insights.active_use import (
    active_days,
    hotspot_table,
    hotspots,
    in_cell,
    percentile,
    percentiles,
    scatter_table,
    top_decile_passives,
    usage_groups,
)
from backend.domain.insights.columns import labelled, make_answers
from backend.domain.insights.shrinkage import shrink

from .worlds import has_nan

account = st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20)).filter(any)


@given(st.lists(account, max_size=30))
def test_shrunken_levels_lie_between_raw_and_common_and_are_never_nan(accounts):
    n = [sum(counts) for counts in accounts]
    s1 = [p - d for p, _, d in accounts]
    s2 = [p + d for p, _, d in accounts]

    found = shrink(n, s1, s2)

    assert not has_nan(found) if found else True
    if len(accounts) < 5:
        assert found is None
    for one in found["accounts"] if found else []:
        low, high = sorted((one["raw"], found["mu"]))
        assert low - 1e-9 <= one["estimate"] <= high + 1e-9
        assert -1 <= one["lower"] <= one["estimate"] <= one["upper"] <= 1
        assert 0 < one["reliability"] < 1
        assert 0 <= one["prob_below"] <= 1


def test_tau2_maximises_the_adjusted_likelihood():
    g = np.random.default_rng(6)
    n = g.integers(3, 12, 50)
    y = [
        g.choice([-1, 0, 1], k, p=[0.3 - q, 0.3, 0.4 + q])
        for k, q in zip(n, g.uniform(-0.3, 0.3, 50), strict=True)
    ]
    s1, s2 = [int(v.sum()) for v in y], [int((v**2).sum()) for v in y]
    found = shrink(n.tolist(), s1, s2)
    raw, v = np.array(s1) / n, found["sigma2"] / n

    def minus_log(log_tau2):
        total = np.exp(log_tau2) + v
        w = 1 / total
        mu = (w * raw).sum() / w.sum()
        reml = np.log(total).sum() + np.log(w.sum()) + (w * (raw - mu) ** 2).sum()
        return reml / 2 - log_tau2

    best = minimize_scalar(minus_log, bounds=(-18, 0), method="bounded", options={"xatol": 1e-9})

    assert np.log(found["tau2"]) == pytest.approx(best.x, abs=1e-5)


def test_an_account_without_answers_is_refused():
    with pytest.raises(ValueError, match="has an answer"):
        shrink([0] * 6, [0] * 6, [0] * 6)


def world():
    """Account 1 all detractors, 2 with an unhappy champion and one who fell, 3-12 happy."""
    scores = [1] * 8 + [10, 3, 9, 9, 2] + [10, 9, 8] * 10
    accounts = [1] * 8 + [2] * 5 + [a for a in range(3, 13) for _ in range(3)]
    users = [*range(8), 8, 8, 9, 10, 11, *range(100, 130)]
    roles = ["user"] * 8 + ["user", "user", "user", "user", "champion"] + ["user"] * 30
    return make_answers(
        scores,
        account=accounts,
        user=users,
        at=np.arange(len(scores)),
        dimensions={"role": labelled(roles)},
    )


def test_reasons_worth_a_call_are_listed_by_account():
    rows = {row["account"]: row for row in accounts_table(world(), silent_cycles={20: 2, 21: 1})}

    assert rows[1]["reasons"] == [LIKELY_NEGATIVE]
    assert rows[2]["reasons"] == [KEY_PERSON_UNHAPPY, FELL]
    assert rows[2]["key_person_answered"]
    assert rows[2]["n"] == 4
    assert rows[3]["reasons"] == []
    assert rows[20]["reasons"] == [SILENT]
    assert 21 not in rows


def test_the_most_at_risk_come_first_and_calls_are_ordered_by_value():
    rows = accounts_table(world(), value={2: 500.0, 1: 10.0})

    assert rows[0]["account"] == 1
    assert [row["account"] for row in attention(rows)] == [2, 1]


def test_people_without_account_are_no_account():
    assert accounts_table(make_answers([9] * 5)) == []


def test_few_accounts_are_shown_without_shrinking():
    row = accounts_table(make_answers([9] * 6, account=[1] * 6))[0]

    assert row["raw"] == 100
    assert row["estimate"] is row["prob_below"] is None


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40), st.integers(0, 31))
def test_columns_of_percentiles_are_those_of_single_ones(ref, x):
    one = percentile(x, ref)

    ranks, top = percentiles(np.array([x]), np.array(ref))

    assert ranks[0] == pytest.approx(one["midrank"])
    assert bool(top[0]) == one["top_decile"]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60))
def test_usage_groups_are_pairs_of_deciles(days):
    ranks, _ = percentiles(np.array(days), np.array(days))
    answers = make_answers([9] * len(days), percentile=ranks)

    expected = [(percentile(d, days)["decile"] - 1) // 2 for d in days]
    assert usage_groups(answers).tolist() == expected


def test_without_a_reference_the_percentile_is_unknown():
    ranks, top = percentiles(np.array([3]), np.array([], np.int64))

    assert np.isnan(ranks).all()
    assert not top.any()


def test_days_are_local_and_the_day_of_the_question_does_not_count():
    asked = datetime(2025, 3, 31, 0, 30, tzinfo=UTC)
    events = [asked - timedelta(minutes=40), asked - timedelta(days=30), asked - timedelta(days=31)]

    assert active_days(events, asked, "UTC") == 2
    assert active_days(events, asked, "America/New_York") == 1


def test_residuals_agree_with_another_library():
    table = [[30, 25, 15], [22, 28, 30], [18, 30, 42]]

    found = hotspots(table)

    expected = Table(np.array(table), shift_zeros=False).standardized_resids
    assert np.array(found["residual"]) == pytest.approx(expected)


@given(st.lists(st.lists(st.integers(0, 50), min_size=3, max_size=3), max_size=5))
def test_hotspots_hold_five_answers_and_are_never_nan(table):
    found = hotspots(table)

    assert not has_nan(found)
    for row, hot, expected in zip(table, found["hot"], found["expected"], strict=True):
        for n, is_hot, e in zip(row, hot, expected, strict=True):
            assert not is_hot or (n >= 5 and e >= 5 and n > e)


def test_a_hot_cell_leads_to_its_people():
    ranks = np.repeat([10.0, 30, 50, 70, 95], 40)
    scores = np.where(np.arange(200) >= 160, 8, np.where(np.arange(200) % 2, 10, 3))
    answers = make_answers(scores, percentile=ranks)

    table = hotspot_table(answers)
    hot = [cell for cell in table["cells"] if cell["hot"]]

    assert ("passive", 5) in [(cell["category"], cell["usage_group"]) for cell in hot]
    assert in_cell(answers, 5, "passive").sum() == 40
    assert table["passives_in_top_decile"] == top_decile_passives(answers).sum() == 40
    assert "passives in the most active fifth" in table["sentence"]


def test_equal_points_are_one_mark():
    points = scatter_table(make_answers([9, 9, 3], active_days=[4, 4, 4]))

    assert points == [
        {"active_days": 4, "score": 3, "n": 1},
        {"active_days": 4, "score": 9, "n": 2},
    ]
