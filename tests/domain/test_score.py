"""The score of a window, whom it speaks for, and its breakdown with tested differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.insights.breakdown import breakdown_table
from backend.domain.insights.columns import Labelled, labelled, make_answers
from backend.domain.insights.estimate import clustered_difference
from backend.domain.insights.levels import (
    NOT_CONVERGED,
    OUTSIDE_RULE,
    REFUSED,
    Population,
    level_of,
    sampling_weights,
    user_weights,
)
from backend.domain.insights.rows import clusters, latest
from backend.domain.insights.score import score_table
from backend.domain.insights.weights import (
    account_weights,
    design_effect,
    merge_small,
    poststratify,
    rake,
    trim,
)
from backend.domain.nps import nps_interval

from .worlds import random_answers


def test_the_score_without_weights_or_accounts_is_the_plain_interval():
    table = score_table(make_answers([10] * 45 + [8] * 40 + [3] * 15))
    plain = nps_interval(45, 40, 15)

    for field in ("nps", "lower", "upper"):
        assert table["level"][field] == pytest.approx(100 * plain[field])
    assert table["distribution"] == [0, 0, 0, 15, 0, 0, 0, 0, 40, 0, 45]
    assert table["sentence"] == "NPS 30, likely between 15 and 43, from 100 answers."


def test_under_five_answers_hide_the_distribution_too():
    table = score_table(make_answers([10, 3, 8, 9]))

    assert table["n"] == 4
    assert table["distribution"] is table["level"]["nps"] is None
    assert table["sentence"] == "Too few to say: 4 answers so far."


def test_weights_speak_for_those_less_often_asked():
    answers = make_answers([10] * 20 + [2] * 20, weight=[1] * 20 + [2] * 20)
    table = score_table(answers)

    assert table["unweighted"]["nps"] == pytest.approx(0)
    assert table["level"]["nps"] == pytest.approx(-100 / 3)
    assert table["level"]["design_effect"] == pytest.approx(40 * 100 / 60**2)


def test_answers_outside_the_sampling_rule_are_left_out_of_weighted_numbers():
    table = score_table(make_answers([10] * 20 + [0] * 5, weight=[1] * 20 + [0] * 5))

    assert table["level"]["n"] == 20
    assert table["level"]["nps"] == pytest.approx(100)
    assert table["unweighted"]["n"] == 25


def test_when_all_answers_are_outside_the_rule_it_says_so():
    _, warnings = sampling_weights(make_answers([9] * 10, weight=[0] * 10))

    assert warnings == [OUTSIDE_RULE]


def test_weights_with_a_design_effect_above_three_are_refused():
    weights, warnings = sampling_weights(make_answers([9] * 100, weight=[1000] + [1] * 99))

    assert warnings == [REFUSED]
    assert set(weights.tolist()) == {1.0}


def test_every_account_counts_once_whatever_its_number_of_answers():
    answers = make_answers([10] * 30 + [2] * 10, account=[1] * 10 + [2] * 20 + [*range(3, 13)])

    found = score_table(answers)["estimands"]["accounts"]

    assert found["level"]["nps"] == pytest.approx(100 * (2 - 10) / 12)


def test_revenue_speaks_for_accounts_with_a_value_and_tells_how_many():
    answers = make_answers([10] * 10 + [2] * 10, account=[1] * 10 + [2] * 5 + [3] * 5)

    found = score_table(answers, Population(value={1: 900.0, 2: 100.0}))["estimands"]["revenue"]

    assert found["level"]["nps"] == pytest.approx(80)
    assert found["answers_covered"] == 0.75


def test_without_accounts_or_values_there_is_no_such_estimand():
    estimands = score_table(make_answers([9] * 10))["estimands"]

    assert estimands["accounts"] is estimands["revenue"] is None


def test_roles_weigh_within_an_account_as_the_workspace_chose():
    roles = labelled(["champion"] + ["user"] * 9)
    answers = make_answers([10] + [2] * 9, account=[1] * 10, dimensions={"role": roles})

    found = score_table(answers, Population(role_weight={"champion": 9.0}))

    assert found["estimands"]["accounts"]["level"]["nps"] == pytest.approx(0)


def test_raking_moves_the_users_estimand_to_the_population():
    roles = labelled(["admin"] * 80 + ["member"] * 20)
    answers = make_answers([10] * 80 + [2] * 20, dimensions={"role": roles})

    found = score_table(answers, Population(shares={"role": {"admin": 0.5, "member": 0.5}}))

    assert found["level"]["nps"] == pytest.approx(0)
    assert found["unweighted"]["nps"] == pytest.approx(60)


def test_small_categories_are_merged_before_raking():
    roles = labelled(["admin"] * 60 + ["member"] * 30 + ["guest"] * 4 + ["owner"] * 6)
    answers = make_answers([9] * 100, dimensions={"role": roles})
    shares = {"role": {"admin": 0.25, "member": 0.25, "guest": 0.3, "owner": 0.2}}

    weights, warnings = user_weights(answers, Population(shares=shares))

    assert len(set(np.round(weights[90:], 9).tolist())) == 1
    assert warnings == [] or warnings[0].endswith("trimmed")


def test_answers_of_unknown_role_keep_their_share():
    roles = labelled(["admin"] * 50 + ["member"] * 30 + [None] * 20)
    answers = make_answers([9] * 100, dimensions={"role": roles})

    weights, _ = user_weights(answers, Population(shares={"role": {"admin": 1, "member": 1}}))

    assert weights[80:].sum() == pytest.approx(20)
    assert weights[:50].sum() == pytest.approx(40)


def test_shares_that_cannot_be_met_are_not_used():
    one, two = labelled(["a"] * 50 + ["b"] * 50), labelled(["x"] * 50 + ["y"] * 50)
    answers = make_answers([9] * 100, dimensions={"role": one, "plan": two})
    shares = {"role": {"a": 0.5, "b": 0.5}, "plan": {"x": 0.9, "y": 0.1}}

    weights, warnings = user_weights(answers, Population(shares=shares))

    assert warnings == [NOT_CONVERGED]
    assert set(weights.tolist()) == {1.0}


def test_few_accounts_and_a_large_one_are_told():
    found = level_of(make_answers([9, 3] * 10, account=[1] * 16 + [2, 3, 4, 5]))

    assert found["warnings"] == ["few accounts", "one account carries 80 % of the weight"]


names = st.sampled_from(["a", "b", "c"])


@given(st.lists(st.tuples(st.floats(0.1, 10), names, names), min_size=1, max_size=40))
def test_raked_weights_meet_every_margin_when_they_converge(rows):
    targets = [{"a": 0.2, "b": 0.3, "c": 0.5}, {"a": 0.6, "b": 0.3, "c": 0.1}]
    factors = [[row[1] for row in rows], [row[2] for row in rows]]

    found = rake([row[0] for row in rows], factors, targets)

    assert sum(found["weights"]) == pytest.approx(len(rows))
    if found["converged"]:
        for factor, target in zip(factors, targets, strict=True):
            for name, share in target.items():
                mine = [w for w, n in zip(found["weights"], factor, strict=True) if n == name]
                assert sum(mine) / len(rows) == pytest.approx(share, abs=1e-9)


def test_a_category_without_target_is_an_error():
    with pytest.raises(ValueError, match="no target"):
        rake([1, 1], [["a", "b"]], [{"a": 1.0}])
    with pytest.raises(ValueError, match="positive"):
        rake([1, 0], [["a", "a"]], [{"a": 1.0}])
    with pytest.raises(ValueError, match="missing"):
        poststratify(["a", "b"], {"a": 10})


def test_raking_to_one_factor_is_poststratifying():
    cells = ["a"] * 10 + ["b"] * 25 + ["c"] * 15
    population = {"a": 40.0, "b": 40.0, "c": 20.0}
    shares = {name: n / 100 for name, n in population.items()}

    raked = rake([1.0] * len(cells), [cells], [shares])["weights"]

    assert poststratify(cells, population) == pytest.approx(raked)


def test_nothing_to_weigh_is_nothing():
    assert rake([], [[]], [{"a": 1}])["weights"] == []
    assert poststratify([], {"a": 10}) == []
    assert trim([]) == []
    assert account_weights([], []) == []
    assert design_effect(np.zeros(0)) is None


@given(st.lists(st.floats(0.01, 1000), min_size=1, max_size=30))
def test_trimmed_weights_have_mean_one(weights):
    assert sum(trim(weights)) == pytest.approx(len(weights))


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 40)))
def test_merged_categories_have_ten_answers_when_there_are_ten(counts):
    merged = merge_small(counts)
    sizes: dict[str, int] = {}
    for name, new in merged.items():
        sizes[new] = sizes.get(new, 0) + counts[name]

    assert set(merged) == set(counts)
    if sum(counts.values()) >= 10:
        assert min(sizes.values()) >= 10


def test_a_breakdown_row_is_the_level_of_its_answers():
    answers = random_answers(500, seed=3)
    last = latest(answers)

    for row in breakdown_table(answers, "role"):
        code = -1 if row["value"] is None else last.dimension("role").labels.index(row["value"])
        level = level_of(last.select(last.dimension("role").codes == code))
        for field in ("n", "nps", "lower", "upper", "promoters", "accounts", "note"):
            assert row[field] == pytest.approx(level[field]), (row["value"], field)


def test_a_breakdown_difference_is_the_clustered_difference_to_the_others():
    answers = random_answers(500, seed=3)
    last = latest(answers)
    cluster, _ = clusters(last)

    for row in breakdown_table(answers, "plan"):
        code = -1 if row["value"] is None else last.dimension("plan").labels.index(row["value"])
        side = np.where(last.dimension("plan").codes == code, "a", "b")
        found = clustered_difference(
            last.y.tolist(), last.weight.tolist(), side.tolist(), cluster.tolist()
        )
        assert row["difference"] == pytest.approx(100 * found["difference"])
        assert row["difference_lower"] == pytest.approx(100 * found["lower"])
        assert row["difference_upper"] == pytest.approx(100 * found["upper"])


def roles_world(effect, n=600):
    g = np.random.default_rng(11)
    admin = g.random(n) < 0.4
    promoter = g.random(n) < np.where(admin, 0.3 + effect, 0.3)
    return make_answers(
        np.where(promoter, 10, 7),
        account=g.integers(0, 40, n),
        dimensions={"role": Labelled(admin.astype(np.int32), ("member", "admin"))},
    )


def test_a_real_difference_is_clear_and_a_missing_one_is_not():
    real = {row["value"]: row for row in breakdown_table(roles_world(0.4), "role")}
    none = {row["value"]: row for row in breakdown_table(roles_world(0.0), "role")}

    assert real["admin"]["clear"]
    assert "higher than everyone else" in real["admin"]["sentence"]
    assert not none["admin"]["clear"]
    assert "these answers would usually show one of" in none["admin"]["sentence"]


@pytest.mark.parametrize(
    "answers",
    [roles_world(0.4, n=39), make_answers([9, 3] * 50, account=np.arange(100) % 9)],
)
def test_what_is_too_small_is_not_tested(answers):
    for row in breakdown_table(answers, "role"):
        assert row["difference"] is row["p_value"] is row["q_value"] is None
        assert not row["clear"]


def test_an_unknown_dimension_is_refused():
    with pytest.raises(ValueError, match="unknown dimension"):
        breakdown_table(make_answers([9]), "colour")
