"""The "too few to say" rule, whole points, and sentences that only claim what a test said."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.insights.wording import (
    change_sentence,
    difference_sentence,
    level,
    level_sentence,
    limits,
    may_test,
    note,
    told,
    whole_lower,
    whole_points,
    whole_upper,
)
from backend.domain.nps import nps_interval


def shown(promoters, passives, detractors):
    found = nps_interval(promoters, passives, detractors)
    return level((promoters, passives, detractors), found["nps"], found["lower"], found["upper"])


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (0, "no answers"),
        (1, "too few to say"),
        (4, "too few to say"),
        (5, "few answers"),
        (29, "few answers"),
        (30, None),
    ],
)
def test_the_number_of_answers_decides_the_mark(n, expected):
    assert note(n) == expected


@pytest.mark.parametrize("n", range(5))
def test_under_five_answers_nps_interval_and_counts_are_hidden(n):
    hidden = shown(n, 0, 0)

    assert hidden["n"] == n
    for field in ("nps", "lower", "upper", "promoters", "passives", "detractors"):
        assert hidden[field] is None


def test_from_five_answers_the_level_is_shown_in_points():
    found = shown(3, 2, 0)

    assert found["nps"] == pytest.approx(60)
    assert found["lower"] == pytest.approx(-7.50854696583102)
    assert found["promoters"] == 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (28.499999999999996, 29),
        (28.5, 29),
        (-28.5, -29),
        (0.5, 1),
        (-0.4, 0),
        (29.4, 29),
        (-100, -100),
    ],
)
def test_points_round_half_away_from_zero(value, expected):
    assert whole_points(value) == expected


@given(st.floats(-100, 100))
def test_whole_limits_are_outside_the_limits(value):
    assert whole_lower(value) <= value + 1e-8
    assert whole_upper(value) >= value - 1e-8


def test_limits_that_are_whole_but_for_rounding_errors_stay():
    assert whole_lower(14.999999999999998) == 15
    assert whole_upper(43.00000000000001) == 43


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ((0, 0, 0), "No answers yet."),
        ((1, 0, 0), "Too few to say: 1 answer so far."),
        ((3, 2, 0), "NPS 60, likely between −8 and 83, from 5 answers (few answers)."),
        ((450, 400, 150), "NPS 30, likely between 25 and 35, from 1,000 answers."),
    ],
)
def test_a_level_is_one_sentence(counts, sentence):
    assert level_sentence(shown(*counts)) == sentence


def test_higher_and_lower_need_a_clear_test():
    up = difference_sentence("Admins", "everyone else", 12.4, 3.2, 21, clear=True)
    down = difference_sentence("Admins", "everyone else", -12.4, -21, -3.2, clear=True)
    unclear = difference_sentence(
        "Admins", "everyone else", 12.4, -3.2, 28, clear=False, detectable=22.1
    )

    assert up == "Admins: 12 points higher than everyone else (likely between 3 and 21)."
    assert down == "Admins: 12 points lower than everyone else (likely between −21 and −3)."
    assert unclear == (
        "Admins and everyone else: no clear difference; "
        "these answers would usually show one of 23 points or more."
    )


def test_a_difference_that_was_not_tested_is_too_few():
    sentence = difference_sentence("Admins", "everyone else", None, None, None, clear=False)

    assert sentence == "Admins and everyone else: too few to compare."


@given(st.floats(-200, 200), st.floats(0, 300) | st.none())
def test_no_direction_without_a_clear_test(difference, detectable):
    texts = [
        change_sentence(difference, clear=False, since="the release", detectable=detectable),
        difference_sentence("A", "B", difference, -300, 300, clear=False, detectable=detectable),
    ]

    for word in ("Up", "Down", "up ", "down", "higher", "lower", "better", "worse"):
        assert not any(word in text for text in texts)


def test_a_clear_change_is_up_or_down():
    assert change_sentence(1.2, clear=True, since="May") == "Up 1 point since May."
    assert change_sentence(-9.5, clear=True, since="May") == "Down 10 points since May."
    assert (
        change_sentence(None, clear=False, since="May") == "Too few to say what changed since May."
    )


@pytest.mark.parametrize(
    ("sides", "accounts", "expected"),
    [((20, 20), 10, True), ((19, 500), 100, False), ((500, 500), 9, False)],
)
def test_a_test_needs_answers_on_both_sides_and_accounts(sides, accounts, expected):
    assert may_test(*sides, accounts) is expected


def test_every_sentence_of_a_hidden_level_hides_its_score():
    for n in range(1, 5):
        assert not any(
            math.isclose(100, float(w))
            for w in level_sentence(shown(n, 0, 0)).split()
            if w.isdigit()
        )


@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [(-44.2, -19.1, "−45 and −19"), (-0.4, 0.4, "−1 and 1"), (15, 43, "15 and 43")],
)
def test_limits_below_nought_have_a_minus_sign_not_a_hyphen(lower, upper, expected):
    assert limits(lower, upper) == expected
    assert limits(lower, upper, "to") == expected.replace("and", "to")


@pytest.mark.parametrize(
    ("value", "expected"), [(-28.5, "−29"), (-0.2, "0"), (34, "34"), (0.5, "1")]
)
def test_points_are_told_as_whole_numbers(value, expected):
    assert told(value) == expected
    assert told(value, signed=True) == ("+" + expected if value > 0 else expected)
