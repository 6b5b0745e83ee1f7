"""Numbers and times as they are read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backend.web import words
from backend.web.charts.distribution import distribution
from backend.web.charts.intervals import domain, interval
from backend.web.charts.scatter import scatter


@pytest.mark.parametrize(
    ("value", "told"), [(None, "–"), (0.0, "0"), (28.5, "29"), (-28.5, "−29"), (-0.2, "0")]
)
def test_points_are_whole_and_nothing_is_a_dash(value, told):
    assert words.points(value) == told


def test_an_interval_is_rounded_outward():
    assert words.interval({"lower": -12.3, "upper": 30.1}) == "−13 to 31"
    assert words.interval({"lower": None, "upper": None}) == "–"


def test_differences_carry_their_sign():
    assert words.points(16.2, signed=True) == "+16"
    assert words.points(0, signed=True) == "0"


@pytest.mark.parametrize(
    ("score", "category"),
    [(0, "detractor"), (6, "detractor"), (7, "passive"), (8, "passive"), (9, "promoter")],
)
def test_a_score_has_its_category(score, category):
    assert words.category(score) == category


def test_days_are_days():
    assert words.day(datetime(2026, 11, 2, 23, 59, tzinfo=UTC)) == "2 Nov 2026"
    assert words.day("2026-11-02") == "2 Nov 2026"
    assert words.day(None) == "–"


def test_a_plot_of_nothing_still_has_its_zero():
    assert domain([]) == (-20, 20)
    assert "dot" not in interval({"nps": None, "lower": None, "upper": None}, (-20, 20))


def test_an_interval_beyond_the_plot_is_cut_at_its_edge():
    row = {"nps": 90.0, "lower": -200.0, "upper": 200.0, "note": None}

    assert 'd="M4.00' in interval(row, (-100, 100))


def test_hidden_bars_are_dashes():
    drawn = distribution([None, *range(10)])

    assert "0: –" in drawn
    assert drawn.count("<rect") == 9


def test_equal_points_are_one_mark_with_its_count():
    drawn = scatter([{"active_days": 3, "score": 9, "n": 12}], "Twelve <answers>")

    assert drawn.count("<circle") == 2, "one for wide pages, one for phones"
    assert "score 9, 3 active days: 12" in drawn
    assert "Twelve &lt;answers&gt;" in drawn
