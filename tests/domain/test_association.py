"""Features at equal use: second opinions, and all at once against one by one."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.multitest import multipletests

from backend.domain.insights import drivers, pairs
from backend.domain.insights.active_use import percentile
from backend.domain.insights.association import feature_association
from backend.domain.insights.columns import make_answers, used
from backend.domain.insights.discovery import benjamini_hochberg
from backend.domain.insights.rows import clusters, latest

from .worlds import has_nan, random_answers


def case(seed, n=400, strata=5, accounts=40):
    g = np.random.default_rng(seed)
    return {
        "y": g.integers(-1, 2, n),
        "x": g.integers(0, 2, n),
        "stratum": g.integers(0, strata, n),
        "cluster": g.integers(0, accounts, n),
    }


@pytest.mark.parametrize("seed", range(5))
def test_it_is_regression_with_stratum_dummies_and_clustered_errors(seed):
    given = case(seed)
    dummies = (given["stratum"][:, None] == np.arange(5)).astype(float)
    model = sm.OLS(given["y"].astype(float), np.column_stack([given["x"], dummies]))
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": given["cluster"]}, use_t=True)

    found = feature_association(**given)

    assert found["adjusted"] == pytest.approx(fit.params[0], abs=1e-12)
    assert found["se"] == pytest.approx(fit.bse[0], abs=1e-12)
    assert found["p_value"] == pytest.approx(fit.pvalues[0], abs=1e-10)
    assert [found["lower"], found["upper"]] == pytest.approx(fit.conf_int()[0], abs=1e-10)


def test_with_two_categories_the_second_opinion_is_mantel_haenszel():
    given = case(7)
    given["y"] = np.where(given["y"] > 0, 1, 0)
    tables = [
        [[int(((y == a) & (x == b)).sum()) for b in (1, 0)] for a in (1, 0)]
        for h in range(5)
        for y, x in [(given["y"][given["stratum"] == h], given["x"][given["stratum"] == h])]
    ]
    expected = StratifiedTable([np.array(t) for t in tables]).test_null_odds(correction=False)

    found = feature_association(**given)

    assert found["cmh_q"] == pytest.approx(expected.statistic)
    assert found["cmh_p"] == pytest.approx(expected.pvalue)


def test_q_values_agree_with_two_other_libraries():
    p = np.random.default_rng(3).random(200) ** 2
    q = benjamini_hochberg(p.tolist())

    assert q == pytest.approx(multipletests(p, method="fdr_bh")[1].tolist(), abs=1e-14)
    assert q == pytest.approx(stats.false_discovery_control(p).tolist(), abs=1e-14)


def test_an_empty_family_has_no_q_values():
    assert benjamini_hochberg([]) == []


@pytest.mark.parametrize(
    ("cells", "at_once"), [(pairs.CELLS_AT_ONCE, 10**6), (10**6, 90), (50, 90)]
)
def test_all_features_at_once_equal_one_by_one(monkeypatch, cells, at_once):
    monkeypatch.setattr(pairs, "CELLS_AT_ONCE", cells)
    monkeypatch.setattr(pairs, "PAIRS_AT_ONCE", at_once)
    answers = latest(random_answers(600, seed=2))
    strata = drivers.usage_strata(answers.active_days.astype(np.int64))
    cluster, _ = clusters(answers)

    rows = {row["name"]: row for row in drivers.features_table(answers)}

    assert len(rows) == 6
    for i, name in enumerate(answers.features.labels):
        one = feature_association(
            answers.y.tolist(),
            answers.features.rows_with(i).astype(int).tolist(),
            strata.tolist(),
            cluster.tolist(),
        )
        assert rows[name]["n_users"] == one["n_users"]
        for field in ("crude", "adjusted", "lower", "upper"):
            assert rows[name][field] == pytest.approx(100 * one[field], abs=1e-9)
        assert rows[name]["p_value"] == pytest.approx(one["p_value"], abs=1e-12)
        assert rows[name]["cmh_p"] == pytest.approx(one["cmh_p"], abs=1e-12)


def test_features_and_pages_are_one_family():
    answers = random_answers(500, seed=4)
    tables = drivers.drivers_table(answers)
    rows = [row for kind in ("features", "pages") for row in tables[kind] if row["p_value"]]
    tested = [row for row in rows if row["reason"] is None]

    q = benjamini_hochberg([row["p_value"] for row in tested])

    assert {row["name"] for row in tested} > {"/reports"}
    assert [row["q_value"] for row in tested] == pytest.approx(q)


def test_the_strata_are_the_percentile_deciles_of_the_respondents():
    days = np.random.default_rng(1).integers(0, 31, 400)

    found = drivers.usage_strata(days)

    expected = [percentile(int(d), days.tolist())["decile"] - 1 for d in days]
    assert found.tolist() == expected


def test_under_300_answers_the_strata_are_quintiles():
    assert set(drivers.usage_strata(np.arange(299)).tolist()) == set(range(5))


def planted(n=1200, effect=0.5, accounts=60, uses=None):
    """A feature that goes with higher scores, a null one, and active use raising both."""
    g = np.random.default_rng(5)
    days = g.integers(1, 31, n)
    real = g.random(n) < 0.2 + 0.02 * days
    null = g.random(n) < 0.2 + 0.02 * days
    promoter = g.random(n) < 0.2 + 0.015 * days * (effect > 0) + effect * real / 2
    rows = [
        [name for name, has in (("real", r), ("null", z)) if has]
        for r, z in zip(real, null, strict=True)
    ]
    return make_answers(
        np.where(promoter, 9, np.where(g.random(n) < 0.5, 8, 3)),
        account=g.integers(0, accounts, n),
        active_days=days,
        features=used(rows) if uses is None else used(uses),
    )


def test_a_planted_feature_is_marked_and_a_null_one_is_not():
    rows = {row["name"]: row for row in drivers.features_table(planted())}

    assert rows["real"]["marked"]
    assert rows["real"]["adjusted"] > 20
    assert "an association, not an effect" in rows["real"]["sentence"]
    assert not rows["null"]["marked"]
    assert "no clear difference" in rows["null"]["sentence"]


def test_the_order_is_by_size_of_the_adjusted_difference():
    assert [row["name"] for row in drivers.features_table(planted())] == ["real", "null"]


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (random_answers(80), "too few answers"),
        (planted(n=400, uses=[["f"]] * 19 + [[]] * 381), "too few users or non-users"),
        (planted(n=400, accounts=4), "too few accounts"),
    ],
)
def test_what_misses_a_minimum_size_is_not_compared(answers, reason):
    for row in drivers.features_table(answers):
        assert row["reason"] == reason
        assert row["adjusted"] is row["p_value"] is row["q_value"] is None
        assert not row["marked"]


def test_a_feature_of_one_usage_group_is_not_comparable():
    days = np.repeat([1, 20], 300)
    answers = make_answers(
        np.tile([9, 3], 300),
        account=np.arange(600) % 30,
        active_days=days,
        features=used([["f"] if d == 20 and i % 2 else [] for i, d in enumerate(days)][:600]),
    )
    crowded = make_answers(
        answers.score,
        account=answers.account,
        active_days=np.where(np.arange(600) < 250, 20, 1),
        features=used([["f"] if i < 125 else [] for i in range(600)]),
    )

    assert drivers.features_table(crowded)[0]["reason"] == "not comparable"


def test_fewer_than_five_users_are_not_even_counted():
    row = drivers.features_table(planted(n=400, uses=[["f"]] * 4 + [[]] * 396))[0]

    assert row["n_users"] is row["n_nonusers"] is row["reach"] is None


def test_everybody_alike_gives_no_p_value():
    given = case(1) | {"y": np.ones(400, int)}
    found = feature_association(**given)

    assert found["adjusted"] == pytest.approx(0)
    assert found["p_value"] is None
    assert not has_nan(found)


def test_one_account_gives_no_standard_error():
    found = feature_association(**(case(1) | {"cluster": np.zeros(400, int)}))

    assert found["adjusted"] is not None
    assert found["se"] is found["lower"] is found["p_value"] is None


def test_no_answers_are_no_association():
    found = feature_association([], [], [], [])

    assert found["n_users"] == found["n_nonusers"] == found["kept"] == 0
    assert found["adjusted"] is found["crude"] is found["p_value"] is None


def test_unequal_columns_and_odd_uses_are_refused():
    with pytest.raises(ValueError, match="length"):
        feature_association([1], [1, 0], [0], [0])
    with pytest.raises(ValueError, match="x is 0 or 1"):
        feature_association([1], [2], [0], [0])


def test_a_recent_incident_is_compared_at_equal_use():
    answers = planted()
    flag = answers.features.rows_with(answers.features.labels.index("real"))

    row = drivers.recency_rows(answers, {"incident": flag})[0]

    expected = next(r for r in drivers.features_table(answers) if r["name"] == "real")
    assert row["adjusted"] == expected["adjusted"]
    assert row["name"] == "incident"
