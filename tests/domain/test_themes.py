"""Comments: themes by rule, words that go with scores, in any script; and who answered."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from backend.domain.insights.bias import (
    bias_sentence,
    funnel,
    loudest_voices,
    merge_cells,
    rate,
    representativity,
    smd_continuous,
    smd_mark,
)
from backend.domain.insights.columns import make_answers
from backend.domain.insights.telling import term_association, term_table
from backend.domain.insights.text import terms, tokens
from backend.domain.insights.themes import STARTER_THEMES, Theme, compile_theme, theme_table

from .worlds import has_nan


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("slow", "It is SLOW.", True),
        ("slow", "slowly", False),
        ("slow*", "slowly", True),
        ("low", "slow", False),
        ("too expensive", "way too\n expensive!", True),
        ("won't", "it won’t load", True),
        ("straße", "STRASSE", True),
        ("ﬁx", "please fix", True),
        ("c++", "we write c++ here", True),
        ("a.b", "axb", False),
        ("遅い", "とても遅いです", True),
        ("медленн*", "Очень медленно", True),
        ("*", "anything", False),
        ("", "anything", False),
    ],
)
def test_a_pattern_matches_whole_words_in_any_spelling(pattern, text, matches):
    assert bool(compile_theme(Theme("t", (pattern,)))(text)) is matches


def test_a_theme_shows_which_patterns_matched():
    assert compile_theme(Theme("t", ("slow*", "lag*", "遅い")))("slowly, 遅い") == ["slow*", "遅い"]


@given(st.text(max_size=80))
def test_no_text_breaks_the_matching(text):
    for theme in STARTER_THEMES:
        compile_theme(theme)(text)
    assert all(tokens(text))
    terms(text)


def test_words_keep_inner_apostrophes_and_scripts_without_spaces_become_pairs():
    assert tokens("It won’t load: 東京都 v2") == ["it", "won't", "load", "東京", "京都", "v2"]


def test_stop_words_end_no_phrase():
    assert terms("the export is slow every time") == {
        "export", "slow", "every", "time", "slow every", "every time",
    }  # fmt: skip


def commented():
    """Ten complaints about speed by detractors, ten praises, twenty that say neither."""
    comments = (
        ["So slow today"] * 10 + ["love the reports"] * 10 + ["fine by me"] * 18 + [None, " "]
    )
    return make_answers([2] * 10 + [10] * 10 + [8] * 20, account=np.arange(40) % 12), comments


def test_themes_count_their_comments_link_them_and_score_those_who_mention_them():
    answers, comments = commented()
    table = theme_table(answers, comments, [Theme("Speed", ("slow",)), Theme("Price", ("price",))])

    speed, price = table["themes"]
    assert (speed["theme"], speed["comments"], speed["keys"]) == ("Speed", 10, list(range(10)))
    assert speed["level"]["nps"] == pytest.approx(-100)
    assert speed["matched"] == {"slow": 10}
    assert speed["p_value"] < 0.001
    assert (price["comments"], price["level"]["nps"], price["p_value"]) == (0, None, None)
    assert table["comments"] == 38
    assert table["no_theme_share"] == pytest.approx(100 * 28 / 38)


def test_terms_that_go_with_scores_are_found_with_their_comments():
    rows = {row["term"]: row for row in term_table(*commented())}

    assert rows["slow"]["goes_with"] == "low scores"
    assert rows["slow"]["keys"] == list(range(10))
    assert rows["love"]["goes_with"] == "high scores"
    assert rows["slow today"]["nps_with"] == -100
    assert "fine" not in rows


def test_terms_of_two_accounts_or_four_comments_are_left_out():
    answers, comments = commented()
    few = make_answers(answers.score, account=np.arange(40) % 2)

    assert term_table(few, comments) == []
    assert term_table(answers, ["rare word"] * 4 + ["x"] * 36) == []


def test_shuffled_scores_keep_hardly_a_term():
    g = np.random.default_rng(1)
    words = [f"word{i}" for i in range(60)]
    comments = [" ".join(g.choice(words, 8)) for _ in range(300)]
    kept = [len(term_table(make_answers(g.integers(0, 11, 300)), comments)) for _ in range(5)]

    assert sum(kept) <= 2


def test_the_term_statistic_is_a_correlation():
    g = np.random.default_rng(2)
    y, has = g.integers(-1, 2, 80), g.integers(0, 2, 80)

    found = term_association(y.tolist(), has.tolist())

    assert found["z"] == pytest.approx(stats.pearsonr(y, has).statistic * np.sqrt(79))


def test_one_comment_an_answer_is_asked_for():
    with pytest.raises(ValueError, match="one comment"):
        term_table(make_answers([9, 8]), ["only one"])


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=8))
def test_representativity_is_never_nan(cells):
    asked, answered = [a + b for a, b in cells], [b for _, b in cells]

    found = representativity(asked, answered, 0.2, 0.6)

    assert not has_nan(found)
    if sum(asked) == 0:
        assert found["response_rate"] is found["worst_case"] is None
    elif found["worst_case"]:
        assert -1 - 1e-9 <= found["worst_case"][0] <= found["worst_case"][1] <= 1 + 1e-9


def test_the_chi_square_agrees_with_another_library():
    asked, answered = np.array([400, 300, 200]), np.array([120, 60, 30])
    expected = stats.chi2_contingency([answered, asked - answered], correction=False)

    found = representativity(asked.tolist(), answered.tolist(), 0.3, 0.6)

    assert found["chi2"] == pytest.approx(expected.statistic)
    assert found["p_value"] == pytest.approx(expected.pvalue)


def test_more_answers_than_people_asked_are_refused():
    with pytest.raises(ValueError, match="at most"):
        representativity([3], [4], 0.1, 0.5)


@pytest.mark.parametrize(("n", "of"), [(0, 10), (3, 10), (10, 10), (999, 1000)])
def test_rates_have_the_wilson_interval_of_another_library(n, of):
    found = rate(n, of)

    expected = proportion_confint(n, of, method="wilson")
    assert [found["lower"], found["upper"]] == pytest.approx([100 * v for v in expected], abs=1e-9)


def test_the_funnel_counts_people_step_by_step():
    steps = funnel({"eligible": 1000, "sampled": 250, "shown": 200, "scored": 50, "commented": 20})

    assert [step["rate"] for step in steps] == [100, 25, 80, 25, 40]
    assert funnel({})[0]["rate"] is None


def test_more_shown_than_sampled_is_no_error():
    assert funnel({"eligible": 10, "sampled": 2, "shown": 3})[2]["rate"] == 100


def test_small_cells_are_joined():
    asked = {"a": 100, "b": 12, "c": 5, "d": 30}

    assert merge_cells(asked, {"a": 9, "d": 3, "b": 1}) == {"a": (100, 9), "other": (47, 4)}


def test_differences_of_means_are_marked_by_size():
    assert smd_mark(smd_continuous([1, 2, 3], [1, 2, 3])) is None
    assert smd_mark(0.2) == "note"
    assert smd_mark(-0.3) == "warning"
    assert smd_continuous([2, 2], [2, 2]) is None
    assert smd_continuous([], [1, 2]) is None


def test_the_loudest_voices_are_compared_with_all_answers():
    answers = make_answers([0] * 10 + [8] * 20 + [10] * 10)

    found = loudest_voices(answers, [True] * 10 + [False] * 20 + [True] * 5 + [False] * 5)

    assert found["answers_0_to_2"] == 25
    assert found["comments_0_to_2"] == pytest.approx(200 / 3)
    assert found["comments_10"] == pytest.approx(100 / 3)


def test_the_bias_line_says_who_answered_and_what_weighting_does():
    line = bias_sentence(220, 1000, 0.1, 0.3, 31.2, 27.9)

    assert line == (
        "220 of 1,000 asked answered (22 %); those with low use answered 0.3 times as often "
        "as those with high use; after weighting the NPS moves from 31 to 28."
    )
    assert bias_sentence(0, 0, None, None, None, None) == "Nobody was asked in this period."
