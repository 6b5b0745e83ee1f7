"""Nothing under five people can be seen, nor worked out from totals or other filters."""

from hypothesis import given
from hypothesis import strategies as st

from backend.domain.insights.breakdown import breakdown_table, hide_small_cells
from backend.domain.insights.columns import make_answers
from backend.domain.insights.privacy import may_filter, suppress

from .worlds import random_answers

partitions = st.lists(st.integers(0, 60), max_size=12)


@given(partitions)
def test_every_small_cell_is_hidden_and_empty_ones_never(counts):
    hidden = suppress(counts)

    assert len(hidden) == len(counts)
    for n, hide in zip(counts, hidden, strict=True):
        assert hide or n == 0 or n >= 5
        assert n > 0 or not hide


@given(partitions)
def test_what_is_hidden_cannot_be_worked_out_from_the_total(counts):
    hidden = suppress(counts)
    behind = [n for n, hide in zip(counts, hidden, strict=True) if hide]
    seen = [n for n, hide in zip(counts, hidden, strict=True) if not hide and n]

    if behind:
        assert not seen or (len(behind) >= 2 and sum(behind) >= 5)


@given(partitions)
def test_nothing_is_hidden_without_need(counts):
    if all(n == 0 or n >= 5 for n in counts):
        assert not any(suppress(counts))


@given(st.integers(0, 100), st.integers(0, 100))
def test_two_filters_that_differ_by_a_few_people_are_not_both_answered(a, b):
    assert may_filter(a, b) == (a == b or abs(a - b) >= 5)


def test_a_hidden_row_shows_its_name_and_nothing_else():
    answers = random_answers(60)
    admins = answers.where("role", "admin")
    few = answers.select(~admins | (admins.cumsum() <= 3))

    rows = hide_small_cells(breakdown_table(few, "role"))

    hidden = [row for row in rows if row["note"] == "hidden to protect single answers"]
    assert "admin" in [row["value"] for row in hidden]
    assert len(hidden) >= 2
    for row in hidden:
        numbers = [v for k, v in row.items() if k not in ("value", "note", "clear")]
        assert not any(numbers)


def test_without_small_rows_nothing_is_blanked():
    rows = breakdown_table(make_answers([9] * 12), "role")

    assert hide_small_cells(rows) == rows
